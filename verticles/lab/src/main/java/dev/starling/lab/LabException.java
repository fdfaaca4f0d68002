package dev.starling.lab;

/** The lab itself cannot go on; this says nothing about what it tests. */
final class LabException extends RuntimeException {
  private static final long serialVersionUID = 1L;

  LabException(String message) {
    super(message);
  }
}
