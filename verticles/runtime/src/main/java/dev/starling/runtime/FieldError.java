package dev.starling.runtime;

/**
 * Names one field of a request and the rule that it breaks; never the rejected value.
 *
 * @param pointer JSON Pointer (RFC 6901) into the request, {@code ""} for the whole
 * @param rule short name of the rule, for example {@code size} or {@code unknown}
 * @param detail a sentence for a person
 */
public record FieldError(String pointer, String rule, String detail) {}
