package dev.starling.runtime;

import static java.nio.charset.StandardCharsets.UTF_8;

import com.fasterxml.jackson.core.JsonFactory;
import com.fasterxml.jackson.core.JsonLocation;
import com.fasterxml.jackson.core.JsonParser;
import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.core.JsonToken;
import com.fasterxml.jackson.core.StreamReadConstraints;
import com.fasterxml.jackson.core.StreamReadFeature;
import com.fasterxml.jackson.core.exc.InputCoercionException;
import com.fasterxml.jackson.databind.DeserializationContext;
import com.fasterxml.jackson.databind.DeserializationFeature;
import com.fasterxml.jackson.databind.JsonMappingException;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.MapperFeature;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.SerializationFeature;
import com.fasterxml.jackson.databind.deser.std.StdScalarDeserializer;
import com.fasterxml.jackson.databind.exc.InvalidFormatException;
import com.fasterxml.jackson.databind.exc.MismatchedInputException;
import com.fasterxml.jackson.databind.exc.UnrecognizedPropertyException;
import com.fasterxml.jackson.databind.exc.ValueInstantiationException;
import com.fasterxml.jackson.databind.json.JsonMapper;
import com.fasterxml.jackson.databind.module.SimpleModule;
import com.fasterxml.jackson.databind.node.ObjectNode;
import com.fasterxml.jackson.datatype.jsr310.JavaTimeModule;
import io.vertx.core.buffer.Buffer;
import jakarta.validation.ConstraintViolation;
import jakarta.validation.ElementKind;
import jakarta.validation.Path;
import jakarta.validation.Validation;
import jakarta.validation.Validator;
import java.io.IOException;
import java.lang.reflect.RecordComponent;
import java.nio.ByteBuffer;
import java.nio.charset.CharacterCodingException;
import java.util.Comparator;
import java.util.HashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Set;
import java.util.UUID;
import org.hibernate.validator.HibernateValidator;
import org.hibernate.validator.messageinterpolation.ParameterMessageInterpolator;

/**
 * JSON bytes to records and back; the only place where a request is decoded and checked.
 *
 * <p>Requests are strict: an unknown or repeated member, another type, text that PostgreSQL or
 * UTF-8 could not hold, anything after the value is an error that names its place. Replies are read
 * tolerantly, so that old and new nodes can live together.
 */
final class Codec {
  private static final int MAX_DEPTH = 16;

  private static final ObjectMapper STRICT =
      mapper(true)
          .addModule(
              new SimpleModule()
                  .addDeserializer(String.class, new Text())
                  .addDeserializer(UUID.class, new Id()))
          .build();
  private static final ObjectMapper TOLERANT = mapper(false).build();
  private static final Validator VALIDATOR = validator();

  private Codec() {}

  private static JsonMapper.Builder mapper(boolean strict) {
    JsonFactory factory =
        JsonFactory.builder()
            .streamReadConstraints(
                StreamReadConstraints.builder()
                    .maxNestingDepth(strict ? MAX_DEPTH : 100)
                    .maxNumberLength(100)
                    .build())
            .configure(StreamReadFeature.STRICT_DUPLICATE_DETECTION, strict)
            .configure(StreamReadFeature.INCLUDE_SOURCE_IN_LOCATION, false)
            .build();
    return JsonMapper.builder(factory)
        .addModule(new JavaTimeModule())
        .configure(SerializationFeature.WRITE_DATES_AS_TIMESTAMPS, false)
        .configure(DeserializationFeature.FAIL_ON_UNKNOWN_PROPERTIES, strict)
        .configure(DeserializationFeature.FAIL_ON_TRAILING_TOKENS, strict)
        .configure(DeserializationFeature.FAIL_ON_NULL_FOR_PRIMITIVES, strict)
        .configure(DeserializationFeature.FAIL_ON_NUMBERS_FOR_ENUMS, strict)
        .configure(DeserializationFeature.ACCEPT_FLOAT_AS_INT, !strict)
        .configure(MapperFeature.ALLOW_COERCION_OF_SCALARS, !strict);
  }

  private static Validator validator() {
    return Validation.byProvider(HibernateValidator.class)
        .configure()
        .ignoreXmlConfiguration()
        .messageInterpolator(
            new ParameterMessageInterpolator(Set.of(Locale.ENGLISH), Locale.ENGLISH, false))
        .buildValidatorFactory()
        .getValidator();
  }

  static ObjectMapper mapper() {
    return TOLERANT;
  }

  /** Reads the annotations of a request, which takes too long for the first call to do it. */
  static void prepare(Class<?> request) {
    VALIDATOR.getConstraintsForClass(request);
    STRICT.readerFor(request);
  }

  /**
   * Decodes and validates a request.
   *
   * @param parameters members that came outside the body, as text; null when there were none
   * @throws ServiceException {@link ErrorCode#MALFORMED} or {@link ErrorCode#INVALID}, naming every
   *     field that is wrong
   */
  static <I> I request(Buffer body, Map<String, String> parameters, Class<I> type) {
    I request;
    try {
      if (parameters == null) {
        if (body == null || body.length() == 0) {
          throw new ServiceException(
              ErrorCode.MALFORMED, "The body is empty; a JSON object is expected");
        }
        request = STRICT.readValue(text(body), type);
      } else {
        request = STRICT.treeToValue(merge(body, parameters, type), type);
      }
    } catch (ServiceException e) {
      throw e;
    } catch (IOException e) {
      throw malformed(e);
    }
    if (request == null) {
      throw new ServiceException(ErrorCode.MALFORMED, "The body is null; an object is expected");
    }
    validate(request);
    return request;
  }

  /** Jackson itself guesses the encoding and reads byte sequences that UTF-8 forbids. */
  private static String text(Buffer body) {
    try {
      String text = UTF_8.newDecoder().decode(ByteBuffer.wrap(body.getBytes())).toString();
      if (text.charAt(0) != '\ufeff') {
        return text;
      }
    } catch (CharacterCodingException e) {
      // Refused below.
    }
    throw new ServiceException(ErrorCode.MALFORMED, "The body is not JSON in UTF-8");
  }

  private static ObjectNode merge(Buffer body, Map<String, String> parameters, Class<?> type)
      throws IOException {
    ObjectNode merged = STRICT.createObjectNode();
    if (body != null && body.length() > 0) {
      if (!(STRICT.readTree(text(body)) instanceof ObjectNode object)) {
        throw new ServiceException(ErrorCode.MALFORMED, "The body is not a JSON object");
      }
      merged = object;
    }
    Map<String, Class<?>> components = components(type);
    for (Map.Entry<String, String> parameter : parameters.entrySet()) {
      String name = parameter.getKey();
      if (merged.has(name)) {
        throw ServiceException.ofField(
            ErrorCode.MALFORMED, "/" + escape(name), "repeated", "is given in the address already");
      }
      merged.set(name, parameterValue(name, parameter.getValue(), components.get(name)));
    }
    return merged;
  }

  private static Map<String, Class<?>> components(Class<?> type) {
    Map<String, Class<?>> components = new HashMap<>();
    for (RecordComponent component : type.getRecordComponents()) {
      components.put(component.getName(), component.getType());
    }
    return components;
  }

  /** Text from an address becomes a number or a boolean where the record wants one. */
  private static JsonNode parameterValue(String name, String text, Class<?> type) {
    boolean scalar =
        type != null
            && (type.isPrimitive() || Number.class.isAssignableFrom(type) || type == Boolean.class);
    if (!scalar) {
      return STRICT.getNodeFactory().textNode(text);
    }
    try {
      JsonNode value = STRICT.readTree(text);
      if ((value.isNumber() || value.isBoolean()) && text.equals(text.strip())) {
        return value;
      }
    } catch (JsonProcessingException e) {
      // Refused below.
    }
    throw ServiceException.ofField(
        ErrorCode.MALFORMED, "/" + escape(name), "type", "must be " + nameOf(type));
  }

  /**
   * Checks a record against the annotations of its components.
   *
   * @throws ServiceException {@link ErrorCode#INVALID}
   */
  static <I> void validate(I request) {
    Set<ConstraintViolation<I>> violations = VALIDATOR.validate(request);
    if (violations.isEmpty()) {
      return;
    }
    List<FieldError> errors =
        violations.stream()
            .map(v -> new FieldError(pointer(v.getPropertyPath()), rule(v), v.getMessage()))
            .sorted(Comparator.comparing(FieldError::pointer).thenComparing(FieldError::rule))
            .toList();
    throw new ServiceException(ErrorCode.INVALID, summary(errors), errors);
  }

  private static String pointer(Path path) {
    StringBuilder pointer = new StringBuilder();
    for (Path.Node node : path) {
      if (node.getIndex() != null) {
        pointer.append('/').append(node.getIndex());
      } else if (node.getKey() != null) {
        pointer.append('/').append(escape(node.getKey().toString()));
      }
      if (node.getName() != null && node.getKind() != ElementKind.CONTAINER_ELEMENT) {
        pointer.append('/').append(escape(node.getName()));
      }
    }
    return pointer.toString();
  }

  private static String rule(ConstraintViolation<?> violation) {
    String name =
        violation.getConstraintDescriptor().getAnnotation().annotationType().getSimpleName();
    return name.replaceAll("(?<=[a-z])(?=[A-Z])", "-").toLowerCase(Locale.ROOT);
  }

  private static String summary(List<FieldError> errors) {
    FieldError first = errors.get(0);
    String sentence = first.pointer().isEmpty() ? "The request " : first.pointer() + " ";
    String more = errors.size() > 1 ? " (and " + (errors.size() - 1) + " more)" : "";
    return sentence + first.detail() + more;
  }

  /** What is wrong with a body that Jackson refuses, without quoting any of it. */
  private static ServiceException malformed(IOException failure) {
    if (failure instanceof ValueInstantiationException e) {
      String reason =
          e.getCause() instanceof IllegalArgumentException refusal && refusal.getMessage() != null
              ? refusal.getMessage()
              : "is not valid";
      return ServiceException.ofField(ErrorCode.INVALID, pointer(e), "value", reason);
    }
    if (failure instanceof UnrecognizedPropertyException e) {
      FieldError error = new FieldError(pointer(e), "unknown", "is not a member of this request");
      return new ServiceException(ErrorCode.MALFORMED, summary(List.of(error)), List.of(error));
    }
    if (failure instanceof BadText e) {
      FieldError error = new FieldError(pointer(e), "text", e.getOriginalMessage());
      return new ServiceException(ErrorCode.MALFORMED, summary(List.of(error)), List.of(error));
    }
    if (failure instanceof JsonMappingException e
        && e.getCause() instanceof InputCoercionException beyond) {
      String problem = "must be " + nameOf(beyond.getTargetType());
      return ServiceException.ofField(ErrorCode.MALFORMED, pointer(e), "type", problem);
    }
    if (failure instanceof MismatchedInputException e) {
      String problem = "must be " + nameOf(e.getTargetType());
      String rule = e instanceof InvalidFormatException ? "format" : "type";
      FieldError error = new FieldError(pointer(e), rule, problem);
      return new ServiceException(ErrorCode.MALFORMED, summary(List.of(error)), List.of(error));
    }
    if (failure instanceof JsonProcessingException e) {
      JsonLocation at = e.getLocation();
      String place =
          at == null ? "" : " at line " + at.getLineNr() + ", column " + at.getColumnNr();
      return new ServiceException(ErrorCode.MALFORMED, "Not valid JSON" + place + reason(e));
    }
    return new ServiceException(ErrorCode.MALFORMED, "The body cannot be read");
  }

  private static String reason(JsonProcessingException e) {
    String message = String.valueOf(e.getOriginalMessage());
    if (message.startsWith("Duplicate field")) {
      return ": a member is given twice";
    }
    return message.contains("nesting depth") ? ": nested deeper than " + MAX_DEPTH : "";
  }

  private static String pointer(JsonMappingException e) {
    StringBuilder pointer = new StringBuilder();
    for (JsonMappingException.Reference step : e.getPath()) {
      pointer
          .append('/')
          .append(step.getFieldName() == null ? step.getIndex() : escape(step.getFieldName()));
    }
    return pointer.toString();
  }

  private static String escape(String name) {
    return name.replace("~", "~0").replace("/", "~1");
  }

  private static String nameOf(Class<?> type) {
    if (type == null || type.isRecord()) {
      return "a JSON object";
    }
    if (type == String.class) {
      return "a string";
    }
    if (type == boolean.class || type == Boolean.class) {
      return "true or false";
    }
    if (type.isPrimitive() || Number.class.isAssignableFrom(type)) {
      return type == double.class || type == float.class ? "a number" : "a whole number in range";
    }
    if (type == UUID.class) {
      return "a UUID";
    }
    return type.isArray() || Iterable.class.isAssignableFrom(type)
        ? "an array"
        : "a valid " + type.getSimpleName();
  }

  /**
   * Reads a reply; members that this version does not know are left out.
   *
   * @throws ServiceException {@link ErrorCode#INTERNAL} when it is no such reply at all
   */
  static <O> O reply(Buffer body, Class<O> type) {
    try {
      return TOLERANT.readValue(body.getBytes(), type);
    } catch (IOException e) {
      throw new ServiceException(ErrorCode.INTERNAL, "The answer cannot be read", List.of(), e);
    }
  }

  static Buffer write(Object value) {
    try {
      return Buffer.buffer(TOLERANT.writeValueAsBytes(value));
    } catch (JsonProcessingException e) {
      throw new ServiceException(ErrorCode.INTERNAL, "The value cannot be written", List.of(), e);
    }
  }

  private static final class BadText extends JsonMappingException {
    private static final long serialVersionUID = 1L;

    BadText(JsonParser parser, String message) {
      super(parser, message);
    }
  }

  /** A string is a JSON string, without NUL and without half of a surrogate pair. */
  private static final class Text extends StdScalarDeserializer<String> {
    private static final long serialVersionUID = 1L;

    Text() {
      super(String.class);
    }

    @Override
    public String deserialize(JsonParser parser, DeserializationContext context)
        throws IOException {
      if (!parser.hasToken(JsonToken.VALUE_STRING)) {
        return (String) context.handleUnexpectedToken(String.class, parser);
      }
      String text = parser.getText();
      for (int i = 0; i < text.length(); i++) {
        char c = text.charAt(i);
        if (c == 0) {
          throw new BadText(parser, "must not contain the character NUL");
        }
        if (Character.isSurrogate(c)) {
          if (!Character.isHighSurrogate(c)
              || i + 1 == text.length()
              || !Character.isLowSurrogate(text.charAt(++i))) {
            throw new BadText(parser, "must not contain half of a surrogate pair");
          }
        }
      }
      return text;
    }
  }

  /** A UUID in its one form (RFC 9562, 4), in either case. */
  private static final class Id extends StdScalarDeserializer<UUID> {
    private static final long serialVersionUID = 1L;

    Id() {
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
}
