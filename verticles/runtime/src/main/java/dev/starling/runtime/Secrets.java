package dev.starling.runtime;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.channels.FileChannel;
import java.nio.charset.CharacterCodingException;
import java.nio.charset.StandardCharsets;
import java.nio.file.FileAlreadyExistsException;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.nio.file.StandardOpenOption;
import java.nio.file.attribute.FileAttribute;
import java.nio.file.attribute.PosixFilePermission;
import java.nio.file.attribute.PosixFilePermissions;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.security.SecureRandom;
import java.util.HexFormat;
import java.util.Set;
import java.util.stream.IntStream;

/**
 * The secrets of a node: one file of mode 0600 each, made at first need, never shown.
 *
 * <p>A file holds 64 lower-case hexadecimal digits, which are 256 bits. Nodes of one cluster need
 * the same files; {@link #fingerprint()} lets them find out without telling.
 */
public final class Secrets {
  /** Goes into each password hash. */
  public static final String PEPPER = "pepper";

  /** Encrypts the private parts of signing keys at rest. */
  public static final String KEY_ENCRYPTION = "key-encryption";

  /** Proves to a node that another belongs to its cluster. */
  public static final String CLUSTER = "cluster";

  /** Password of the embedded database. */
  public static final String DATABASE = "database";

  /** Lets an operator act through the operator port. */
  public static final String OPERATOR = "operator";

  /** Makes somebody the first administrator of the user service. */
  public static final String ADMINISTRATOR = "administrator";

  private static final int BYTES = 32;

  /** Random bytes are never fewer, short of once in 10^36 times; repeated ones are. */
  private static final int DIFFERENT_BYTES = 8;

  private static final FileAttribute<Set<PosixFilePermission>> OWNER_ONLY =
      PosixFilePermissions.asFileAttribute(PosixFilePermissions.fromString("rw-------"));
  private static final FileAttribute<Set<PosixFilePermission>> OWNER_ONLY_DIRECTORY =
      PosixFilePermissions.asFileAttribute(PosixFilePermissions.fromString("rwx------"));

  private final Path directory;
  private final boolean create;

  private Secrets(Path directory, boolean create) {
    this.directory = directory;
    this.create = create;
  }

  /**
   * Secrets in a directory.
   *
   * @param create whether a missing secret may be made; a node that others reach must be given its
   *     secrets
   * @throws SecretsException when the directory cannot be used
   */
  public static Secrets in(Path directory, boolean create) {
    try {
      if (create) {
        Files.createDirectories(directory, OWNER_ONLY_DIRECTORY);
      }
      return new Secrets(directory, create);
    } catch (FileAlreadyExistsException e) {
      throw new SecretsException("secrets.directory " + directory + " is not a directory");
    } catch (IOException e) {
      throw new SecretsException("secrets.directory " + directory + " cannot be made: " + e);
    }
  }

  /**
   * The file of a secret, which exists afterwards.
   *
   * @throws SecretsException when it is missing and may not be made, or others could read it
   */
  public Path file(String name) {
    Path file = directory.resolve(name);
    try {
      if (create && Files.notExists(file)) {
        create(file);
      }
      if (isOpenToOthers(file)) {
        throw new SecretsException(file + " can be read by others; chmod 600 it");
      }
      return file;
    } catch (NoSuchFileException e) {
      throw new SecretsException(
          file + " is missing; copy it from a node of this cluster (see secrets.directory)");
    } catch (IOException e) {
      throw new SecretsException(file + " cannot be used: " + e);
    }
  }

  /** Whether anybody but its owner may do anything with a file. */
  public static boolean isOpenToOthers(Path file) throws IOException {
    return Files.getPosixFilePermissions(file).stream()
        .anyMatch(p -> !p.name().startsWith("OWNER_"));
  }

  /** Appears whole or not at all, and once only, also when two nodes start at the same instant. */
  private void create(Path file) throws IOException {
    byte[] secret = new byte[BYTES];
    new SecureRandom().nextBytes(secret);
    Path whole = Files.createTempFile(directory, ".new", null, OWNER_ONLY);
    try {
      Files.writeString(whole, HexFormat.of().formatHex(secret));
      try (FileChannel channel = FileChannel.open(whole, StandardOpenOption.WRITE)) {
        channel.force(true);
      }
      Files.createLink(file, whole);
    } catch (FileAlreadyExistsException e) {
      // Another node was faster; its secret is the one.
    } catch (UnsupportedOperationException e) {
      Files.move(whole, file, StandardCopyOption.ATOMIC_MOVE);
    } finally {
      Files.deleteIfExists(whole);
    }
  }

  /**
   * The bytes of a secret.
   *
   * @throws SecretsException as {@link #file}, and when it does not hold 256 bits in hexadecimal
   */
  public byte[] bytes(String name) {
    Path file = file(name);
    try {
      byte[] secret = HexFormat.of().parseHex(Files.readString(file).strip());
      if (secret.length != BYTES) {
        throw new SecretsException(file + " does not hold " + 2 * BYTES + " hexadecimal digits");
      }
      if (different(secret) < DIFFERENT_BYTES) {
        throw new SecretsException(file + " holds an example, not a secret; make a random one");
      }
      return secret;
    } catch (IllegalArgumentException | CharacterCodingException e) {
      throw new SecretsException(file + " does not hold " + 2 * BYTES + " hexadecimal digits");
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  private static long different(byte[] bytes) {
    return IntStream.range(0, bytes.length).map(i -> bytes[i]).distinct().count();
  }

  /** Says whether two nodes share their secrets and gives nothing of them away. */
  public String fingerprint() {
    try {
      MessageDigest digest = MessageDigest.getInstance("SHA-256");
      for (String name : new String[] {PEPPER, KEY_ENCRYPTION, CLUSTER}) {
        digest.update(name.getBytes(StandardCharsets.US_ASCII));
        digest.update(bytes(name));
      }
      return HexFormat.of().formatHex(digest.digest(), 0, 8);
    } catch (NoSuchAlgorithmException e) {
      throw new IllegalStateException(e);
    }
  }

  /** A secret is missing, unreadable or open to others; the message names the file only. */
  public static final class SecretsException extends RuntimeException {
    private static final long serialVersionUID = 1L;

    SecretsException(String message) {
      super(message);
    }
  }
}
