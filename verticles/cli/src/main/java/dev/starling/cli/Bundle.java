package dev.starling.cli;

import static java.nio.charset.StandardCharsets.UTF_8;

import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.OutputStream;
import java.io.PrintStream;
import java.nio.file.Files;
import java.nio.file.InvalidPathException;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.nio.file.attribute.FileTime;
import java.nio.file.attribute.PosixFilePermissions;
import java.time.Instant;
import java.time.ZoneOffset;
import java.time.format.DateTimeFormatter;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeSet;
import java.util.concurrent.Callable;
import java.util.zip.ZipEntry;
import java.util.zip.ZipOutputStream;
import picocli.CommandLine.Command;
import picocli.CommandLine.Option;

/** All that is known, for those who were not there. */
@Command(
    name = "bundle",
    description = {
      "Write one archive with all that is known now, to attach to an incident.",
      "",
      "index.html in it is for people and needs no script: the situation, nodes, services, breakers,"
          + " the journal, the last quarter of an hour as plots, slow and failed calls, orders,"
          + " limits, the configuration of the node that is asked, what the doctor finds. Beside it"
          + " is the same as JSON, and the metrics of the flock. No request or reply is in it;"
          + " secrets, tokens and e-mail addresses are masked. Look through it before you give it"
          + " away: names of nodes, services, hosts and operators are in it."
    },
    exitCodeList = {
      "0:written",
      "1:the file cannot be written",
      "2:the operator port cannot be reached, or refuses the token",
      "64:the command line is wrong"
    },
    footer = {
      "  starling bundle",
      "  starling bundle --output incident.zip",
      "  starling bundle --context production --json | jq -r .file"
    })
final class Bundle implements Callable<Integer> {
  private static final DateTimeFormatter NAME =
      DateTimeFormatter.ofPattern("'starling-'yyyyMMdd'T'HHmmss'Z'").withZone(ZoneOffset.UTC);

  /** Calls of each kind, the most that a node gives. */
  private static final int MOST_CALLS = 500;

  private static final List<String> VIEWS =
      List.of(
          "nodes",
          "services",
          "breakers",
          "instances",
          "events",
          "series",
          "load",
          "desired",
          "limits",
          "configuration");

  private final Session session;

  Bundle(Session session) {
    this.session = session;
  }

  @Option(
      names = {"-o", "--output"},
      paramLabel = "FILE",
      description = "Where to write it (default: starling-TIME.zip in this directory)")
  private String output;

  @Override
  public Integer call() {
    Instant made = session.clock().instant();
    Path file = file(made);
    Map<String, Json> found = new LinkedHashMap<>();
    found.put("status", session.port().get("status"));
    List<String> missing = new ArrayList<>();
    VIEWS.forEach(view -> look(view, view, found, missing));
    look("calls-failed", "calls?failed=true&limit=" + MOST_CALLS, found, missing);
    look("calls-slow", slow(found.get("limits")), found, missing);
    String metrics = session.port().glance("/metrics/cluster");
    if (metrics == null) {
      missing.add("metrics");
    }
    found.put("doctor", doctor());
    found.put("about", about(made, missing));
    Redaction redaction = new Redaction(nodes(found.get("nodes")));
    Map<String, Json> views = new LinkedHashMap<>();
    found.forEach((name, view) -> views.put(name, redaction.json(view)));
    String shown = metrics == null ? "" : redaction.text(metrics);
    Map<String, String> files = new LinkedHashMap<>();
    files.put("index.html", new BundlePage(views, missing, shown, made).html());
    views.forEach((name, view) -> files.put(name + ".json", Json.write(view) + "\n"));
    files.put("metrics.txt", shown);
    write(file, files, made);
    return tell(file, views.get("status"), files, missing);
  }

  private Path file(Instant made) {
    try {
      return Path.of(output == null ? NAME.format(made) + ".zip" : output);
    } catch (InvalidPathException e) {
      throw Failure.usage("--output names no file", "write it as --output incident.zip");
    }
  }

  /** One that cannot be had is no reason to go without the others. */
  private void look(String name, String view, Map<String, Json> found, List<String> missing) {
    try {
      String text = session.port().glance("/ops/" + view);
      if (text != null) {
        found.put(name, Json.read(text));
        return;
      }
    } catch (IOException e) {
      // It is said below.
    }
    missing.add(name);
  }

  private static String slow(Json limits) {
    List<Json> all = limits == null ? List.of() : limits.list("limits");
    long millis =
        all.stream()
            .filter(limit -> "calls.slow".equals(limit.text("key")))
            .mapToLong(limit -> limit.number("value"))
            .findFirst()
            .orElse(500);
    return "calls?slower=" + millis + "ms&limit=" + MOST_CALLS;
  }

  private Json doctor() {
    ByteArrayOutputStream printed = new ByteArrayOutputStream();
    Session aside = session.aside(new PrintStream(printed, true, UTF_8));
    Starling.of(aside, "doctor").execute("doctor", "--json");
    try {
      return Json.read(printed.toString(UTF_8));
    } catch (IOException e) {
      return new Json(null);
    }
  }

  private Json about(Instant made, List<String> missing) {
    return new Json(
        Json.object(
            "made",
            made.toString(),
            "version",
            new Starling.Version().getVersion()[0],
            "java",
            Runtime.version().toString(),
            "system",
            System.getProperty("os.name") + " " + System.getProperty("os.version"),
            "operator",
            session.port().base().toString(),
            "missing",
            List.copyOf(missing)));
  }

  private static Set<String> nodes(Json nodes) {
    Set<String> names = new TreeSet<>();
    if (nodes != null) {
      nodes.list("nodes").forEach(node -> names.add(String.valueOf(node.text("name"))));
    }
    return names;
  }

  /**
   * For its owner only. One that was there is replaced at once by the whole archive, or stays; what
   * is no file, such as a directory or a device, is left alone.
   */
  private static void write(Path file, Map<String, String> files, Instant made) {
    if (Files.exists(file) && !Files.isRegularFile(file)) {
      throw failure(file, Files.isDirectory(file) ? "it is a directory" : "it is no plain file");
    }
    try {
      Path whole =
          Files.createTempFile(
              file.toAbsolutePath().getParent(),
              ".starling-",
              ".zip",
              PosixFilePermissions.asFileAttribute(PosixFilePermissions.fromString("rw-------")));
      try {
        zip(whole, files, made);
        Files.move(
            whole, file, StandardCopyOption.REPLACE_EXISTING, StandardCopyOption.ATOMIC_MOVE);
      } finally {
        Files.deleteIfExists(whole);
      }
    } catch (IOException e) {
      throw failure(file, e.getClass().getSimpleName());
    }
  }

  private static void zip(Path file, Map<String, String> files, Instant made) throws IOException {
    try (OutputStream out = Files.newOutputStream(file);
        ZipOutputStream zip = new ZipOutputStream(out, UTF_8)) {
      for (Map.Entry<String, String> each : files.entrySet()) {
        ZipEntry entry = new ZipEntry(NAME.format(made) + "/" + each.getKey());
        entry.setLastModifiedTime(FileTime.from(made));
        zip.putNextEntry(entry);
        zip.write(each.getValue().getBytes(UTF_8));
        zip.closeEntry();
      }
    }
  }

  private static Failure failure(Path file, String why) {
    return new Failure(
        Exit.NOT_WELL,
        file + " cannot be written",
        why,
        "name another with --output FILE, in a directory that is there");
  }

  private int tell(Path file, Json status, Map<String, String> files, List<String> missing) {
    if (session.json()) {
      session.print(
          Json.object(
              "command", "bundle",
              "file", file.toString(),
              "sentence", status.text("sentence"),
              "files", List.copyOf(files.keySet()),
              "missing", missing));
      return Exit.OK;
    }
    Screen screen = session.screen();
    screen.line(status.text("sentence"));
    screen.line("%s: %d files, masked; begin with index.html".formatted(file, files.size()));
    if (!missing.isEmpty()) {
      screen.line(screen.bad("not to be had: " + String.join(", ", missing)));
    }
    return Exit.OK;
  }
}
