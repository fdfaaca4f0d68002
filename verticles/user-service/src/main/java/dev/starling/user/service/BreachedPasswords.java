package dev.starling.user.service;

import static java.nio.charset.StandardCharsets.US_ASCII;
import static java.nio.charset.StandardCharsets.UTF_8;

import java.io.EOFException;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.file.Path;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.util.HexFormat;
import java.util.regex.Pattern;

/**
 * A file of passwords that were in data breaches, as Pwned Passwords gives it away (ordered by
 * hash): for each password a line with its SHA-1 in upper-case hexadecimal and, perhaps, a colon
 * and how often it was seen. SHA-1 is no more than the form of that list, and secures nothing here.
 *
 * <p>Nothing of it is kept in memory: a look-up halves the file until one line is left, with a read
 * of 128 bytes each time (36 of them at 50 GB). A new file takes the place of an old one by a
 * rename, and counts from the next start on.
 */
final class BreachedPasswords implements AutoCloseable {
  /** Bytes of a line with its end, at most: the hash, a colon and ten digits have 53. */
  private static final int LONGEST = 64;

  private static final int HASH = 40;
  private static final Pattern LINE = Pattern.compile("[0-9A-F]{40}(:\\d+)?\r?");

  /** Of lines, spread over the file, which must be in order for it to be used. */
  private static final int SAMPLES = 64;

  private final FileChannel file;
  private final long size;

  /**
   * @param begin position of its first byte
   * @param next position behind its end
   */
  private record Line(long begin, long next, String hash) {}

  private BreachedPasswords(FileChannel file) throws IOException {
    this.file = file;
    this.size = file.size();
  }

  /**
   * Blocks, as each look-up does.
   *
   * @throws IllegalArgumentException that names the setting, if this is no such file
   */
  static BreachedPasswords open(Path path) {
    try {
      FileChannel file = FileChannel.open(path);
      try {
        BreachedPasswords passwords = new BreachedPasswords(file);
        passwords.check();
        return passwords;
      } catch (IOException e) {
        file.close();
        throw e;
      }
    } catch (IOException e) {
      throw new IllegalArgumentException(
          "user.breached-passwords %s cannot be used: %s".formatted(path, e));
    }
  }

  /** The same list exists in the order of how often each was seen, where nothing would be found. */
  private void check() throws IOException {
    String before = "";
    for (int i = 0; i < SAMPLES; i++) {
      String hash = lineAt(size / SAMPLES * i).hash();
      if (hash.compareTo(before) < 0) {
        throw new IOException("its lines are not in the order of the hashes");
      }
      before = hash;
    }
  }

  boolean contains(String password) throws IOException {
    String hash = HexFormat.of().withUpperCase().formatHex(sha1(OpaqueString.of(password)));
    long low = 0;
    long high = size;
    while (low < high) {
      Line line = lineAt(low + (high - low) / 2);
      int order = line.hash().compareTo(hash);
      if (order == 0) {
        return true;
      } else if (order < 0) {
        low = line.next();
      } else {
        high = line.begin();
      }
    }
    return false;
  }

  private static byte[] sha1(String text) {
    try {
      return MessageDigest.getInstance("SHA-1").digest(text.getBytes(UTF_8));
    } catch (NoSuchAlgorithmException e) {
      throw new IllegalStateException("Each Java platform has SHA-1", e);
    }
  }

  /** The line to which the byte belongs. */
  private Line lineAt(long position) throws IOException {
    long from = Math.max(0, position - LONGEST);
    String around = read(from, position + LONGEST);
    int at = (int) (position - from);
    int begin = at == 0 ? 0 : around.lastIndexOf('\n', at - 1) + 1;
    int end = around.indexOf('\n', at);
    String line = around.substring(begin, end < 0 ? around.length() : end);
    if (!LINE.matcher(line).matches()) {
      throw new IOException("there is no line with a SHA-1 at byte " + position);
    }
    return new Line(from + begin, from + begin + line.length() + 1, line.substring(0, HASH));
  }

  private String read(long from, long to) throws IOException {
    ByteBuffer bytes = ByteBuffer.allocate((int) (Math.min(to, size) - from));
    while (bytes.hasRemaining()) {
      if (file.read(bytes, from + bytes.position()) < 0) {
        throw new EOFException("it has become shorter");
      }
    }
    return new String(bytes.array(), US_ASCII);
  }

  @Override
  public void close() {
    try {
      file.close();
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }
}
