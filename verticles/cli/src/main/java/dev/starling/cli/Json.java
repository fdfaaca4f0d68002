package dev.starling.cli;

import com.fasterxml.jackson.core.JsonFactory;
import com.fasterxml.jackson.core.JsonGenerator;
import com.fasterxml.jackson.core.JsonParser;
import com.fasterxml.jackson.core.JsonToken;
import com.fasterxml.jackson.core.util.DefaultIndenter;
import com.fasterxml.jackson.core.util.DefaultPrettyPrinter;
import java.io.IOException;
import java.io.StringWriter;
import java.io.UncheckedIOException;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

/**
 * A JSON value as maps, lists and plain objects, of which whatever is missing is empty: an older
 * node may not say all that is asked for.
 *
 * <p>By the streaming parser alone: a mapper of databind takes as long to start as all the rest of
 * a command.
 */
record Json(Object value) {
  private static final JsonFactory FACTORY = new JsonFactory();
  private static final Json NONE = new Json(null);

  /**
   * Reads one value.
   *
   * @throws IOException if it is none, or something follows it
   */
  static Json read(String text) throws IOException {
    try (JsonParser parser = FACTORY.createParser(text)) {
      if (parser.nextToken() == null) {
        throw new IOException("it is empty");
      }
      Json json = new Json(value(parser));
      if (parser.nextToken() != null) {
        throw new IOException("something follows the value");
      }
      return json;
    }
  }

  private static Object value(JsonParser parser) throws IOException {
    switch (parser.currentToken()) {
      case START_OBJECT -> {
        Map<String, Object> object = new LinkedHashMap<>();
        while (parser.nextToken() != JsonToken.END_OBJECT) {
          String name = parser.currentName();
          parser.nextToken();
          object.put(name, value(parser));
        }
        return object;
      }
      case START_ARRAY -> {
        List<Object> list = new ArrayList<>();
        while (parser.nextToken() != JsonToken.END_ARRAY) {
          list.add(value(parser));
        }
        return list;
      }
      case VALUE_NUMBER_INT, VALUE_NUMBER_FLOAT -> {
        return parser.getNumberValue();
      }
      case VALUE_TRUE, VALUE_FALSE -> {
        return parser.getBooleanValue();
      }
      case VALUE_NULL -> {
        return null;
      }
      default -> {
        return parser.getText();
      }
    }
  }

  /** On one line. */
  static String write(Object value) {
    return write(value, false);
  }

  /** For people. */
  static String pretty(Object value) {
    return write(value, true);
  }

  private static String write(Object value, boolean pretty) {
    StringWriter text = new StringWriter();
    try (JsonGenerator generator = FACTORY.createGenerator(text)) {
      if (pretty) {
        DefaultPrettyPrinter printer = new DefaultPrettyPrinter();
        printer.indentArraysWith(DefaultIndenter.SYSTEM_LINEFEED_INSTANCE);
        generator.setPrettyPrinter(printer);
      }
      write(generator, value);
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
    return text.toString();
  }

  private static void write(JsonGenerator generator, Object value) throws IOException {
    if (value instanceof Json json) {
      write(generator, json.value);
    } else if (value instanceof Map<?, ?> object) {
      generator.writeStartObject();
      for (Map.Entry<?, ?> member : object.entrySet()) {
        generator.writeFieldName(member.getKey().toString());
        write(generator, member.getValue());
      }
      generator.writeEndObject();
    } else if (value instanceof Iterable<?> list) {
      generator.writeStartArray();
      for (Object element : list) {
        write(generator, element);
      }
      generator.writeEndArray();
    } else {
      generator.writeObject(value);
    }
  }

  /** An object of these names and values, in this order. */
  static Map<String, Object> object(Object... namesAndValues) {
    Map<String, Object> object = new LinkedHashMap<>();
    for (int i = 0; i < namesAndValues.length; i += 2) {
      object.put((String) namesAndValues[i], namesAndValues[i + 1]);
    }
    return object;
  }

  private Object member(String name) {
    return value instanceof Map<?, ?> object ? object.get(name) : null;
  }

  Json get(String name) {
    Object member = member(name);
    return member == null ? NONE : new Json(member);
  }

  boolean has(String name) {
    return member(name) != null;
  }

  /** As text without control characters, which a terminal would obey; null if it is missing. */
  String text(String name) {
    return get(name).text();
  }

  String text() {
    return value == null ? null : value.toString().replaceAll("\\p{Cntrl}", "?");
  }

  long number(String name) {
    return member(name) instanceof Number number ? number.longValue() : 0;
  }

  double decimal(String name) {
    return member(name) instanceof Number number ? number.doubleValue() : 0;
  }

  boolean flag(String name) {
    return Boolean.TRUE.equals(member(name));
  }

  List<Json> list(String name) {
    return get(name).list();
  }

  List<Json> list() {
    return value instanceof List<?> list ? list.stream().map(Json::new).toList() : List.of();
  }

  /** The members of an object, in their order. */
  Map<String, Json> members() {
    Map<String, Json> members = new LinkedHashMap<>();
    if (value instanceof Map<?, ?> object) {
      object.forEach((name, member) -> members.put(name.toString(), new Json(member)));
    }
    return members;
  }
}
