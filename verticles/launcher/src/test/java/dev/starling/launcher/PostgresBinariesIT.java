package dev.starling.launcher;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.io.ByteArrayInputStream;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.InputStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import org.apache.commons.compress.archivers.tar.TarArchiveEntry;
import org.apache.commons.compress.archivers.tar.TarArchiveOutputStream;
import org.apache.commons.compress.archivers.tar.TarConstants;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;
import org.tukaani.xz.LZMA2Options;
import org.tukaani.xz.XZOutputStream;

class PostgresBinariesIT {
  @TempDir Path directory;
  private Path into;

  @BeforeEach
  void createsTheFolder() throws IOException {
    into = Files.createDirectory(directory.resolve("into"));
  }

  @Test
  void keepsExecutableBitsAndLinks() throws Exception {
    TarArchiveEntry program = file("bin/program", "run");
    program.setMode(0755);
    TarArchiveEntry link = new TarArchiveEntry("lib/libx.so", TarConstants.LF_SYMLINK);
    link.setLinkName("libx.so.1");
    PostgresBinaries.extract(archive(program, file("lib/libx.so.1", "text"), link), into);

    assertThat(into.resolve("bin/program")).isExecutable().hasContent("run");
    assertThat(Files.isExecutable(into.resolve("lib/libx.so.1"))).isFalse();
    assertThat(into.resolve("lib/libx.so")).isSymbolicLink().hasContent("text");
  }

  @ParameterizedTest
  @ValueSource(strings = {"../evil", "bin/../../evil", "../into-too/evil"})
  void refusesAFileOutside(String name) throws Exception {
    InputStream archive = archive(file(name, "text"));
    assertThatThrownBy(() -> PostgresBinaries.extract(archive, into))
        .isInstanceOf(IOException.class)
        .hasMessageContaining("entry " + name + " leaves " + into);
    assertThat(directory.resolve("evil")).doesNotExist();
  }

  @Test
  void refusesALinkToTheOutside() throws Exception {
    TarArchiveEntry link = new TarArchiveEntry("lib/up", TarConstants.LF_SYMLINK);
    link.setLinkName("../../other");
    InputStream archive = archive(link);
    assertThatThrownBy(() -> PostgresBinaries.extract(archive, into))
        .hasMessageContaining("entry lib/up leaves " + into);
  }

  @Test
  void redoesAHalfUnpackedFolder() throws Exception {
    Path half = Files.createDirectories(directory.resolve("binaries-17.6.0.partial-1/bin"));
    Files.writeString(half.resolve("postgres"), "half");

    Path binaries = PostgresBinaries.unpack(directory);
    assertThat(binaries.resolve("bin/postgres")).isExecutable();
    assertThat(half.getParent()).doesNotExist();
    Path marker = Files.createFile(binaries.resolve("marker"));
    assertThat(PostgresBinaries.unpack(directory)).isEqualTo(binaries);
    assertThat(marker).exists();
  }

  private static TarArchiveEntry file(String name, String content) {
    TarArchiveEntry entry = new TarArchiveEntry(name, true);
    entry.setMode(0644);
    entry.setSize(content.length());
    entry.setUserName(content);
    return entry;
  }

  private static InputStream archive(TarArchiveEntry... entries) throws IOException {
    ByteArrayOutputStream bytes = new ByteArrayOutputStream();
    try (TarArchiveOutputStream tar =
        new TarArchiveOutputStream(new XZOutputStream(bytes, new LZMA2Options()))) {
      for (TarArchiveEntry entry : entries) {
        tar.putArchiveEntry(entry);
        if (entry.isFile()) {
          tar.write(entry.getUserName().getBytes(StandardCharsets.US_ASCII));
        }
        tar.closeArchiveEntry();
      }
    }
    return new ByteArrayInputStream(bytes.toByteArray());
  }
}
