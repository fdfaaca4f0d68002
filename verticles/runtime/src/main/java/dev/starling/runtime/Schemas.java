package dev.starling.runtime;

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
import java.util.Map;
import java.util.concurrent.ConcurrentHashMap;
import java.util.function.ToIntFunction;
import org.hibernate.validator.constraints.CodePointLength;

/** JSON Schemas of messages, from the records and the annotations on their components. */
final class Schemas {
  private static final SchemaGenerator GENERATOR = generator();
  private static final Map<Class<?>, JsonNode> KNOWN = new ConcurrentHashMap<>();

  private Schemas() {}

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

  static JsonNode of(Class<?> type) {
    return KNOWN.computeIfAbsent(type, GENERATOR::generateSchema);
  }
}
