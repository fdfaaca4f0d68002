package dev.starling.launcher;

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
}
