package dev.starling.runtime;

/**
 * What a call has come to where its caller had something to fall back on.
 *
 * @param value from the service, or the fallback
 * @param failure for which the fallback was taken; null when the value is the service's own
 */
public record Reply<O>(O value, ServiceException failure) {

  /** Whether the value is the caller's own, since the service could not be had. */
  public boolean isFallback() {
    return failure != null;
  }
}
