package dev.starling.cli;

import static java.nio.charset.StandardCharsets.UTF_8;

import java.io.IOException;
import java.io.InputStream;
import java.io.UncheckedIOException;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.Callable;
import picocli.CommandLine.Command;

/** What to type, on one screen. */
@Command(
    name = "cheat",
    description = "Print what to type for what, on one screen; needs no node.",
    exitCodeList = {"0:printed", "64:the command line is wrong"},
    footer = {"  starling cheat", "  starling cheat --json | jq -r '.examples[].type'"})
final class Cheat implements Callable<Integer> {
  private final Session session;

  Cheat(Session session) {
    this.session = session;
  }

  @Override
  public Integer call() {
    List<List<String>> rows = new ArrayList<>();
    List<Object> json = new ArrayList<>();
    for (String line : text().split("\n")) {
      String[] parts = line.split(" {2,}", 2);
      rows.add(List.of(parts));
      json.add(Json.object("does", parts[0], "type", parts[1]));
    }
    if (session.json()) {
      session.print(Json.object("command", "cheat", "examples", json));
    } else {
      session.screen().table(List.of("TO", "TYPE"), rows);
    }
    return Exit.OK;
  }

  private static String text() {
    try (InputStream in = Cheat.class.getResourceAsStream("cheat.txt")) {
      return new String(in.readAllBytes(), UTF_8);
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }
}
