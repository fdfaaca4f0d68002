package dev.starling.user.service;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.io.IOException;
import java.lang.management.ManagementFactory;
import java.lang.management.ThreadMXBean;
import java.nio.file.Files;
import java.nio.file.Path;
import java.security.MessageDigest;
import java.util.HexFormat;
import java.util.List;
import java.util.Random;
import java.util.function.Function;
import java.util.stream.Collectors;
import java.util.stream.IntStream;
import org.junit.jupiter.api.DisplayName;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class BreachedPasswordsTest {
  @TempDir Path directory;

  private static String sha1(String password) {
    try {
      byte[] hash = MessageDigest.getInstance("SHA-1").digest(password.getBytes(UTF_8));
      return HexFormat.of().withUpperCase().formatHex(hash);
    } catch (java.security.NoSuchAlgorithmException e) {
      throw new AssertionError(e);
    }
  }

  private Path file(List<String> passwords, Function<String, String> line) throws IOException {
    String lines =
        passwords.stream()
            .map(BreachedPasswordsTest::sha1)
            .sorted()
            .map(line)
            .collect(Collectors.joining());
    return Files.writeString(directory.resolve("breached"), lines);
  }

  private static List<String> numbered(int count) {
    return IntStream.range(0, count).mapToObj(i -> "breached " + i).toList();
  }

  @ParameterizedTest
  @ValueSource(ints = {1, 2, 3, 63, 64, 65, 2_000})
  @DisplayName("PW7 finds each password of the file, and no other")
  void finds(int count) throws IOException {
    Random random = new Random(count);
    List<Function<String, String>> forms =
        List.of(
            hash -> hash + "\n",
            hash -> hash + ":" + random.nextInt(1 << random.nextInt(31)) + "\n",
            hash -> hash + ":" + random.nextInt(1 << random.nextInt(31)) + "\r\n");
    for (Function<String, String> form : forms) {
      try (BreachedPasswords breached = BreachedPasswords.open(file(numbered(count), form))) {
        for (int i = 0; i < count; i++) {
          assertThat(breached.contains("breached " + i)).isTrue();
          assertThat(breached.contains("not breached " + i)).isFalse();
        }
      }
    }
  }

  @Test
  @DisplayName("PW7 the last line needs no end")
  void needsNoLastEnd() throws IOException {
    Path file = Files.writeString(directory.resolve("one"), sha1("one"));
    try (BreachedPasswords breached = BreachedPasswords.open(file)) {
      assertThat(breached.contains("one")).isTrue();
      assertThat(breached.contains("two")).isFalse();
    }
  }

  @Test
  @DisplayName("PW4 PW7 what is composed differently is the same")
  void composes() throws IOException {
    try (BreachedPasswords breached =
        BreachedPasswords.open(file(List.of("caf\u00e9"), hash -> hash + "\n"))) {
      assertThat(breached.contains("cafe\u0301")).isTrue();
    }
  }

  @Test
  @DisplayName("PW7 a look-up among 200,000 takes less than a millisecond")
  void isFast() throws IOException {
    int lookUps = 2_000;
    try (BreachedPasswords breached =
        BreachedPasswords.open(file(numbered(200_000), hash -> hash + ":1\n"))) {
      ThreadMXBean threads = ManagementFactory.getThreadMXBean();
      long begun = threads.getCurrentThreadCpuTime();
      for (int i = 0; i < lookUps; i++) {
        assertThat(breached.contains("breached " + i)).isTrue();
      }
      assertThat((threads.getCurrentThreadCpuTime() - begun) / lookUps).isLessThan(1_000_000);
    }
  }

  @Test
  @DisplayName("PW7 a file that is missing, or is none, is refused by the name of the setting")
  void refusesWhatIsNoSuchFile() throws IOException {
    Path missing = directory.resolve("missing");
    assertRefused(missing, "NoSuchFileException");
    assertRefused(directory, "");
    assertRefused(Files.writeString(missing, ""), "no line with a SHA-1 at byte 0");
    assertRefused(Files.writeString(missing, sha1("a").toLowerCase() + "\n"), "no line");
    assertRefused(Files.writeString(missing, "password\n123456\n".repeat(1_000)), "no line");
    assertRefused(Files.writeString(missing, "0".repeat(10_000)), "no line");
  }

  @Test
  @DisplayName("PW7 a file in another order than that of the hashes is refused")
  void refusesAnotherOrder() throws IOException {
    String lines =
        numbered(10_000).stream()
            .map(password -> sha1(password) + ":9\n")
            .collect(Collectors.joining());

    assertRefused(Files.writeString(directory.resolve("by-count"), lines), "not in the order");
  }

  private static void assertRefused(Path file, String reason) {
    assertThatThrownBy(() -> BreachedPasswords.open(file))
        .isInstanceOf(IllegalArgumentException.class)
        .hasMessageStartingWith("user.breached-passwords " + file + " cannot be used: ")
        .hasMessageContaining(reason);
  }

  @Test
  @DisplayName("PW7 a file that is cut off while it is used fails the look-up, it does not pass it")
  void failsWhenTheFileShrinks() throws IOException {
    Path file = file(numbered(1_000), hash -> hash + "\n");
    try (BreachedPasswords breached = BreachedPasswords.open(file)) {
      Files.writeString(file, "");
      assertThatThrownBy(() -> breached.contains("breached 1")).isInstanceOf(IOException.class);
    }
  }
}
