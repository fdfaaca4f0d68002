package dev.starling.cli;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

/** Requests from what is typed. */
class FieldsTest {
  private static final String SCHEMA =
      """
      {"type":"object","properties":{"text":{"type":"string"},"maybe":{"type":["string","null"]},
       "count":{"type":"integer"},"share":{"type":"number"},"on":{"type":"boolean"},
       "list":{"type":"array","items":{"type":"string"}},"object":{"type":"object"},"any":{},
       "kind":{"enum":["a","b"]},"far":{"$ref":"#/$defs/Far"}},
       "$defs":{"Far":{"type":"integer"}}}
      """;

  @TempDir private Path home;
  private Operation operation;

  @BeforeEach
  void read() throws IOException {
    operation =
        new Operation(Json.read("{\"service\":\"a\",\"name\":\"b\"}"), Json.read(SCHEMA), null);
  }

  private Fields fields(String input) {
    ByteArrayOutputStream nowhere = new ByteArrayOutputStream();
    return new Fields(operation, new Typed(home).input(input).session(nowhere, nowhere));
  }

  private String request(String... pairs) {
    return Json.write(fields("").request(List.of(pairs), null));
  }

  @ParameterizedTest
  @CsvSource(
      delimiter = ' ',
      quoteCharacter = '~',
      value = {
        "text=7 {\"text\":\"7\"}",
        "text=true {\"text\":\"true\"}",
        "text= {\"text\":\"\"}",
        "text=a=b {\"text\":\"a=b\"}",
        "text=@@home {\"text\":\"@home\"}",
        "maybe=null {\"maybe\":null}",
        "maybe=7 {\"maybe\":\"7\"}",
        "count=7 {\"count\":7}",
        "count=12345678901234567890 {\"count\":12345678901234567890}",
        "share=0.5 {\"share\":0.5}",
        "share=1 {\"share\":1}",
        "on=true {\"on\":true}",
        "list=[\"a\"] {\"list\":[\"a\"]}",
        "object={\"a\":1} {\"object\":{\"a\":1}}",
        "any=1 {\"any\":1}",
        "any=x {\"any\":\"x\"}",
        "kind=a {\"kind\":\"a\"}",
        "far=7 {\"far\":7}",
      })
  void haveTheTypeThatTheSchemaSays(String pair, String expected) {
    assertThat(request(pair)).isEqualTo(expected);
  }

  @ParameterizedTest
  @ValueSource(
      strings = {
        "count=x",
        "count=1.5",
        "count=",
        "share=x",
        "on=yes",
        "list=a",
        "object=[]",
        "far=x",
        "unknown=1",
        "text",
        "=1",
        ""
      })
  void areRefusedBeforeAnythingIsSent(String pair) {
    assertThatThrownBy(() -> request(pair))
        .isInstanceOfSatisfying(Failure.class, f -> assertThat(f.exit()).isEqualTo(Exit.USAGE));
  }

  @Test
  void areGivenOnce() {
    assertThatThrownBy(() -> request("text=a", "text=b")).hasMessageContaining("twice");
  }

  @Test
  void comeFromFilesAndFromStandardInput() throws IOException {
    Path file = Files.writeString(home.resolve("secret"), "from a file\n");
    assertThat(Json.write(fields("typed\n\n").request(List.of("text=@-", "maybe=@" + file), null)))
        .isEqualTo("{\"text\":\"typed\\n\",\"maybe\":\"from a file\"}");
  }

  @Test
  void areAllInTheBodyInstead() {
    assertThat(Json.write(fields("{\"x\":[1]}").request(List.of(), "@-"))).isEqualTo("{\"x\":[1]}");
    for (String bad : List.of("[]", "{", "{} {}", "x")) {
      assertThatThrownBy(() -> fields("").request(List.of(), bad))
          .isInstanceOf(Failure.class)
          .hasMessageContaining("no JSON object");
    }
  }
}
