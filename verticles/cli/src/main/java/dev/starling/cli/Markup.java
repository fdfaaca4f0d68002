package dev.starling.cli;

import java.nio.charset.StandardCharsets;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.time.Instant;
import java.time.ZoneOffset;
import java.time.format.DateTimeFormatter;
import java.time.format.DateTimeParseException;
import java.util.Base64;
import java.util.List;

/** HTML in which no text of others is markup. */
final class Markup {
  private static final DateTimeFormatter TIME =
      DateTimeFormatter.ofPattern("HH:mm:ss").withZone(ZoneOffset.UTC);

  private Markup() {}

  /** A whole page: no script, and the style that it has, by its hash. */
  static String page(String title, String style, String body) {
    return """
        <!doctype html>
        <html lang="en">
        <head>
        <meta charset="utf-8">
        <meta http-equiv="Content-Security-Policy" content="default-src 'none'; style-src 'sha256-%s'; base-uri 'none'; form-action 'none'">
        <meta name="referrer" content="no-referrer">
        <meta name="viewport" content="width=device-width">
        <title>%s</title>
        <style>%s</style>
        </head>
        <body>
        %s</body>
        </html>
        """
        .formatted(hash(style), text(title), style, body);
  }

  private static String hash(String style) {
    try {
      byte[] hash =
          MessageDigest.getInstance("SHA-256").digest(style.getBytes(StandardCharsets.UTF_8));
      return Base64.getEncoder().encodeToString(hash);
    } catch (NoSuchAlgorithmException e) {
      throw new IllegalStateException(e);
    }
  }

  /** For a text or an attribute's value in double quotes. */
  static String text(String text) {
    return String.valueOf(text == null ? "" : text)
        .replace("&", "&amp;")
        .replace("<", "&lt;")
        .replace(">", "&gt;")
        .replace("\"", "&quot;")
        .replace("'", "&#39;");
  }

  /** The cells are texts. */
  static String table(List<String> header, List<List<String>> rows) {
    if (rows.isEmpty()) {
      return "<p>None.</p>\n";
    }
    StringBuilder table = new StringBuilder("<table>\n<tr>");
    header.forEach(cell -> table.append("<th scope=\"col\">").append(text(cell)).append("</th>"));
    table.append("</tr>\n");
    for (List<String> row : rows) {
      table.append("<tr>");
      row.forEach(cell -> table.append("<td>").append(text(cell)).append("</td>"));
      table.append("</tr>\n");
    }
    return table.append("</table>\n").toString();
  }

  static String section(String title, String content) {
    return "<section>\n<h2>" + text(title) + "</h2>\n" + content + "</section>\n";
  }

  /** Shown when it is opened. */
  static String folded(String title, String content) {
    return "<details><summary>" + text(title) + "</summary>\n" + content + "</details>\n";
  }

  static String time(Instant at) {
    return TIME.format(at);
  }

  /** Long ago for what is no time. */
  static Instant instant(String text) {
    try {
      return Instant.parse(String.valueOf(text));
    } catch (DateTimeParseException e) {
      return Instant.EPOCH;
    }
  }
}
