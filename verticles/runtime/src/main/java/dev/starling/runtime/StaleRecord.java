package dev.starling.runtime;

/**
 * A record of the registry that announces nothing that could be called.
 *
 * @param registration its key in the registry
 * @param instance that it announces, as {@code service@node}; null where nobody of ours wrote it
 * @param why it is not believed
 * @param age milliseconds since this node has known it
 */
public record StaleRecord(String registration, String instance, String why, long age) {}
