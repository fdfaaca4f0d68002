package dev.starling.runtime;

import com.fasterxml.jackson.core.JsonParser;
import com.fasterxml.jackson.core.JsonToken;
import com.fasterxml.jackson.databind.DeserializationContext;
import com.fasterxml.jackson.databind.deser.std.StdScalarDeserializer;
import java.io.IOException;
import java.util.UUID;

/** A UUID in its one form (RFC 9562, 4), in either case. */
final class StrictUuid extends StdScalarDeserializer<UUID> {
  private static final long serialVersionUID = 1L;

  StrictUuid() {
    super(UUID.class);
  }

  @Override
  public UUID deserialize(JsonParser parser, DeserializationContext context) throws IOException {
    if (!parser.hasToken(JsonToken.VALUE_STRING)) {
      return (UUID) context.handleUnexpectedToken(UUID.class, parser);
    }
    String text = parser.getText();
    if (text.length() != 36) {
      return (UUID) context.handleWeirdStringValue(UUID.class, text, "no UUID");
    }
    try {
      return UUID.fromString(text);
    } catch (IllegalArgumentException e) {
      return (UUID) context.handleWeirdStringValue(UUID.class, text, "no UUID");
    }
  }
}
