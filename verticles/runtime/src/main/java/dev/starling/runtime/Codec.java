package dev.starling.runtime;

import static java.nio.charset.StandardCharsets.UTF_8;

import com.fasterxml.jackson.annotation.JsonProperty;
import com.fasterxml.jackson.core.JsonFactory;
import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.core.StreamReadConstraints;
import com.fasterxml.jackson.core.StreamReadFeature;
import com.fasterxml.jackson.databind.DeserializationFeature;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.MapperFeature;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.SerializationFeature;
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
import java.util.Arrays;
import java.util.Comparator;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Objects;
import java.util.Set;
import java.util.UUID;
import java.util.stream.Collectors;
import org.hibernate.validator.HibernateValidator;
import org.hibernate.validator.messageinterpolation.ParameterMessageInterpolator;
import org.hibernate.validator.spi.nodenameprovider.JavaBeanProperty;
import org.hibernate.validator.spi.nodenameprovider.Property;

/**
 * JSON bytes to records and back; the only place where a request is decoded and checked.
 *
 * <p>Requests are strict: an unknown or repeated member, another type, text that PostgreSQL or
 * UTF-8 could not hold, anything after the value is an error that names its place. Replies are read
 * tolerantly, so that old and new nodes can live together.
 */
final class Codec {
  static final int MAX_DEPTH = 16;

  private static final ObjectMapper STRICT =
      mapper(true)
          .addModule(
              new SimpleModule()
                  .addDeserializer(String.class, new StrictText())
                  .addDeserializer(UUID.class, new StrictUuid()))
          .build();
  private static final ObjectMapper TOLERANT = mapper(false).build();
  private static final Validator VALIDATOR = validator();

  /** Names and types of a record's components. */
  private static final ClassValue<Map<String, Class<?>>> COMPONENTS =
      new ClassValue<>() {
        @Override
        protected Map<String, Class<?>> computeValue(Class<?> type) {
          return Arrays.stream(type.getRecordComponents())
              .collect(Collectors.toMap(RecordComponent::getName, RecordComponent::getType));
        }
      };

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
        .configure(DeserializationFeature.READ_UNKNOWN_ENUM_VALUES_AS_NULL, !strict)
        .configure(DeserializationFeature.ACCEPT_FLOAT_AS_INT, !strict)
        .configure(MapperFeature.ALLOW_COERCION_OF_SCALARS, !strict);
  }

  private static Validator validator() {
    return Validation.byProvider(HibernateValidator.class)
        .configure()
        .ignoreXmlConfiguration()
        .messageInterpolator(
            new ParameterMessageInterpolator(Set.of(Locale.ENGLISH), Locale.ENGLISH, false))
        .propertyNodeNameProvider(Codec::jsonName)
        .buildValidatorFactory()
        .getValidator();
  }

  /** What a client calls it, so that it finds what a problem is about. */
  private static String jsonName(Property property) {
    return property instanceof JavaBeanProperty component
        ? Arrays.stream(component.getDeclaringClass().getDeclaredFields())
            .filter(field -> field.getName().equals(component.getName()))
            .map(field -> field.getAnnotation(JsonProperty.class))
            .filter(Objects::nonNull)
            .map(JsonProperty::value)
            .findFirst()
            .orElse(component.getName())
        : property.getName();
  }

  /** For what other releases may write otherwise. */
  static ObjectMapper tolerant() {
    return TOLERANT;
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
          if (type.isRecord() && COMPONENTS.get(type).isEmpty()) {
            return STRICT.readValue("{}", type);
          }
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
      throw Malformed.problem(e);
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
    Map<String, Class<?>> components = COMPONENTS.get(type);
    for (Map.Entry<String, String> parameter : parameters.entrySet()) {
      String name = parameter.getKey();
      if (merged.has(name)) {
        throw ServiceException.ofField(
            ErrorCode.MALFORMED,
            "/" + Malformed.escape(name),
            "repeated",
            "is given in the address already");
      }
      merged.set(name, parameterValue(name, parameter.getValue(), components.get(name)));
    }
    return merged;
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
        ErrorCode.MALFORMED,
        "/" + Malformed.escape(name),
        "type",
        "must be " + Malformed.nameOf(type));
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
    throw new ServiceException(ErrorCode.INVALID, Malformed.summary(errors), errors);
  }

  private static String pointer(Path path) {
    StringBuilder pointer = new StringBuilder();
    for (Path.Node node : path) {
      if (node.getIndex() != null) {
        pointer.append('/').append(node.getIndex());
      } else if (node.getKey() != null) {
        pointer.append('/').append(Malformed.escape(node.getKey().toString()));
      }
      if (node.getName() != null && node.getKind() != ElementKind.CONTAINER_ELEMENT) {
        pointer.append('/').append(Malformed.escape(node.getName()));
      }
    }
    return pointer.toString();
  }

  private static String rule(ConstraintViolation<?> violation) {
    String name =
        violation.getConstraintDescriptor().getAnnotation().annotationType().getSimpleName();
    return name.replaceAll("(?<=[a-z])(?=[A-Z])", "-").toLowerCase(Locale.ROOT);
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
}
