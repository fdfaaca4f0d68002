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
import java.util.ArrayList;
import java.util.HexFormat;
import java.util.List;
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

  /** Lets somebody look through the operator port, and change nothing. */
  public static final String VIEWER = "viewer";

  /** Makes somebody the first administrator of the user service. */
  public static final String ADMINISTRATOR = "administrator";

  /**
   * Behind the name of a secret: another that counts as well, while one takes the other's place.
   */
  private static final String OTHER = ".other";

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

  /**
   * A secret, and behind it the other that counts as well, if there is a file of that: what is new
   * is made with the first, and what was made with either is good.
   *
   * @throws SecretsException as {@link #bytes}
   */
  public List<byte[]> all(String name) {
    return Files.exists(directory.resolve(name + OTHER))
        ? List.of(bytes(name), bytes(name + OTHER))
        : List.of(bytes(name));
  }

  private static long different(byte[] bytes) {
    return IntStream.range(0, bytes.length).map(i -> bytes[i]).distinct().count();
  }

  /**
   * Says whether two nodes can read what the other makes, and gives nothing of their secrets away:
   * a word for the secrets with which a node makes what is new, and behind it one for each other
   * choice among those that count.
   *
   * @see #agree
   */
  public String fingerprint() {
    List<String> words = new ArrayList<>();
    for (byte[] pepper : all(PEPPER)) {
      for (byte[] encryption : all(KEY_ENCRYPTION)) {
        for (byte[] cluster : all(CLUSTER)) {
          words.add(fingerprint(pepper, encryption, cluster));
        }
      }
    }
    return String.join(" ", words);
  }

  private static String fingerprint(byte[] pepper, byte[] encryption, byte[] cluster) {
    try {
      MessageDigest digest = MessageDigest.getInstance("SHA-256");
      digest.update(PEPPER.getBytes(StandardCharsets.US_ASCII));
      digest.update(pepper);
      digest.update(KEY_ENCRYPTION.getBytes(StandardCharsets.US_ASCII));
      digest.update(encryption);
      digest.update(CLUSTER.getBytes(StandardCharsets.US_ASCII));
      digest.update(cluster);
      return HexFormat.of().formatHex(digest.digest(), 0, 8);
    } catch (NoSuchAlgorithmException e) {
      throw new IllegalStateException(e);
    }
  }

  /** Whether two nodes of these fingerprints can read what the other makes. */
  public static boolean agree(String one, String other) {
    List<String> ones = List.of(one.split(" "));
    List<String> others = List.of(other.split(" "));
    return ones.contains(others.get(0)) && others.contains(ones.get(0));
  }

  /** A secret is missing, unreadable or open to others; the message names the file only. */
  public static final class SecretsException extends RuntimeException {
    private static final long serialVersionUID = 1L;

    SecretsException(String message) {
      super(message);
    }
  }
}
