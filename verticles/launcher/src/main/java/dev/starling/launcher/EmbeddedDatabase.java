package dev.starling.launcher;

import java.io.IOException;
import java.io.InterruptedIOException;
import java.nio.channels.FileChannel;
import java.nio.channels.FileLock;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.nio.file.attribute.PosixFilePermissions;
import java.time.Duration;
import java.util.HashMap;
import java.util.Map;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Gives the nodes that were told no database a real PostgreSQL, which they share per directory.
 *
 * <p>All methods block: call them off the event loop.
 */
// PostgreSQL outlives the node that started it, since others may use it. Who stops it? Every
// process that uses the directory holds a shared lock on in-use.lock, which the operating system
// drops when the process ends, kill -9 included. Opening and closing take turns by an exclusive
// lock on start.lock, so that nobody comes while somebody leaves. The one that, leaving, gets
// in-use.lock exclusively is the last and stops PostgreSQL; if the last was killed, PostgreSQL
// runs on and the next start adopts it.
//
// A process has one lock per file, and loses it when it closes any of its channels to that file:
// several databases opened on one directory by one process share the channel and are counted.
final class EmbeddedDatabase implements AutoCloseable {
  private static final Duration OPEN_WAIT = Duration.ofSeconds(60);
  private static final Duration CLOSE_WAIT = Duration.ofSeconds(10);
  private static final Logger LOG = LoggerFactory.getLogger(EmbeddedDatabase.class);
  private static final Map<Path, InUse> IN_USE = new HashMap<>();

  private final Path home;
  private final PostgresServer server;
  private final int port;
  private boolean closed;

  private EmbeddedDatabase(Path home, PostgresServer server, int port) {
    this.home = home;
    this.server = server;
    this.port = port;
  }

  /**
   * Starts the PostgreSQL of a directory, or adopts the running one; the first time it creates
   * binaries, data, the superuser starling and the database starling. Returns when it accepts
   * connections, at the latest after some two minutes. A thread that is interrupted gives up and
   * leaves no server running that nobody else uses.
   *
   * @param directory belongs to this class alone; created if it is missing
   * @param passwordFile one line of ASCII, the superuser's password; read when the data are created
   * @throws IOException whose message is one line that says what is wrong and what to do
   */
  static synchronized EmbeddedDatabase open(Path directory, Path passwordFile) throws IOException {
    Path home =
        Files.createDirectories(
                directory,
                PosixFilePermissions.asFileAttribute(PosixFilePermissions.fromString("rwx------")))
            .toRealPath();
    FileChannel turn = turn(home, OPEN_WAIT);
    try {
      enter(home);
      return serve(home, passwordFile);
    } finally {
      turn.close();
    }
  }

  private static EmbeddedDatabase serve(Path home, Path passwordFile) throws IOException {
    PostgresServer server = null;
    try {
      server = PostgresServer.of(home, passwordFile.toRealPath());
      return new EmbeddedDatabase(home, server, server.serve());
    } catch (InterruptedIOException e) {
      Thread.interrupted(); // It would end what is left to do, too.
      if (leave(home) && server != null) {
        server.stop();
      }
      throw e;
    } catch (IOException | RuntimeException e) {
      leave(home);
      throw e;
    }
  }

  /** The TCP port on 127.0.0.1. */
  int port() {
    return port;
  }

  /** Where clients connect to, without the password. */
  String url() {
    return "postgresql://%s@127.0.0.1:%s/%s"
        .formatted(PostgresServer.USER, port, PostgresServer.DATABASE);
  }

  /** Stops PostgreSQL if nobody else uses it; a failure is logged. Takes at most some 20 s. */
  @Override
  public void close() {
    synchronized (EmbeddedDatabase.class) {
      if (closed) {
        return;
      }
      closed = true;
      try {
        closeInTurn();
      } catch (IOException e) {
        LOG.warn(
            "PostgreSQL of {} may still run, the next start adopts it: {}", home, e.toString());
      }
    }
  }

  private void closeInTurn() throws IOException {
    FileChannel turn;
    try {
      turn = turn(home, CLOSE_WAIT);
    } catch (IOException e) {
      leave(home);
      throw e;
    }
    try {
      if (leave(home)) {
        server.stop();
      }
    } finally {
      turn.close();
    }
  }

  private static FileChannel turn(Path home, Duration wait) throws IOException {
    Path file = home.resolve("start.lock");
    long deadline = System.nanoTime() + wait.toNanos();
    FileChannel channel = openLockFile(file);
    try {
      while (channel.tryLock() == null) {
        if (System.nanoTime() > deadline) {
          throw new IOException(
              "Another process has held %2$s for %1$d s, starting or stopping PostgreSQL:"
                  .concat(" end it, then start again")
                  .formatted(wait.toSeconds(), file));
        }
        pause(20);
      }
      return channel;
    } catch (IOException | RuntimeException e) {
      channel.close();
      throw e;
    }
  }

  private static void enter(Path home) throws IOException {
    InUse inUse = IN_USE.get(home);
    if (inUse == null) {
      Path file = home.resolve("in-use.lock");
      FileChannel channel = openLockFile(file);
      FileLock lock = channel.tryLock(0, Long.MAX_VALUE, true);
      if (lock == null) {
        channel.close();
        throw new IOException("Another program locks " + file + ": end it, then start again");
      }
      inUse = new InUse(channel, lock);
      IN_USE.put(home, inUse);
    }
    inUse.users++;
  }

  /** Returns whether nobody else uses the directory; certain only for the one whose turn it is. */
  private static boolean leave(Path home) throws IOException {
    InUse inUse = IN_USE.get(home);
    inUse.users--;
    if (inUse.users > 0) {
      return false;
    }
    IN_USE.remove(home);
    try (FileChannel channel = inUse.channel) {
      inUse.lock.release();
      return channel.tryLock() != null;
    }
  }

  private static FileChannel openLockFile(Path file) throws IOException {
    return FileChannel.open(
        file, StandardOpenOption.CREATE, StandardOpenOption.READ, StandardOpenOption.WRITE);
  }

  static void pause(long millis) throws InterruptedIOException {
    try {
      Thread.sleep(millis);
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
      throw new InterruptedIOException("Interrupted while waiting for PostgreSQL");
    }
  }

  private static final class InUse {
    private final FileChannel channel;
    private final FileLock lock;
    private int users;

    private InUse(FileChannel channel, FileLock lock) {
      this.channel = channel;
      this.lock = lock;
    }
  }
}
