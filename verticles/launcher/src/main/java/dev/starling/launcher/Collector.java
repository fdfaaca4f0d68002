package dev.starling.launcher;

import io.opentelemetry.sdk.common.CompletableResultCode;
import io.opentelemetry.sdk.trace.data.SpanData;
import io.opentelemetry.sdk.trace.export.SpanExporter;
import java.util.Collection;
import java.util.logging.Level;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Where spans are sent. That they do not arrive, or arrive again, is logged once, in one line: the
 * exporter's own logger would write each failure with its stack.
 */
final class Collector implements SpanExporter {
  private static final Logger log = LoggerFactory.getLogger(Collector.class);

  /** Held, since the JDK forgets the level of a logger that nobody holds. */
  private static final java.util.logging.Logger LIBRARY =
      java.util.logging.Logger.getLogger("io.opentelemetry");

  private final String url;
  private final SpanExporter exporter;
  private boolean away;

  Collector(String url, SpanExporter exporter) {
    LIBRARY.setLevel(Level.OFF);
    this.url = url;
    this.exporter = exporter;
  }

  @Override
  public CompletableResultCode export(Collection<SpanData> spans) {
    CompletableResultCode sent = exporter.export(spans);
    return sent.whenComplete(() -> tell(!sent.isSuccess(), sent.getFailureThrowable()));
  }

  private synchronized void tell(boolean failed, Throwable cause) {
    if (failed && !away) {
      log.warn("Traces do not arrive at {}, and are lost meanwhile: {}", url, reason(cause));
    } else if (!failed && away) {
      log.info("Traces arrive at {} again", url);
    }
    away = failed;
  }

  private static String reason(Throwable failure) {
    Throwable root = failure;
    while (root != null && root.getCause() != null) {
      root = root.getCause();
    }
    return root == null ? "refused" : root.toString();
  }

  @Override
  public CompletableResultCode flush() {
    return exporter.flush();
  }

  @Override
  public CompletableResultCode shutdown() {
    return exporter.shutdown();
  }
}
