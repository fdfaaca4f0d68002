package dev.starling.runtime;

import java.time.Instant;
import java.util.Locale;

/**
 * Something that operators may want to know of afterwards.
 *
 * @param id the same wherever the event is told of
 * @param at when, by the clock of the node
 * @param node name of the node that tells
 * @param kind what it is about
 * @param subject the node, instance or order that it is about
 * @param text what happened to it
 * @param by the operator who did it; null for none
 */
public record Event(
    String id, Instant at, String node, Kind kind, String subject, String text, String by) {

  /** What an event is about. */
  public enum Kind {
    /** A node has joined, left, drains. */
    NODE,
    /** An instance was published or withdrawn. */
    SERVICE,
    /** A breaker has changed its state, as the node that tells sees the instance. */
    BREAKER,
    /** An operator has wanted something, or wants it no longer. */
    ORDER,
    /** An operator has called an operation or sent a message by hand. */
    CALL;

    /** As it is written. */
    public String text() {
      return name().toLowerCase(Locale.ROOT);
    }
  }
}
