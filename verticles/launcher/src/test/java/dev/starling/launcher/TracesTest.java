package dev.starling.launcher;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import io.opentelemetry.sdk.common.CompletableResultCode;
import io.opentelemetry.sdk.trace.SdkTracerProvider;
import io.opentelemetry.sdk.trace.data.SpanData;
import io.opentelemetry.sdk.trace.export.SpanExporter;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Collection;
import java.util.List;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.DisplayName;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

/** What becomes of spans that nobody takes. */
@Timeout(60)
class TracesTest {
  private static final Duration PATIENCE = Duration.ofSeconds(20);

  /** Takes all that comes, and says so only once it is let go. */
  private static final class Silent implements SpanExporter {
    private final List<CompletableResultCode> batches = new ArrayList<>();
    private boolean silent = true;
    private int taken;

    @Override
    public synchronized CompletableResultCode export(Collection<SpanData> spans) {
      taken += spans.size();
      CompletableResultCode batch = new CompletableResultCode();
      batches.add(batch);
      return silent ? batch : batch.succeed();
    }

    synchronized void letGo() {
      silent = false;
      batches.forEach(CompletableResultCode::succeed);
    }

    synchronized int taken() {
      return taken;
    }

    @Override
    public CompletableResultCode flush() {
      return CompletableResultCode.ofSuccess();
    }

    @Override
    public CompletableResultCode shutdown() {
      return CompletableResultCode.ofSuccess();
    }
  }

  private final Silent collector = new Silent();
  private final SdkTracerProvider spans = Traces.spans(collector, 1, "n1");

  private void make(int count) {
    for (int i = 0; i < count; i++) {
      spans.get("test").spanBuilder("span").startSpan().end();
    }
  }

  @Test
  @DisplayName("while the collector is silent 2,048 spans wait, and not one more")
  void keepsSoManySpans() {
    make(10);
    await().atMost(PATIENCE).until(() -> collector.taken() > 0);
    // Of the ten those that were not in the first batch wait as well.
    int first = collector.taken();
    make(10_000);
    collector.letGo();
    assertThat(spans.forceFlush().join(20, TimeUnit.SECONDS).isSuccess()).isTrue();

    assertThat(collector.taken()).isEqualTo(first + Traces.QUEUE);
    assertThat(Traces.QUEUE).isEqualTo(2_048);
  }

  @Test
  @DisplayName("a stop waits 1.5 s for a silent collector, and no longer")
  void stopsInTime() {
    make(10);
    Traces traces = new Traces(spans, 1);
    long begin = System.nanoTime();
    traces.close();
    Duration took = Duration.ofNanos(System.nanoTime() - begin);

    assertThat(took).isBetween(Duration.ofMillis(1_500), Duration.ofMillis(1_999));
    collector.letGo();
  }
}
