package dev.starling.cli;

import static java.nio.charset.StandardCharsets.UTF_8;

import java.io.IOException;
import java.io.InputStreamReader;
import java.io.Reader;
import java.io.UncheckedIOException;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.Properties;
import java.util.TreeMap;
import java.util.concurrent.Callable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Parameters;

/** What an error means, and what to do about it. */
@Command(
    name = "explain",
    description = {
      "Explain an error: what it means and what to do.",
      "",
      "Needs no node. Without a code, all are listed."
    },
    exitCodeList = {"0:explained", "1:there is no such code", "64:the command line is wrong"},
    footer = {
      "  starling explain timed-out",
      "  starling explain urn:starling:problem:not-started",
      "  starling explain 503             every code of that HTTP status",
      "  starling explain --json | jq '.codes[].code'"
    })
final class Explain implements Callable<Integer> {
  private static final String PREFIX = "urn:starling:problem:";

  private final Session session;

  Explain(Session session) {
    this.session = session;
  }

  @Parameters(
      arity = "0..1",
      paramLabel = "CODE",
      description = "The last part of a problem's type, all of it, or an HTTP status")
  private String code;

  private record Explanation(String code, String status, String means, String todo) {
    Map<String, Object> json() {
      return Json.object(
          "code", code, "status", Integer.parseInt(status), "means", means, "do", todo);
    }
  }

  private static Map<String, Explanation> all() {
    Properties texts = new Properties();
    try (Reader reader =
        new InputStreamReader(Explain.class.getResourceAsStream("codes.properties"), UTF_8)) {
      texts.load(reader);
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
    Map<String, Explanation> all = new TreeMap<>();
    for (String name : texts.stringPropertyNames()) {
      String code = name.substring(0, name.lastIndexOf('.'));
      all.put(
          code,
          new Explanation(
              code,
              texts.getProperty(code + ".status"),
              texts.getProperty(code + ".means"),
              texts.getProperty(code + ".do")));
    }
    return all;
  }

  /** The code of a problem. */
  static String kind(Json problem) {
    String type = String.valueOf(problem.text("type"));
    return type.startsWith(PREFIX) ? type.substring(PREFIX.length()) : type;
  }

  @Override
  public Integer call() {
    Map<String, Explanation> all = all();
    String wanted = code == null ? null : code.replace(PREFIX, "").replace('_', '-');
    List<Explanation> found =
        all.values().stream()
            .filter(
                e ->
                    wanted == null
                        || e.code().equalsIgnoreCase(wanted)
                        || e.status().equals(wanted))
            .toList();
    if (found.isEmpty()) {
      throw new Failure(
          Exit.NOT_WELL,
          "There is no code " + code,
          "the codes are " + String.join(", ", all.keySet()),
          "starling explain");
    }
    if (session.json()) {
      session.print(
          Json.object(
              "command", "explain", "codes", found.stream().map(Explanation::json).toList()));
      return Exit.OK;
    }
    Screen screen = session.screen();
    if (wanted == null) {
      screen.table(
          List.of("CODE", "HTTP", "MEANS"),
          found.stream().map(e -> Arrays.asList(e.code(), e.status(), e.means())).toList());
      return Exit.OK;
    }
    for (Explanation e : found) {
      screen.line(screen.bold(e.code()) + " (HTTP " + e.status() + ")");
      screen.line("  means  " + e.means());
      screen.line("  do     " + e.todo());
    }
    return Exit.OK;
  }
}
