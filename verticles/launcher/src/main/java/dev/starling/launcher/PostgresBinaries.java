package dev.starling.launcher;

import java.io.IOException;
import java.io.InputStream;
import java.io.InterruptedIOException;
import java.nio.file.DirectoryStream;
import java.nio.file.FileVisitResult;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.nio.file.SimpleFileVisitor;
import java.nio.file.StandardCopyOption;
import java.nio.file.attribute.BasicFileAttributes;
import java.util.Locale;
import org.apache.commons.compress.archivers.tar.TarArchiveEntry;
import org.apache.commons.compress.archivers.tar.TarArchiveInputStream;
import org.tukaani.xz.XZInputStream;

/** Brings the PostgreSQL programs that travel in the jar onto the disk, once per version. */
final class PostgresBinaries {
  /** Kept data belong to the major version; the same as postgresql.version in the build. */
  static final String VERSION = "17.6.0";

  private static final String DIRECTORY = "binaries-" + VERSION;
  private static final String PARTIAL = DIRECTORY + ".partial-";

  private PostgresBinaries() {}

  /**
   * Returns the folder that holds bin, lib and share, and fills it first if it is not there. A
   * folder under the final name is complete: it is filled under another name and renamed.
   */
  static Path unpack(Path home) throws IOException {
    Path binaries = home.resolve(DIRECTORY);
    if (Files.isDirectory(binaries)) {
      return binaries;
    }
    deleteAll(home, PARTIAL);
    Path partial = Files.createTempDirectory(home, PARTIAL);
    try (InputStream archive = archive()) {
      extract(archive, partial);
    }
    return Files.move(partial, binaries, StandardCopyOption.ATOMIC_MOVE);
  }

  private static InputStream archive() throws IOException {
    String os = System.getProperty("os.name").toLowerCase(Locale.ROOT);
    String arch = System.getProperty("os.arch");
    boolean alpine = Files.exists(Path.of("/etc/alpine-release"));
    InputStream archive = PostgresBinaries.class.getResourceAsStream(resource(os, arch, alpine));
    if (archive == null) {
      throw new IOException(
          "This jar holds no PostgreSQL for %s %s%s: name a database with database.url"
                  .formatted(os, arch, alpine ? " (Alpine)" : "")
              + " (STARLING_DATABASE_URL), or use a jar built on such a machine");
    }
    return archive;
  }

  /** The name the archive of a platform has in its jar; os and arch as Java names them. */
  static String resource(String os, String arch, boolean alpine) {
    return "/postgres-%s-%s%s.txz"
        .formatted(
            os.startsWith("mac") ? "darwin" : os,
            switch (arch) {
              case "amd64" -> "x86_64";
              case "aarch64" -> "arm_64";
              default -> arch;
            },
            alpine ? "-alpine_linux" : "");
  }

  static void extract(InputStream archive, Path into) throws IOException {
    try (TarArchiveInputStream tar = new TarArchiveInputStream(new XZInputStream(archive))) {
      for (TarArchiveEntry entry; (entry = tar.getNextEntry()) != null; ) {
        if (Thread.currentThread().isInterrupted()) {
          throw new InterruptedIOException("Interrupted while unpacking PostgreSQL");
        }
        Path target = inside(into, into.resolve(entry.getName()), entry);
        Files.createDirectories(entry.isDirectory() ? target : target.getParent());
        if (entry.isSymbolicLink()) {
          inside(into, target.resolveSibling(entry.getLinkName()), entry);
          Files.createSymbolicLink(target, Path.of(entry.getLinkName()));
        } else if (entry.isLink()) {
          Files.createLink(target, inside(into, into.resolve(entry.getLinkName()), entry));
        } else if (entry.isFile()) {
          Files.copy(tar, target);
          target.toFile().setExecutable((entry.getMode() & 0100) != 0);
        }
      }
    }
  }

  private static Path inside(Path directory, Path path, TarArchiveEntry entry) throws IOException {
    Path normalized = path.normalize();
    if (!normalized.startsWith(directory)) {
      throw new IOException(
          "The archive of PostgreSQL is damaged: entry %s leaves %s"
              .formatted(entry.getName(), directory));
    }
    return normalized;
  }

  /**
   * Deletes what an interrupted attempt left, as far as possible: a process of that attempt may
   * still be at work in it, so every attempt has a name of its own and none depends on this.
   */
  static void deleteAll(Path home, String prefix) throws IOException {
    try (DirectoryStream<Path> leftovers = Files.newDirectoryStream(home, prefix + "*")) {
      for (Path leftover : leftovers) {
        Files.walkFileTree(leftover, new Deletion());
      }
    }
  }

  private static final class Deletion extends SimpleFileVisitor<Path> {
    @Override
    public FileVisitResult visitFile(Path file, BasicFileAttributes attributes) throws IOException {
      Files.deleteIfExists(file);
      return FileVisitResult.CONTINUE;
    }

    @Override
    public FileVisitResult visitFileFailed(Path file, IOException e) throws IOException {
      if (e instanceof NoSuchFileException) {
        return FileVisitResult.CONTINUE;
      }
      throw e;
    }

    @Override
    public FileVisitResult postVisitDirectory(Path directory, IOException e) {
      directory.toFile().delete();
      return FileVisitResult.CONTINUE;
    }
  }
}
