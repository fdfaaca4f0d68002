package dev.starling.launcher;

import java.util.List;

/** Says everything that is wrong with the configuration at once, so that one restart mends it. */
final class ConfigurationException extends Exception {
  private final List<String> mistakes;

  /** No cause on purpose: a parser's message quotes the file, secrets included. */
  ConfigurationException(List<String> mistakes) {
    super(String.join("\n", mistakes));
    this.mistakes = List.copyOf(mistakes);
  }

  /** One line each: where, what was found, what was expected. */
  List<String> mistakes() {
    return mistakes;
  }
}
