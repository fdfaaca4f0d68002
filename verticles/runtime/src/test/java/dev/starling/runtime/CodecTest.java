package dev.starling.runtime;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.catchThrowableOfType;

import com.fasterxml.jackson.annotation.JsonProperty;
import io.vertx.core.buffer.Buffer;
import jakarta.validation.Valid;
import jakarta.validation.constraints.Max;
import jakarta.validation.constraints.NotBlank;
import jakarta.validation.constraints.NotNull;
import jakarta.validation.constraints.Size;
import java.nio.charset.StandardCharsets;
import java.util.HexFormat;
import java.util.List;
import java.util.Map;
import java.util.UUID;
import org.junit.jupiter.api.Nested;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

class CodecTest {
  private enum Colour {
    RED,
    GREEN
  }

  private record Part(@NotBlank String name, Integer count) {}

  private record All(
      String text,
      Integer whole,
      Long wide,
      Double real,
      Boolean flag,
      UUID id,
      Colour colour,
      Part part,
      List<Part> parts) {}

  private record Rules(
      @NotNull @Size(min = 2, max = 3) String text,
      @Max(9) int whole,
      @Valid Part part,
      @Valid List<Part> parts,
      List<@NotBlank String> names,
      Map<String, @Valid Part> byName) {}

  private record Primitive(int whole) {}

  private record Nothing() {}

  private record Renamed(@JsonProperty("other_name") @NotNull @Size(min = 2) String name) {}

  private record Stripped(String name) {
    Stripped {
      name = name.strip();
      if (name.isEmpty()) {
        throw new IllegalArgumentException("is only spaces");
      }
    }
  }

  private static final String ID = "8a9d2c38-4c0e-4e8e-9d7e-1f2a3b4c5d6e";

  @Test
  void readsEveryKindOfMember() {
    assertThat(
            read(
                """
                {"text":"\\ud83d\\ude00","whole":-1,"wide":9223372036854775807,"real":1,"flag":true,
                 "id":"%s","colour":"GREEN","part":{"name":"a","count":2},
                 "parts":[{"name":"b","count":3}]}"""
                    .formatted(ID)))
        .isEqualTo(
            new All(
                "\ud83d\ude00",
                -1,
                Long.MAX_VALUE,
                1.0,
                true,
                UUID.fromString(ID),
                Colour.GREEN,
                new Part("a", 2),
                List.of(new Part("b", 3))));
  }

  @ParameterizedTest
  @ValueSource(
      strings = {
        "",
        " ",
        "null",
        "true",
        "5",
        "\"text\"",
        "[]",
        "[{}]",
        "{",
        "{}}",
        "{} {}",
        "{},",
        "{}x",
        "{'text':\"a\"}",
        "{text:\"a\"}",
        "{\"text\":\"a\",}",
        "{\"text\":}",
        "{\"text\":\"a\"/**/}",
        "{\"text\":\"\u0001\"}",
        "{\"text\":\"\\x41\"}",
        "{\"whole\":NaN}",
        "{\"real\":Infinity}",
        "{\"whole\":01}",
        "{\"whole\":+1}",
        "{\"whole\":0x1}",
        "{\"real\":.5}"
      })
  void refusesWhatIsNoJsonObject(String body) {
    assertThat(refused(body).code()).isEqualTo(ErrorCode.MALFORMED);
    assertThat(refused(body, Map.of("flag", "true"), !body.isEmpty()).code())
        .isEqualTo(ErrorCode.MALFORMED);
  }

  @ParameterizedTest
  @CsvSource(
      delimiter = '|',
      quoteCharacter = '\0',
      value = {
        "{\"text\":5}                                | /text         | type",
        "{\"text\":true}                             | /text         | type",
        "{\"text\":[\"a\"]}                          | /text         | type",
        "{\"text\":{}}                               | /text         | type",
        "{\"text\":\"a\\u0000b\"}                    | /text         | text",
        "{\"text\":\"\\ud800\"}                      | /text         | text",
        "{\"text\":\"\\udc00\\ud800\"}               | /text         | text",
        "{\"text\":\"\\ud800x\"}                     | /text         | text",
        "{\"whole\":\"5\"}                           | /whole        | type",
        "{\"whole\":\"\"}                            | /whole        | type",
        "{\"whole\":1.0}                             | /whole        | type",
        "{\"whole\":1e2}                             | /whole        | type",
        "{\"whole\":true}                            | /whole        | type",
        "{\"whole\":[1]}                             | /whole        | type",
        "{\"whole\":2147483648}                      | /whole        | type",
        "{\"wide\":9223372036854775808}              | /wide         | type",
        "{\"real\":\"1\"}                            | /real         | type",
        "{\"flag\":1}                                | /flag         | type",
        "{\"flag\":\"true\"}                         | /flag         | type",
        "{\"id\":\"7\"}                              | /id           | format",
        "{\"id\":\"\"}                               | /id           | format",
        "{\"id\":\" 8a9d2c38-4c0e-4e8e-9d7e-1f2a3b4c5d6e\"} | /id    | format",
        "{\"id\":\"AAAAAAAAAAAAAAAAAAAAAA==\"}       | /id           | format",
        "{\"id\":5}                                  | /id           | type",
        "{\"colour\":\"BLUE\"}                       | /colour       | format",
        "{\"colour\":\"green\"}                      | /colour       | format",
        "{\"colour\":\"\"}                           | /colour       | format",
        "{\"colour\":\"1\"}                          | /colour       | format",
        "{\"colour\":1}                              | /colour       | type",
        "{\"part\":\"\"}                             | /part         | type",
        "{\"part\":\"a\"}                            | /part         | type",
        "{\"part\":[]}                               | /part         | type",
        "{\"part\":{\"count\":\"1\"}}                | /part/count   | type",
        "{\"part\":{\"more\":1}}                     | /part/more    | unknown",
        "{\"part\":{\"a/b~c\":1}}                    | /part/a~1b~0c | unknown",
        "{\"parts\":{}}                              | /parts        | type",
        "{\"parts\":\"\"}                            | /parts        | type",
        "{\"parts\":[{\"name\":\"a\"},{\"name\":1}]} | /parts/1/name | type",
        "{\"parts\":[{\"name\":\"a\"},5]}            | /parts/1      | type",
        "{\"more\":1}                                | /more         | unknown",
        "{\"Text\":\"a\"}                            | /Text         | unknown",
        "{\"\":1}                                    | /             | unknown",
      })
  void namesThePlaceAndTheRule(String body, String pointer, String rule) {
    assertThat(refused(body).code()).isEqualTo(ErrorCode.MALFORMED);
    assertThat(refused(body).errors())
        .singleElement()
        .satisfies(e -> assertThat(e.pointer()).isEqualTo(pointer))
        .satisfies(e -> assertThat(e.rule()).isIn(rule, "type", "format"))
        .satisfies(e -> assertThat(e.detail()).isNotBlank());
    assertThat(refused(body, Map.of("flag", "true"), !body.contains("flag")).errors())
        .extracting(FieldError::pointer)
        .containsExactly(pointer);
  }

  @Test
  void refusesAMemberThatIsGivenTwice() {
    for (String body :
        List.of(
            "{\"text\":\"a\",\"text\":\"b\"}",
            "{\"text\":\"a\",\"te\\u0078t\":\"a\"}",
            "{\"part\":{\"name\":\"a\",\"name\":\"b\"}}")) {
      assertThat(refused(body)).hasMessageContaining("a member is given twice");
      assertThat(refused(body, Map.of("flag", "true"), true))
          .hasMessageContaining("a member is given twice");
    }
  }

  @Test
  void refusesWhatIsNestedDeeply() {
    String deep = "{\"part\":" + "[".repeat(5000) + "]".repeat(5000) + "}";

    assertThat(refused(deep, Map.of("flag", "true"), true)).hasMessageContaining("deeper than 16");
    assertThat(refused(deep).code()).isEqualTo(ErrorCode.MALFORMED);
  }

  @Test
  void refusesAHugeNumber() {
    assertThat(refused("{\"wide\":" + "9".repeat(10_000) + "}").code())
        .isEqualTo(ErrorCode.MALFORMED);
    assertThat(refused("{\"wide\":1e999999999}").code()).isEqualTo(ErrorCode.MALFORMED);
  }

  @ParameterizedTest
  @ValueSource(
      strings = {
        "7b2274657874223a22ff227d", // a byte that UTF-8 does not have
        "7b2274657874223a22c3227d", // a sequence cut short
        "7b2274657874223a22c080227d", // NUL, too long
        "7b2274657874223a22c181227d", // A, too long
        "7b2274657874223a22e080af227d", // a slash, too long
        "7b2274657874223a22eda080227d", // half a surrogate pair
        "7b2274657874223a22eda0bdedb880227d", // a surrogate pair, each half encoded
        "7b2274657874223a22f4908080227d", // beyond U+10FFFF
        "efbbbf7b7d", // byte order mark
        "fffe7b007d00",
        "7b007d00", // UTF-16
        "007b007d",
        "0000007b0000007d" // UTF-32
      })
  void refusesWhatIsNotUtf8(String bytes) {
    Buffer body = Buffer.buffer(HexFormat.of().parseHex(bytes));

    assertThat(refused(body, null).code()).isEqualTo(ErrorCode.MALFORMED);
    assertThat(refused(body, Map.of("flag", "true")).code()).isEqualTo(ErrorCode.MALFORMED);
  }

  @Test
  void quotesNothingOfWhatItRefuses() {
    for (String body :
        List.of(
            "{\"whole\":\"canary\"}",
            "{\"id\":\"canary\"}",
            "{\"colour\":\"canary\"}",
            "{\"text\":canary}",
            "{\"text\":\"canary\\u0000\"}",
            "canary",
            "{\"text\":\"canary")) {
      assertThat(refused(body).problem("").encode()).doesNotContain("canary");
    }
  }

  @Nested
  class Parameters {
    @ParameterizedTest
    @CsvSource({
      "text,5",
      "text,''",
      "whole,-5",
      "wide,5",
      "real,2.5",
      "flag,true",
      "id," + ID,
      "colour,RED"
    })
    void becomeWhatTheRecordWants(String name, String text) {
      All all = Codec.request(null, Map.of(name, text), All.class);

      Object value =
          switch (name) {
            case "text" -> all.text();
            case "whole" -> all.whole();
            case "wide" -> all.wide();
            case "real" -> all.real();
            case "flag" -> all.flag();
            case "id" -> all.id();
            default -> all.colour();
          };
      assertThat(value).hasToString(text);
    }

    @ParameterizedTest
    @CsvSource({
      "whole,''",
      "whole,' 5'",
      "whole,'5 '",
      "whole,+5",
      "whole,05",
      "whole,5.0",
      "whole,1e2",
      "whole,0x5",
      "whole,\u0665",
      "whole,null",
      "whole,true",
      "whole,[5]",
      "whole,'5,6'",
      "whole,2147483648",
      "wide,null",
      "real,NaN",
      "real,Infinity",
      "flag,1",
      "flag,TRUE",
      "flag,''",
      "flag,null",
      "id,7",
      "id,''",
      "colour,blue",
      "colour,0",
      "part,{}",
      "parts,[]",
      "more,1"
    })
    void areRefusedWithTheirPlace(String name, String text) {
      ServiceException refused = refused(Buffer.buffer(), Map.of(name, text));

      assertThat(refused.code()).isEqualTo(ErrorCode.MALFORMED);
      assertThat(refused.errors()).extracting(FieldError::pointer).containsExactly("/" + name);
    }

    @Test
    void areTextThatCanBeStored() {
      assertThat(refused(null, Map.of("text", "a\0b")).errors())
          .extracting(FieldError::rule)
          .containsExactly("text");
    }

    @Test
    void joinTheBody() {
      All all = Codec.request(Buffer.buffer("{\"text\":\"a\"}"), Map.of("whole", "5"), All.class);

      assertThat(all.text()).isEqualTo("a");
      assertThat(all.whole()).isEqualTo(5);
    }

    @ParameterizedTest
    @ValueSource(strings = {"{\"text\":\"a\"}", "{\"text\":null}"})
    void mustNotBeInTheBodyToo(String body) {
      assertThat(refused(Buffer.buffer(body), Map.of("text", "a")).errors())
          .containsExactly(new FieldError("/text", "repeated", "is given in the address already"));
    }

    @Test
    void haveEscapedPointers() {
      assertThat(refused(Buffer.buffer("{\"a/b~\":1}"), Map.of("a/b~", "1")).errors())
          .extracting(FieldError::pointer)
          .containsExactly("/a~1b~0");
    }
  }

  @Test
  void namesEveryRuleThatIsBroken() {
    ServiceException refused =
        refused(
            """
            {"text":"a","whole":10,"part":{"name":" ","count":1},
             "parts":[{"name":"a","count":1},{"count":1}],"names":["a",""],
             "byName":{"x/y":{"count":1}}}""",
            Rules.class);

    assertThat(refused.code()).isEqualTo(ErrorCode.INVALID);
    assertThat(refused.errors())
        .extracting(e -> e.pointer() + " " + e.rule())
        .containsExactly(
            "/byName/x~1y/name not-blank",
            "/names/1 not-blank",
            "/part/name not-blank",
            "/parts/1/name not-blank",
            "/text size",
            "/whole max");
    assertThat(refused).hasMessageEndingWith("(and 5 more)");
  }

  @ParameterizedTest
  @ValueSource(strings = {"{}", "{\"whole\":null}"})
  void wantsAPrimitiveMember(String body) {
    assertThat(refused(body, Primitive.class).errors())
        .containsExactly(new FieldError("/whole", "type", "must be a whole number in range"));
    assertThat(Schema.of(Primitive.class).json().path("required").toString())
        .isEqualTo("[\"whole\"]");
    assertThat(Schema.of(Rules.class).json().path("required").toString())
        .isEqualTo("[\"text\",\"whole\"]");
  }

  @Test
  void tellsWhyAConstructorRefuses() {
    ServiceException refused = refused("{\"name\":\" \"}", Stripped.class);

    assertThat(refused.code()).isEqualTo(ErrorCode.INVALID);
    assertThat(refused).hasMessageContaining("is only spaces");
  }

  @Test
  void tellsNothingOfAConstructorThatBreaks() {
    ServiceException refused = refused("{}", Stripped.class);

    assertThat(refused.code()).isEqualTo(ErrorCode.INVALID);
    assertThat(refused).hasMessageContaining("is not valid");
    assertThat(refused.problem("").encode()).doesNotContain("strip", "invoke", "null");
  }

  @ParameterizedTest
  @ValueSource(strings = {"{}", "{\"other_name\":\"a\"}"})
  void namesAFieldAsJsonDoes(String body) {
    assertThat(refused(body, Renamed.class).errors())
        .extracting(FieldError::pointer)
        .containsExactly("/other_name");
  }

  @Test
  void needsNoBodyWhereNothingIsAskedFor() {
    assertThat(Codec.request(null, null, Nothing.class)).isEqualTo(new Nothing());
    assertThat(Codec.request(Buffer.buffer(), null, Nothing.class)).isEqualTo(new Nothing());
    assertThat(refused("{\"name\":1}", Nothing.class).code()).isEqualTo(ErrorCode.MALFORMED);
  }

  @Test
  void readsAReplyOfTheFuture() {
    Buffer reply = Buffer.buffer("{\"name\":\"a\",\"count\":\"2\",\"more\":{\"x\":[1]}}");

    assertThat(Codec.reply(reply, Part.class)).isEqualTo(new Part("a", 2));
    assertThat(Codec.reply(Buffer.buffer("{}"), Part.class)).isEqualTo(new Part(null, null));
  }

  @ParameterizedTest
  @ValueSource(strings = {"", "[]", "{", "\"a\"", "{\"count\":\"canary\"}"})
  void hidesAReplyThatItCannotRead(String reply) {
    ServiceException failure =
        catchThrowableOfType(
            ServiceException.class, () -> Codec.reply(Buffer.buffer(reply), Part.class));

    assertThat(failure.code()).isEqualTo(ErrorCode.INTERNAL);
    assertThat(failure.problem("").encode()).doesNotContain("canary");
  }

  @Test
  void readsWhatItWrites() {
    Part part = new Part("a\u20ac\ud83d\ude00\"\\\n", Integer.MIN_VALUE);

    assertThat(Codec.request(Codec.write(part), null, Part.class)).isEqualTo(part);
  }

  private static All read(String body) {
    return Codec.request(Buffer.buffer(body), null, All.class);
  }

  private static ServiceException refused(String body) {
    return refused(body, All.class);
  }

  private static ServiceException refused(String body, Class<?> type) {
    return catchThrowableOfType(
        ServiceException.class, () -> Codec.request(Buffer.buffer(body), null, type));
  }

  private static ServiceException refused(
      String body, Map<String, String> parameters, boolean with) {
    return with ? refused(Buffer.buffer(body), parameters) : refused(body);
  }

  private static ServiceException refused(Buffer body, Map<String, String> parameters) {
    ServiceException refused =
        catchThrowableOfType(
            ServiceException.class, () -> Codec.request(body, parameters, All.class));
    assertThat(refused).describedAs(text(body)).isNotNull();
    return refused;
  }

  private static String text(Buffer body) {
    return body == null ? "" : body.toString(StandardCharsets.UTF_8);
  }
}
