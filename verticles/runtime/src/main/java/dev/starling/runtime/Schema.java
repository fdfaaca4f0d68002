package dev.starling.runtime;

import com.fasterxml.jackson.annotation.JsonCreator;
import com.fasterxml.jackson.annotation.JsonValue;
import com.fasterxml.jackson.databind.JsonNode;
import com.github.victools.jsonschema.generator.FieldScope;
import com.github.victools.jsonschema.generator.Option;
import com.github.victools.jsonschema.generator.OptionPreset;
import com.github.victools.jsonschema.generator.SchemaGenerator;
import com.github.victools.jsonschema.generator.SchemaGeneratorConfigBuilder;
import com.github.victools.jsonschema.generator.SchemaVersion;
import com.github.victools.jsonschema.module.jackson.JacksonModule;
import com.github.victools.jsonschema.module.jackson.JacksonOption;
import com.github.victools.jsonschema.module.jakarta.validation.JakartaValidationModule;
import com.github.victools.jsonschema.module.jakarta.validation.JakartaValidationOption;
import java.lang.annotation.Annotation;
import java.lang.reflect.AnnotatedParameterizedType;
import java.lang.reflect.AnnotatedType;
import java.lang.reflect.Method;
import java.lang.reflect.ParameterizedType;
import java.lang.reflect.RecordComponent;
import java.lang.reflect.Type;
import java.util.Arrays;
import java.util.Comparator;
import java.util.HashSet;
import java.util.Set;
import java.util.function.ToIntFunction;
import java.util.stream.Stream;
import org.hibernate.validator.constraints.CodePointLength;

/**
 * The JSON Schema (2020-12) of a message, from its record and the annotations on its components, or
 * as another node has sent it.
 *
 * <p>Generating one for the first time takes tenths of a second, so that it is done only for those
 * who want to see it, and not on an event loop.
 */
public final class Schema {
  /** One for each record, so that the instances of a service share what one of them generated. */
  private static final ClassValue<Schema> OF =
      new ClassValue<>() {
        @Override
        protected Schema computeValue(Class<?> type) {
          return new Schema(type, null);
        }
      };

  private final Class<?> type;
  private volatile JsonNode json;

  private Schema(Class<?> type, JsonNode json) {
    this.type = type;
    this.json = json;
  }

  static Schema of(Class<?> type) {
    return OF.get(type);
  }

  @JsonCreator(mode = JsonCreator.Mode.DELEGATING)
  static Schema received(JsonNode json) {
    return new Schema(null, json);
  }

  /** The schema itself; may take long the first time. */
  @JsonValue
  public JsonNode json() {
    JsonNode known = json;
    return known == null ? generate() : known;
  }

  private JsonNode generate() {
    synchronized (Generation.GENERATOR) { // It is not made for several threads at once.
      if (json == null) {
        json = Generation.GENERATOR.generateSchema(type);
      }
      return json;
    }
  }

  /** A text that differs where the schema does, had without generating it for records. */
  String signature() {
    StringBuilder text = new StringBuilder();
    sign(type, new HashSet<>(), text);
    return text.toString();
  }

  private static void sign(Type type, Set<Type> signed, StringBuilder text) {
    if (type instanceof ParameterizedType generic) {
      sign(generic.getRawType(), signed, text);
      for (Type argument : generic.getActualTypeArguments()) {
        sign(argument, signed, text);
      }
    } else if (!(type instanceof Class<?> plain) || !signed.add(type)) {
      return;
    } else if (plain.isRecord()) {
      text.append(plain.getName());
      sign(plain.getAnnotations(), text);
      for (RecordComponent component : plain.getRecordComponents()) {
        text.append(component.getName());
        sign(component.getAnnotatedType(), text);
        sign(component.getAccessor().getAnnotations(), text);
        sign(component.getGenericType(), signed, text);
      }
    } else if (!plain.isPrimitive() && !plain.getName().startsWith("java.")) {
      text.append(of(plain).json());
    }
  }

  private static void sign(AnnotatedType type, StringBuilder text) {
    text.append(type.getType().getTypeName());
    sign(type.getAnnotations(), text);
    if (type instanceof AnnotatedParameterizedType generic) {
      for (AnnotatedType argument : generic.getAnnotatedActualTypeArguments()) {
        sign(argument, text);
      }
    }
  }

  /** Their own text has their members in an order that differs from one JVM to the next. */
  private static void sign(Annotation[] annotations, StringBuilder text) {
    for (Annotation annotation : annotations) {
      text.append(annotation.annotationType().getName());
      Stream.of(annotation.annotationType().getDeclaredMethods())
          .sorted(Comparator.comparing(Method::getName))
          .forEach(member -> text.append(member.getName()).append(value(annotation, member)));
    }
  }

  private static String value(Annotation annotation, Method member) {
    try {
      return Arrays.deepToString(new Object[] {member.invoke(annotation)});
    } catch (ReflectiveOperationException e) {
      throw new IllegalStateException(e);
    }
  }

  @Override
  public boolean equals(Object other) {
    return other instanceof Schema schema
        && (type != null && type == schema.type || json().equals(schema.json()));
  }

  @Override
  public int hashCode() {
    return json().hashCode();
  }

  /** Loaded by the first schema that is generated. */
  private static final class Generation {
    static final SchemaGenerator GENERATOR = generator();

    private static SchemaGenerator generator() {
      SchemaGeneratorConfigBuilder config =
          new SchemaGeneratorConfigBuilder(
                  Codec.mapper(), SchemaVersion.DRAFT_2020_12, OptionPreset.PLAIN_JSON)
              .with(new JacksonModule(JacksonOption.RESPECT_JSONPROPERTY_REQUIRED))
              .with(
                  new JakartaValidationModule(
                      JakartaValidationOption.NOT_NULLABLE_FIELD_IS_REQUIRED,
                      JakartaValidationOption.INCLUDE_PATTERN_EXPRESSIONS))
              .with(Option.FORBIDDEN_ADDITIONAL_PROPERTIES_BY_DEFAULT, Option.INLINE_ALL_SCHEMAS)
              .without(Option.SCHEMA_VERSION_INDICATOR);
      config
          .forFields()
          .withRequiredCheck(field -> field.getType().isPrimitive())
          .withStringMinLengthResolver(field -> codePoints(field, CodePointLength::min, 0))
          .withStringMaxLengthResolver(
              field -> codePoints(field, CodePointLength::max, Integer.MAX_VALUE));
      return new SchemaGenerator(config.build());
    }

    /** Lengths in JSON Schema are code points too. */
    private static Integer codePoints(
        FieldScope field, ToIntFunction<CodePointLength> bound, int absent) {
      CodePointLength length = field.getAnnotation(CodePointLength.class);
      return length == null || bound.applyAsInt(length) == absent ? null : bound.applyAsInt(length);
    }
  }
}
