package dev.starling.launcher;

import org.xml.sax.SAXParseException;

/**
 * Says in one line, ready to be shown, why a node cannot be part of the cluster and what to do
 * about it.
 */
final class ClusterException extends RuntimeException {

  private static final long serialVersionUID = 1L;

  ClusterException(String message) {
    super(message);
  }

  ClusterException(String message, Throwable cause) {
    super(message, cause);
  }

  /** The innermost message; of what the schema says, what was found and not all that would do. */
  static String reason(Throwable failure) {
    Throwable root = failure;
    while (root.getCause() != null) {
      root = root.getCause();
    }
    int number = root instanceof SAXParseException at ? at.getLineNumber() : -1;
    return (number > 0 ? "line " + number + ": " : "")
        + line(root)
            .replaceAll("^cvc-[^ ]*: ", "")
            .replaceAll("\\{\"[^\"]*\":([^}]*)}", "$1")
            .replaceAll(" One of '.*", "");
  }

  static String line(Throwable failure) {
    String message = failure.getMessage();
    return message == null
        ? failure.getClass().getSimpleName()
        : message.strip().replaceAll("\\s+", " ");
  }
}
