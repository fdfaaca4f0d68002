package dev.starling.launcher;

import com.sun.security.auth.module.UnixSystem;
import java.io.IOException;
import java.io.InterruptedIOException;
import java.io.OutputStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.DirectoryStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.TimeUnit;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.stream.Stream;

/** Runs PostgreSQL's own programs for whoever the user is, and says why one of them failed. */
record PostgresPrograms(Path home, Path binaries, Path log) {
  private static final Duration COMMAND_WAIT = Duration.ofSeconds(120);
  private static final Pattern CAUSE = Pattern.compile("(?:error|FATAL|PANIC): +(.*)");

  static PostgresPrograms of(Path home, Path binaries) throws IOException {
    return new PostgresPrograms(home, binaries, Files.createDirectories(home.resolve("log")));
  }

  /** Returns when the program has ended well; gives it the input, then an end of file. */
  void run(String program, String input, String... arguments) throws IOException {
    boolean root = new UnixSystem().getUid() == 0;
    List<String> command = new ArrayList<>();
    if (root) {
      // PostgreSQL refuses to run as root. In a user namespace of its own it is nobody inside,
      // and owns root's files all the same.
      command.addAll(List.of("unshare", "-U"));
    }
    command.add(binaries.resolve("bin").resolve(program).toString());
    command.addAll(List.of(arguments));

    // To a file, not a pipe: a program that goes on in the background cannot make us wait for it.
    Path output = log.resolve("command.log");
    Instant begin = Instant.now();
    ProcessBuilder builder =
        new ProcessBuilder(command)
            .directory(home.toFile())
            .redirectErrorStream(true)
            .redirectOutput(output.toFile());
    // The node's environment may hold secrets, and PG* variables change what the programs do.
    builder.environment().keySet().retainAll(List.of("PATH", "TZ", "TMPDIR"));
    builder.environment().put("LC_ALL", "C");
    int exit = waitFor(launch(builder, root), program, input);
    if (exit != 0) {
      String said = Files.readString(output, StandardCharsets.ISO_8859_1).strip();
      throw said.startsWith("unshare:")
          ? asRoot(said, null)
          : new IOException(
              "PostgreSQL in %s failed in %s: %s (more in %s)"
                  .formatted(home, program, cause(begin, said), log));
    }
  }

  /** A log of a week ago would be appended to if the server starts on the same day of the week. */
  void deleteLogsBefore(Instant time) throws IOException {
    for (Path file : logs()) {
      if (Files.getLastModifiedTime(file).toInstant().isBefore(time)) {
        Files.delete(file);
      }
    }
  }

  private static Process launch(ProcessBuilder builder, boolean root) throws IOException {
    try {
      return builder.start();
    } catch (IOException e) {
      throw root ? asRoot(e.getMessage(), e) : e;
    }
  }

  private static IOException asRoot(String why, IOException cause) {
    return new IOException(
        "PostgreSQL does not run as root, and `unshare -U` does not work here ("
            + why.lines().findFirst().orElse("")
            + "): run as an ordinary user, or name a database with database.url"
            + " (STARLING_DATABASE_URL)",
        cause);
  }

  private static int waitFor(Process process, String program, String input) throws IOException {
    try (OutputStream stdin = process.getOutputStream()) {
      stdin.write(input.getBytes(StandardCharsets.US_ASCII));
    } catch (IOException e) {
      // It ended without reading; its exit code and output say why.
    }
    boolean interrupted = false;
    long deadline = System.nanoTime() + COMMAND_WAIT.toNanos();
    try {
      while (true) {
        try {
          if (process.waitFor(deadline - System.nanoTime(), TimeUnit.NANOSECONDS)) {
            return process.exitValue();
          }
          throw new IOException(
              "PostgreSQL's %s did not end within %d s: is the disk or the machine overloaded?"
                  .formatted(program, COMMAND_WAIT.toSeconds()));
        } catch (InterruptedException e) {
          interrupted = true;
          // What pg_ctl starts would go on unseen.
          if (!program.equals("pg_ctl")) {
            throw new InterruptedIOException(
                "Interrupted while waiting for PostgreSQL's " + program);
          }
        }
      }
    } finally {
      end(process);
      if (interrupted) {
        Thread.currentThread().interrupt();
      }
    }
  }

  /** With what it started itself, which would go on writing. */
  private static void end(Process process) {
    if (process.isAlive()) {
      Stream<ProcessHandle> all =
          Stream.concat(process.descendants(), Stream.of(process.toHandle()));
      all.toList().forEach(ProcessHandle::destroyForcibly);
    }
  }

  /** The last complaint in the logs since an instant, or else the last line a program said. */
  private String cause(Instant begin, String said) throws IOException {
    String cause = said.substring(said.lastIndexOf('\n') + 1);
    for (Path file : logs()) {
      // File times may lag behind the clock.
      if (Files.getLastModifiedTime(file).toInstant().isBefore(begin.minusSeconds(1))) {
        continue;
      }
      Matcher matcher = CAUSE.matcher(Files.readString(file, StandardCharsets.ISO_8859_1));
      while (matcher.find()) {
        cause = matcher.group(1);
      }
    }
    return cause;
  }

  private List<Path> logs() throws IOException {
    List<Path> files = new ArrayList<>();
    try (DirectoryStream<Path> stream = Files.newDirectoryStream(log, "*.log")) {
      stream.forEach(files::add);
    }
    return files;
  }
}
