package dev.starling.launcher;

import java.nio.charset.StandardCharsets;
import java.util.List;

/**
 * Bodies that a registration must refuse, over HTTP and over the bus alike.
 *
 * @param name for the test's report
 * @param body as sent
 * @param status exact answer
 * @param pointer the field that the answer names, null for none
 * @param rule the rule that it names
 */
record BadInput(String name, byte[] body, int status, String pointer, String rule) {
  private static final String PASSWORD = "\"password\":\"correct horse battery\"";

  static final List<BadInput> ALL =
      List.of(
          of("empty", "", 400, null, null),
          of("blank", "   ", 400, null, null),
          of("not JSON", "hello", 400, null, null),
          of("cut short", "{\"username\":\"ada", 400, null, null),
          of("null", "null", 400, null, null),
          of("an array", "[]", 400, "", "type"),
          of("a string", "\"x\"", 400, "", "type"),
          of("two values", "{} {}", 400, null, null),
          of("nothing in it", "{}", 422, "/password", "not-null"),
          of("a number for text", "{\"username\":1," + PASSWORD + "}", 400, "/username", "type"),
          of("an object for text", "{\"username\":{}," + PASSWORD + "}", 400, "/username", "type"),
          of("unknown member", "{\"role\":\"admin\"}", 400, "/role", "unknown"),
          of(
              "duplicate key",
              "{\"username\":\"a1b\",\"username\":\"a2b\"," + PASSWORD + "}",
              400,
              null,
              null),
          of("deep nesting", "[".repeat(2000) + "]".repeat(2000), 400, null, null),
          of("a long number", "{\"username\":" + "1".repeat(5000) + "}", 400, null, null),
          of("NaN", "{\"username\":NaN}", 400, null, null),
          of("a comment", "{/**/}", 400, null, null),
          of("NUL", "{\"username\":\"a\\u0000b\"," + PASSWORD + "}", 400, "/username", "text"),
          of(
              "lone surrogate",
              "{\"username\":\"ada\",\"password\":\"\\ud800 horse battery staple\"}",
              400,
              "/password",
              "text"),
          new BadInput("not UTF-8", new byte[] {'{', '"', (byte) 0xff, '"'}, 400, null, null),
          of("short name", "{\"username\":\"ab\"," + PASSWORD + "}", 422, "/username", "pattern"),
          of("name ..", "{\"username\":\"..\"," + PASSWORD + "}", 422, "/username", "pattern"),
          of("reserved", "{\"username\":\"Root\"," + PASSWORD + "}", 422, "/username", "reserved"),
          of(
              "short password",
              "{\"username\":\"shorty\",\"password\":\"14 characters!\"}",
              422,
              "/password",
              "code-point-length"),
          of(
              "long password",
              "{\"username\":\"longy\",\"password\":\"" + "x".repeat(129) + "\"}",
              422,
              "/password",
              "code-point-length"),
          of("16 KiB + 1", "\"" + "x".repeat(16 * 1024 - 1) + "\"", 413, null, null));

  private static BadInput of(String name, String body, int status, String pointer, String rule) {
    return new BadInput(name, body.getBytes(StandardCharsets.UTF_8), status, pointer, rule);
  }

  @Override
  public String toString() {
    return name;
  }
}
