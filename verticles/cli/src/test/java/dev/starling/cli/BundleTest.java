package dev.starling.cli;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.io.InputStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import java.security.MessageDigest;
import java.util.Base64;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.stream.Collectors;
import java.util.stream.Stream;
import java.util.zip.ZipEntry;
import java.util.zip.ZipFile;
import org.junit.jupiter.api.DisplayName;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class BundleTest {
  @TempDir private Path home;

  private Map<String, String> bundle(OpsServer server) throws IOException {
    Path file = home.resolve("b.zip");
    Typed.Result result = Typed.at(server, home).run("bundle", "--output", file.toString());
    assertThat(result.exit()).as(result.err()).isZero();
    Map<String, String> files = new LinkedHashMap<>();
    try (ZipFile zip = new ZipFile(file.toFile())) {
      for (ZipEntry entry : zip.stream().toList()) {
        try (InputStream in = zip.getInputStream(entry)) {
          files.put(entry.getName().replaceFirst(".*/", ""), new String(in.readAllBytes(), UTF_8));
        }
      }
    }
    return files;
  }

  private static String events(String text, String by) {
    return Json.write(
        Json.object(
            "events",
            List.of(
                Json.object(
                    "id",
                    "1",
                    "at",
                    "2026-11-26T10:00:00Z",
                    "node",
                    "n1",
                    "kind",
                    "order",
                    "subject",
                    "limits",
                    "text",
                    text,
                    "by",
                    by))));
  }

  @Test
  void holdsAllViewsAsJsonAndAPageOfThem() throws Exception {
    try (OpsServer server = new OpsServer("degraded")) {
      Map<String, String> files = bundle(server);
      assertThat(files.keySet())
          .containsExactly(
              "index.html",
              "status.json",
              "nodes.json",
              "services.json",
              "breakers.json",
              "instances.json",
              "events.json",
              "series.json",
              "load.json",
              "desired.json",
              "limits.json",
              "configuration.json",
              "calls-failed.json",
              "calls-slow.json",
              "doctor.json",
              "about.json",
              "metrics.txt");
      for (Map.Entry<String, String> file : files.entrySet()) {
        if (file.getKey().endsWith(".json")) {
          assertThat(Json.read(file.getValue()).members()).as(file.getKey()).isNotEmpty();
        }
      }
      Json status = Json.read(server.recorded("status"));
      assertThat(files.get("index.html"))
          .contains(Markup.text(status.text("sentence")))
          .contains("user.login, calls at most 6.0 /s, failed at most 1.0 /s")
          .contains("n1, processor at most 13 %")
          .contains("starling_flock_node_up{node=&quot;n1&quot;} 1.0")
          .doesNotContain("Not to be had");
      assertThat(files.get("doctor.json")).contains("\"findings\"");
      assertThat(Files.getPosixFilePermissions(home.resolve("b.zip")))
          .isEqualTo(PosixFilePermissions.fromString("rw-------"));
    }
  }

  @Test
  void showsTheTracesOfCalls() throws Exception {
    try (OpsServer server = new OpsServer("healthy")) {
      assertThat(bundle(server).get("index.html")).contains("2890483a5f3b2eab3c0d8e9d5dc5e020");
    }
  }

  @Test
  void showsAllThatTheDoctorSays() throws Exception {
    try (OpsServer server = new OpsServer("healthy")) {
      server.answer(
          "nodes", server.recorded("nodes").replace("\"fenced\":false", "\"fenced\":true"));
      Map<String, String> files = bundle(server);
      List<Json> findings = Json.read(files.get("doctor.json")).list("findings");
      assertThat(findings).anyMatch(finding -> finding.has("why"));
      for (Json finding : findings) {
        String cells =
            Stream.of("severity", "check", "what", "why", "remedy")
                .map(member -> "<td>" + Markup.text(finding.text(member)) + "</td>")
                .collect(Collectors.joining("", "<tr>", "</tr>"));
        assertThat(files.get("index.html")).contains(cells);
      }
    }
  }

  @Test
  void replacesAFileAndLeavesADirectoryAlone() throws Exception {
    try (OpsServer server = new OpsServer("healthy")) {
      Path old = Files.writeString(home.resolve("b.zip"), "old");
      Files.setPosixFilePermissions(old, PosixFilePermissions.fromString("rw-r--r--"));
      assertThat(bundle(server)).containsKey("index.html");
      assertThat(Files.getPosixFilePermissions(old))
          .isEqualTo(PosixFilePermissions.fromString("rw-------"));

      Path directory = Files.createDirectory(home.resolve("empty"));
      Typed.Result result = Typed.at(server, home).run("bundle", "--output", directory.toString());
      assertThat(result.exit()).isEqualTo(Exit.NOT_WELL);
      assertThat(result.err()).contains("it is a directory");
      assertThat(directory).isEmptyDirectory();
      assertThat(home).isDirectoryNotContaining("glob:**.starling-*");
    }
  }

  @Test
  void goesOnWithoutWhatCannotBeHad() throws Exception {
    try (OpsServer server = new OpsServer("healthy")) {
      server.answer("load", "no JSON").answer("limits", "{}").answer("nodes", "[1]");
      Map<String, String> files = bundle(server);
      assertThat(files).doesNotContainKey("load.json").containsKey("series.json");
      assertThat(files.get("index.html")).contains("Not to be had: load");
    }
  }

  @Test
  @DisplayName("The page needs no script, asks for nothing and lets nothing of others be markup")
  void letsNothingOfOthersBeMarkup() throws Exception {
    String hostile = "</style><script>alert(1)</script><img src=x onerror='alert(1)'>\" a=\"&amp;";
    try (OpsServer server = new OpsServer("healthy")) {
      String node = "{\"nodes\":[{\"name\":" + Json.write(hostile) + ",\"state\":\"up\"}]}";
      server.answer("events", events(hostile, hostile)).answer("nodes", node);
      server.answer("series", "{" + Json.write(hostile) + ":{\"calls\":[1],\"failed\":[0]}}");
      String page = bundle(server).get("index.html");
      assertThat(page).contains("&lt;/style&gt;&lt;script&gt;alert(1)&lt;/script&gt;");
      assertThat(page.split("</style>")).hasSize(2);
      assertThat(Pattern.compile("<[a-zA-Z][^>]*>").matcher(page).results())
          .extracting(tag -> tag.group().replaceAll("\"[^\"]*\"", "\"\""))
          .hasSizeGreaterThan(100)
          .noneMatch(tag -> tag.matches("(?i)<(script|img|a|link|iframe|object|base|form)\\b.*"))
          .noneMatch(tag -> tag.matches("(?is).*\\s(src|href|style|on\\w+)\\s*=.*"));
      Matcher style = Pattern.compile("(?s)<style>(.*)</style>").matcher(page);
      assertThat(style.find()).isTrue();
      byte[] hash = MessageDigest.getInstance("SHA-256").digest(style.group(1).getBytes(UTF_8));
      assertThat(page)
          .contains(
              "content=\"default-src 'none'; style-src 'sha256-"
                  + Base64.getEncoder().encodeToString(hash)
                  + "'; base-uri 'none'; form-action 'none'\"");
    }
  }

  @ParameterizedTest
  @DisplayName("What looks like a secret or an e-mail address is masked in each file")
  @ValueSource(
      strings = {
        "ada.lovelace@mail.example",
        "eyJhbGciOiJFUzI1NiJ9.eyJzdWIiOiJjYW5hcnkifQ.c2lnbmF0dXJlLW9mLWNhbmFyeQ",
        "rt_canaryCanary0123456789",
        "$argon2id$v=19$m=19456,t=2,p=1$Y2FuYXJ5$Y2FuYXJ5Y2FuYXJ5",
        "0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef",
        "q7Zr0xV9bT2nLk5Jw8Hs3Gd6Fa1Pc4Ye-Um_Ri0oXzB"
      })
  void masksSecrets(String secret) throws Exception {
    try (OpsServer server = new OpsServer("healthy")) {
      server.answer("events", events("failed: " + secret + ", again", "of " + secret));
      for (Map.Entry<String, String> file : bundle(server).entrySet()) {
        assertThat(file.getValue()).as(file.getKey()).doesNotContain(secret, "canary");
      }
    }
  }

  @Test
  void masksWhatIsNamedLikeASecretAndNothingElse() throws Exception {
    Redaction redaction = new Redaction(Set.of("n1.example.com"));
    assertThat(
            redaction.json(Json.read("{\"a\":[{\"password\":\"x\",\"userToken\":\"y\"}]}")).value())
        .hasToString("{a=[{password=******, userToken=******}]}");
    assertThat(redaction.text("url postgres://ada:pass@h/db password=x, Bearer 0123456789"))
        .isEqualTo("url postgres://ada:******@h/db password=******, Bearer ******");
    assertThat(redaction.text("password: hunter2, Password = x; {\"password\":\"x\"}"))
        .isEqualTo("password: ******, Password = ******; {\"password\":\"******\"}");
    assertThat(redaction.text("{\"dbSecret\" : \"two, words\",\"a\":\"b\"}"))
        .isEqualTo("{\"dbSecret\" : \"******\",\"a\":\"b\"}");
    for (String kept :
        List.of(
            "user@n1.example.com",
            "user@n2",
            "2890483a5f3b2eab3c0d8e9d5dc5e020",
            "7b6f0c39-6f4e-4b8e-9c57-3c0b2a1d9e11",
            "starling_flock_operations_seconds_bucket{le=\"0.01\"} 3",
            "2026-11-26T10:00:00.123456Z",
            "user.access-token-life",
            "the operator's token is in /home/ada/.starling/secrets/operator")) {
      assertThat(redaction.text(kept)).isEqualTo(kept);
    }
  }

  @Test
  @Timeout(20)
  void masksLongTextsInTime() {
    String gap = " ".repeat(1_000_000);
    String text = "password".repeat(100) + gap + "token \"".repeat(100_000) + "secret =" + gap;
    assertThat(new Redaction(Set.of()).text(text)).isEqualTo(text);
  }

  @Test
  void neverShowsTheOperatorsToken() throws Exception {
    try (OpsServer server = new OpsServer("healthy")) {
      bundle(server)
          .forEach((name, text) -> assertThat(text).as(name).doesNotContain(OpsServer.TOKEN));
    }
  }

  @Test
  void saysWhoGivesAnOrder() throws Exception {
    try (OpsServer server = new OpsServer("healthy")) {
      Typed typed = Typed.at(server, home);
      typed.run("node", "drain", "n2");
      typed.run("node", "drain", "n2", "--as", "Åsa 李");
      typed.run("--as", "bob", "limits", "reset");
      assertThat(server.operators())
          .containsExactly(System.getProperty("user.name"), "%C3%85sa%20%E6%9D%8E", "bob");
    }
  }
}
