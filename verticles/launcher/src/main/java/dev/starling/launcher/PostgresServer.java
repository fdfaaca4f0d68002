package dev.starling.launcher;

import java.io.DataOutputStream;
import java.io.IOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.ServerSocket;
import java.net.Socket;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;

/**
 * Drives the programs of PostgreSQL on one data directory; the caller sees to it that no two
 * processes do so at once.
 */
// All that a start may find: nothing; a running server, perhaps still starting or stopping; the
// postmaster.pid of a server that was killed, whose number may belong to another process by now
// (usual in containers); processes of a killed server that still hold its memory. So: a server
// runs if the process named in postmaster.pid runs a program from our directory. If none runs, try
// to start one, and try again for some seconds: leftover processes end, a port taken between
// looking and using is replaced. PostgreSQL itself never starts twice on one data directory.
final class PostgresServer {
  static final String USER = "starling";
  static final String DATABASE = "starling";

  private static final String MAJOR = PostgresBinaries.VERSION.split("\\.")[0];
  private static final String PARTIAL = "data.partial-";
  private static final Duration SERVE_WAIT = Duration.ofSeconds(60);
  private static final Duration START_RETRY = Duration.ofSeconds(8);
  private static final Duration STOP_WAIT = Duration.ofSeconds(10);

  /** Written to postgresql.conf once, where the operator may change them. */
  private static final Map<String, String> SETTINGS =
      Map.ofEntries(
          Map.entry("listen_addresses", "127.0.0.1"),
          Map.entry("unix_socket_directories", ""),
          Map.entry("max_connections", "100"),
          Map.entry("shared_buffers", "32MB"),
          // Many rounds protect what people think up. The password here is 256 random bits, and
          // they cost each connection of a node that has just started 0.2 s.
          Map.entry("scram_iterations", "1"),
          // A file per day of the week, emptied when its day comes again. Errors in statements go
          // to the client only: they carry personal data, and their number is up to strangers.
          Map.entry("logging_collector", "on"),
          Map.entry("log_directory", "../log"),
          Map.entry("log_filename", "postgresql-%a.log"),
          Map.entry("log_rotation_age", "1d"),
          Map.entry("log_rotation_size", "0"),
          Map.entry("log_truncate_on_rotation", "on"),
          Map.entry("log_min_messages", "log"),
          Map.entry("log_min_error_statement", "panic"),
          Map.entry("log_checkpoints", "off"));

  private final Path home;
  private final Path data;
  private final PostgresPrograms programs;

  private PostgresServer(Path home, PostgresPrograms programs) {
    this.home = home;
    this.data = home.resolve("data");
    this.programs = programs;
  }

  /** The server of a directory, whose binaries and data are created if they are missing. */
  static PostgresServer of(Path home, Path passwordFile) throws IOException {
    PostgresServer server =
        new PostgresServer(home, PostgresPrograms.of(home, PostgresBinaries.unpack(home)));
    if (Files.exists(server.data)) {
      server.checkVersion();
    } else {
      server.createData(passwordFile);
    }
    return server;
  }

  /** Starts the server unless it runs, waits until it accepts connections, returns its port. */
  int serve() throws IOException {
    long begin = System.nanoTime();
    while (System.nanoTime() - begin < SERVE_WAIT.toNanos()) {
      Optional<Postmaster> running = running();
      if (running.isEmpty()) {
        try {
          start();
        } catch (IOException e) {
          if (System.nanoTime() - begin > START_RETRY.toNanos()) {
            throw e;
          }
          EmbeddedDatabase.pause(250);
        }
      } else if (running.get().ready() && answers(running.get().port())) {
        return running.get().port();
      } else {
        EmbeddedDatabase.pause(50);
      }
    }
    throw new IOException(
        "PostgreSQL of %s runs, but accepts no connections after %d s: it may be recovering,"
            .concat(" start again later; its log is in %s")
            .formatted(data, SERVE_WAIT.toSeconds(), programs.log()));
  }

  /** Stops the server and disconnects its clients; returns when it has stopped. */
  void stop() throws IOException {
    if (running().isPresent()) {
      programs.run(
          "pg_ctl",
          "",
          "stop",
          "-D",
          data.toString(),
          "-m",
          "fast",
          "-w",
          "-t",
          seconds(STOP_WAIT));
    }
  }

  private void checkVersion() throws IOException {
    Path file = data.resolve("PG_VERSION");
    String found;
    try {
      found = Files.readString(file).strip();
    } catch (NoSuchFileException e) {
      throw new IOException(
          "%s is not a data directory of PostgreSQL, %s is missing: move it away or restore it"
              .formatted(data, file.getFileName()));
    }
    if (!found.equals(MAJOR)) {
      throw new IOException(
          "%s holds data of PostgreSQL %s, but this Starling brings PostgreSQL %s: name a"
              .concat(" %s with database.url (STARLING_DATABASE_URL), or move %s away")
              .formatted(data, found, MAJOR, found, data));
    }
  }

  private void createData(Path passwordFile) throws IOException {
    PostgresBinaries.deleteAll(home, PARTIAL);
    Path partial = Files.createTempDirectory(home, PARTIAL);
    List<String> arguments = new ArrayList<>(List.of("-D", partial.toString()));
    arguments.addAll(List.of("--username=" + USER, "--pwfile=" + passwordFile));
    arguments.addAll(List.of("--auth=scram-sha-256", "--data-checksums"));
    arguments.addAll(List.of("--encoding=UTF8", "--locale=C", "--no-instructions"));
    SETTINGS.forEach((name, value) -> arguments.add("--set=%s=%s".formatted(name, value)));
    programs.run("initdb", "", arguments.toArray(String[]::new));
    // The bundle has no client. exit_on_error makes the exit code tell whether it worked.
    programs.run(
        "postgres",
        "CREATE DATABASE " + DATABASE + "\n",
        "--single",
        "-D",
        partial.toString(),
        "-c",
        "exit_on_error=on",
        "-c",
        "logging_collector=off",
        "postgres");
    Files.move(partial, data, StandardCopyOption.ATOMIC_MOVE);
  }

  private void start() throws IOException {
    programs.deleteLogsBefore(Instant.now().minus(Duration.ofDays(6)));
    Path output = programs.log().resolve("start.log");
    Files.deleteIfExists(output);
    programs.run(
        "pg_ctl",
        "",
        "start",
        "-D",
        data.toString(),
        "-l",
        output.toString(),
        "-o",
        "-p " + choosePort(),
        "-w",
        "-t",
        seconds(SERVE_WAIT));
  }

  /** The port of the last time if it is free, so that others' connections come back. */
  private int choosePort() throws IOException {
    Path file = home.resolve("port");
    InetAddress loopback = InetAddress.getByName("127.0.0.1");
    try (ServerSocket last =
        new ServerSocket(Integer.parseInt(Files.readString(file).strip()), 1, loopback)) {
      return last.getLocalPort();
    } catch (IOException | IllegalArgumentException e) {
      try (ServerSocket free = new ServerSocket(0, 1, loopback)) {
        Files.writeString(file, Integer.toString(free.getLocalPort()));
        return free.getLocalPort();
      }
    }
  }

  private Optional<Postmaster> running() throws IOException {
    Path file = data.resolve("postmaster.pid");
    List<String> lines;
    try {
      lines = Files.readAllLines(file, StandardCharsets.ISO_8859_1);
    } catch (NoSuchFileException e) {
      return Optional.empty();
    }
    Optional<Postmaster> postmaster = Postmaster.parse(lines);
    Optional<ProcessHandle> process = postmaster.flatMap(p -> ProcessHandle.of(p.pid()));
    if (process.isPresent() && isOurs(process.get())) {
      return postmaster;
    }
    if (postmaster.isEmpty() || process.isPresent()) {
      // PostgreSQL clears up after a dead process by itself, but refuses to start when the file is
      // damaged, or the number belongs to a living process of this user.
      Files.deleteIfExists(file);
    }
    return Optional.empty();
  }

  private boolean isOurs(ProcessHandle process) {
    return process
        .info()
        .command()
        .filter(command -> Path.of(command).startsWith(home))
        .isPresent();
  }

  /** Whether a PostgreSQL listens: it answers the request for TLS with one letter. */
  private static boolean answers(int port) {
    try (Socket socket = new Socket()) {
      socket.setSoTimeout(1000);
      socket.connect(new InetSocketAddress("127.0.0.1", port), 1000);
      DataOutputStream request = new DataOutputStream(socket.getOutputStream());
      request.writeLong(8L << 32 | 80877103);
      int answer = socket.getInputStream().read();
      return answer == 'N' || answer == 'S';
    } catch (IOException e) {
      return false;
    }
  }

  private static String seconds(Duration duration) {
    return Long.toString(duration.toSeconds());
  }

  /** What postmaster.pid says: process number, TCP port, whether it takes connections. */
  private record Postmaster(long pid, int port, boolean ready) {

    /** Empty if the lines are not what PostgreSQL writes, as after a power failure. */
    static Optional<Postmaster> parse(List<String> lines) {
      try {
        return Optional.of(
            new Postmaster(
                Long.parseLong(lines.get(0)),
                Integer.parseInt(lines.get(3)),
                lines.size() > 7 && lines.get(7).strip().equals("ready")));
      } catch (IndexOutOfBoundsException | NumberFormatException e) {
        return Optional.empty();
      }
    }
  }
}
