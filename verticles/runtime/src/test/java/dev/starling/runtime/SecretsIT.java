package dev.starling.runtime;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.starling.runtime.Secrets.SecretsException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import java.util.ArrayList;
import java.util.HexFormat;
import java.util.List;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import org.junit.jupiter.api.DisplayName;
import org.junit.jupiter.api.RepeatedTest;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class SecretsIT {
  @TempDir private Path directory;

  @Test
  @DisplayName("TL4 makes a secret of 256 bits that only its owner reads")
  void makesASecretThatOnlyItsOwnerReads() throws Exception {
    Path nested = directory.resolve("state/secrets");
    Secrets secrets = Secrets.in(nested, true);

    byte[] bytes = secrets.bytes(Secrets.PEPPER);

    assertThat(bytes).hasSize(32);
    assertThat(Files.readString(nested.resolve("pepper")))
        .isEqualTo(HexFormat.of().formatHex(bytes));
    assertThat(permissions(nested.resolve("pepper"))).isEqualTo("rw-------");
    assertThat(permissions(nested)).isEqualTo("rwx------");
    assertThat(secrets.bytes(Secrets.CLUSTER)).isNotEqualTo(bytes);
  }

  @RepeatedTest(5)
  void makesASecretOnceWhenEightStartTogether() throws Exception {
    CountDownLatch gate = new CountDownLatch(1);
    ExecutorService threads = Executors.newFixedThreadPool(8);
    List<Future<byte[]>> read = new ArrayList<>();
    for (int i = 0; i < 8; i++) {
      read.add(
          threads.submit(
              () -> {
                gate.await();
                return Secrets.in(directory, true).bytes(Secrets.PEPPER);
              }));
    }
    gate.countDown();
    threads.shutdown();

    for (Future<byte[]> one : read) {
      assertThat(one.get()).isEqualTo(read.get(0).get());
    }
    try (var files = Files.list(directory)) {
      assertThat(files).containsExactly(directory.resolve("pepper"));
    }
  }

  @Test
  void keepsASecretThatIsThere() {
    byte[] first = Secrets.in(directory, true).bytes(Secrets.PEPPER);

    assertThat(Secrets.in(directory, true).bytes(Secrets.PEPPER)).isEqualTo(first);
    assertThat(Secrets.in(directory, false).bytes(Secrets.PEPPER)).isEqualTo(first);
  }

  @Test
  void makesNoneWhereThatIsNotAllowed() {
    Secrets secrets = Secrets.in(directory.resolve("none"), false);

    assertThatThrownBy(() -> secrets.bytes(Secrets.PEPPER))
        .isInstanceOf(SecretsException.class)
        .hasMessageContaining(directory.resolve("none/pepper") + " is missing")
        .hasMessageContaining("secrets.directory");
    assertThat(directory).isEmptyDirectory();
  }

  @ParameterizedTest
  @ValueSource(strings = {"rw-r-----", "rw----r--", "rw--w----", "rwxrwxrwx"})
  @DisplayName("TL4 refuses a secret that others may touch")
  void refusesASecretThatOthersMayTouch(String permissions) throws Exception {
    Secrets secrets = Secrets.in(directory, true);
    Path file = secrets.file(Secrets.PEPPER);
    Files.setPosixFilePermissions(file, PosixFilePermissions.fromString(permissions));
    String content = Files.readString(file);

    assertThatThrownBy(() -> secrets.bytes(Secrets.PEPPER))
        .isInstanceOf(SecretsException.class)
        .hasMessageContaining("chmod 600")
        .hasMessageNotContaining(content);
  }

  @ParameterizedTest
  @ValueSource(strings = {"", "change-me", "00", "zz", "\u00e9"})
  @DisplayName("TL4 refuses what is not 256 bits, examples too")
  void refusesWhatIsNo256Bits(String content) throws Exception {
    for (String text : List.of(content, content.repeat(32), "0".repeat(66), "0".repeat(62))) {
      if (text.equals("0".repeat(64))) {
        continue;
      }
      assertThatThrownBy(() -> secretsWith(text.getBytes()).bytes(Secrets.PEPPER))
          .isInstanceOf(SecretsException.class)
          .hasMessageContaining("64 hexadecimal digits")
          .hasMessageNotContaining("change-me");
    }
  }

  @ParameterizedTest
  @ValueSource(strings = {"00", "ff", "ab", "deadbeef", "01234567"})
  @DisplayName("TL4 refuses an example of the right length")
  void refusesAnExample(String repeated) {
    String example = repeated.repeat(64 / repeated.length());

    assertThatThrownBy(() -> secretsWith(example.getBytes()).bytes(Secrets.PEPPER))
        .isInstanceOf(SecretsException.class)
        .hasMessageContaining("holds an example")
        .hasMessageNotContaining(repeated + repeated);
  }

  @Test
  void refusesAFileThatIsNoText() {
    assertThatThrownBy(() -> secretsWith(new byte[] {(byte) 0xff, 0, 1}).bytes(Secrets.PEPPER))
        .isInstanceOf(SecretsException.class)
        .hasMessageContaining("64 hexadecimal digits");
  }

  @Test
  void readsAFileThatAnEditorEndedWithALine() throws Exception {
    String hex = "0123456789abcdef".repeat(4);

    assertThat(secretsWith((hex + "\n").getBytes()).bytes(Secrets.PEPPER))
        .isEqualTo(HexFormat.of().parseHex(hex));
  }

  @Test
  void refusesADirectoryThatIsAFile() throws Exception {
    Path file = Files.createFile(directory.resolve("file"));

    assertThatThrownBy(() -> Secrets.in(file, true))
        .isInstanceOf(SecretsException.class)
        .hasMessage("secrets.directory " + file + " is not a directory");
  }

  @Test
  void tellsItselfFromOthersByAFingerprint() {
    Secrets secrets = Secrets.in(directory.resolve("a"), true);
    String fingerprint = secrets.fingerprint();

    assertThat(fingerprint).matches("[0-9a-f]{16}").isEqualTo(secrets.fingerprint());
    assertThat(Secrets.in(directory.resolve("a"), false).fingerprint()).isEqualTo(fingerprint);
    assertThat(Secrets.in(directory.resolve("b"), true).fingerprint()).isNotEqualTo(fingerprint);
    assertThat(HexFormat.of().formatHex(secrets.bytes(Secrets.PEPPER))).doesNotContain(fingerprint);
  }

  @Test
  @DisplayName("TL6 another secret counts where there is a file of it, and is never made")
  void readsTheOther() throws java.io.IOException {
    Secrets secrets = Secrets.in(directory, true);
    byte[] first = secrets.bytes(Secrets.PEPPER);
    assertThat(secrets.all(Secrets.PEPPER)).containsExactly(first);
    assertThat(directory.resolve("pepper.other")).doesNotExist();

    byte[] other = secrets.bytes("another");
    Files.move(directory.resolve("another"), directory.resolve("pepper.other"));
    assertThat(secrets.all(Secrets.PEPPER)).containsExactly(first, other);
    Files.setPosixFilePermissions(
        directory.resolve("pepper.other"), PosixFilePermissions.fromString("rw-r--r--"));
    assertThatThrownBy(() -> secrets.all(Secrets.PEPPER)).isInstanceOf(SecretsException.class);
  }

  @Test
  @DisplayName("TL6 nodes agree when each can read what the other makes")
  void tellsWhoCanReadWhatIsMade() throws java.io.IOException {
    Secrets secrets = Secrets.in(directory.resolve("a"), true);
    String before = secrets.fingerprint();
    Path pepper = directory.resolve("a/pepper");
    Path other = directory.resolve("a/pepper.other");
    Path next = Secrets.in(directory.resolve("b"), true).file(Secrets.PEPPER);

    move(next, other);
    String both = secrets.fingerprint();
    move(other, directory.resolve("new"));
    move(pepper, other);
    move(directory.resolve("new"), pepper);
    String swapped = secrets.fingerprint();
    Files.delete(other);
    String after = secrets.fingerprint();

    assertThat(both).startsWith(before).hasSize(33);
    assertThat(agree(before, both)).isTrue();
    assertThat(agree(both, swapped)).isTrue();
    assertThat(agree(swapped, after)).isTrue();
    assertThat(agree(before, swapped)).as("the first cannot read what the second makes").isFalse();
    assertThat(agree(both, after)).as("the second cannot read what the first makes").isFalse();
    assertThat(agree(before, after)).isFalse();
  }

  private static void move(Path from, Path to) throws java.io.IOException {
    Files.move(from, to, java.nio.file.StandardCopyOption.REPLACE_EXISTING);
  }

  private static boolean agree(String one, String other) {
    boolean agree = Secrets.agree(one, other);
    assertThat(Secrets.agree(other, one)).isEqualTo(agree);
    return agree;
  }

  private Secrets secretsWith(byte[] content) throws java.io.IOException {
    Secrets secrets = Secrets.in(directory, true);
    Files.write(secrets.file(Secrets.PEPPER), content);
    return secrets;
  }

  private static String permissions(Path path) throws java.io.IOException {
    return PosixFilePermissions.toString(Files.getPosixFilePermissions(path));
  }
}
