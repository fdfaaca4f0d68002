package dev.starling.user.service;

import com.sun.jna.Native;
import com.sun.jna.NativeLibrary;
import com.sun.jna.Platform;
import java.io.FileNotFoundException;
import java.io.IOException;
import java.io.InputStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.util.Map;
import java.util.Optional;

/**
 * Computes Argon2id with libsodium's SIMD code, in little more than half the CPU time of Bouncy
 * Castle ({@link Calibration} measures both).
 *
 * <p>Of the lazysodium jar only the library itself is used: its classes want Java 21, and bind
 * every function at start, where two are needed. libsodium maps its memory afresh for each hash,
 * and there is no way to hand it any; that is 40 % of its time where the kernel gives huge pages
 * only to those who ask (transparent_hugepage/enabled = madvise).
 */
final class SodiumArgon2 implements Argon2 {

  /**
   * JNA's platform to the library's place in the lazysodium jar; size_t is bound as long, so 64-bit
   * ones only.
   */
  private static final Map<String, String> LIBRARIES =
      Map.of(
          "linux-x86-64", "linux64/libsodium.so",
          "linux-aarch64", "arm64/libsodium.so",
          "darwin-x86-64", "mac/libsodium.dylib",
          "darwin-aarch64", "mac_arm/libsodium.dylib",
          "win32-x86-64", "windows64/libsodium.dll");

  private static final int ARGON2ID13 = 2;
  private static final int SALT_BYTES = 16;

  private final Argon2 rest;

  private SodiumArgon2(Argon2 rest) {
    this.rest = rest;
  }

  /**
   * Empty where the library is not to be had or does not load, such as on musl or with a temporary
   * folder mounted noexec.
   *
   * @param rest computes what libsodium does not
   */
  static Optional<SodiumArgon2> load(Argon2 rest) {
    try {
      return Library.READY ? Optional.of(new SodiumArgon2(rest)) : Optional.empty();
    } catch (LinkageError e) {
      return Optional.empty();
    }
  }

  @Override
  public String name() {
    return "libsodium";
  }

  @Override
  public byte[] tag(byte[] input, byte[] salt, Cost cost, int length) {
    if (cost.lanes() != 1 || salt.length != SALT_BYTES) {
      return rest.tag(input, salt, cost, length);
    }
    byte[] tag = new byte[length];
    int result =
        Library.crypto_pwhash(
            tag,
            length,
            input,
            input.length,
            salt,
            cost.iterations(),
            cost.memory() * 1024L,
            ARGON2ID13);
    if (result != 0) {
      throw new IllegalStateException(
          "libsodium could not compute a hash of "
              + cost
              + "; is there that much memory (KiB) left?");
    }
    return tag;
  }

  private static final class Library {

    static final boolean READY = bind();

    private static boolean bind() {
      String resource = LIBRARIES.get(Platform.RESOURCE_PREFIX);
      if (resource == null) {
        return false;
      }
      try {
        Path file =
            Files.createTempFile("starling", resource.substring(resource.lastIndexOf('/') + 1));
        try {
          copy(resource, file);
          Native.register(Library.class, NativeLibrary.getInstance(file.toString()));
        } finally {
          remove(file);
        }
        return sodium_init() >= 0;
      } catch (IOException e) {
        return false;
      }
    }

    private static void copy(String resource, Path file) throws IOException {
      try (InputStream in = SodiumArgon2.class.getClassLoader().getResourceAsStream(resource)) {
        if (in == null) {
          throw new FileNotFoundException(resource);
        }
        Files.copy(in, file, StandardCopyOption.REPLACE_EXISTING);
      }
    }

    /** Windows keeps a loaded library's file until the process ends. */
    private static void remove(Path file) throws IOException {
      if (Platform.isWindows()) {
        file.toFile().deleteOnExit();
      } else {
        Files.delete(file);
      }
    }

    static native int sodium_init();

    static native int crypto_pwhash(
        byte[] out,
        long outLength,
        byte[] password,
        long passwordLength,
        byte[] salt,
        long iterations,
        long memory,
        int algorithm);
  }
}
