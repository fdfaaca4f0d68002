package dev.starling.console;

import dev.starling.runtime.Telemetry;
import io.micrometer.core.instrument.Clock;
import io.micrometer.core.instrument.MeterRegistry;
import io.micrometer.core.instrument.binder.jvm.JvmGcMetrics;
import io.micrometer.core.instrument.binder.jvm.JvmMemoryMetrics;
import io.micrometer.core.instrument.binder.jvm.JvmThreadMetrics;
import io.micrometer.core.instrument.binder.system.ProcessorMetrics;
import io.micrometer.core.instrument.binder.system.UptimeMetrics;
import io.micrometer.core.instrument.config.MeterFilter;
import io.micrometer.prometheusmetrics.PrometheusConfig;
import io.micrometer.prometheusmetrics.PrometheusMeterRegistry;
import io.prometheus.metrics.model.registry.PrometheusRegistry;
import io.prometheus.metrics.tracer.common.SpanContext;
import java.util.Properties;

/** Where all parts of a node count and time, in a form that Prometheus reads. */
public final class Meters {
  private Meters() {}

  /** A registry with the meters of the JVM in it, for {@link OperatorVerticle} to show. */
  @SuppressWarnings("resource") // the meters live as long as the JVM
  public static MeterRegistry create() {
    MeterRegistry registry =
        new PrometheusMeterRegistry(
            new Format(), new PrometheusRegistry(), Clock.SYSTEM, new RecordedCall());
    // Nanoseconds, and a gauge by the name of a count: no names that Prometheus asks for.
    registry
        .config()
        .meterFilter(MeterFilter.denyNameStartsWith("process.cpu.time"))
        .meterFilter(MeterFilter.denyNameStartsWith("system.cpu.count"));
    new JvmMemoryMetrics().bindTo(registry);
    new JvmGcMetrics().bindTo(registry);
    new JvmThreadMetrics().bindTo(registry);
    new ProcessorMetrics().bindTo(registry);
    new UptimeMetrics().bindTo(registry);
    return registry;
  }

  /**
   * Exemplars where OpenMetrics 1.0 allows them, at buckets and counters: Micrometer would write
   * them at sums and counts, too, and Prometheus then refuses the whole page.
   */
  private static final class Format implements PrometheusConfig {
    @Override
    public String get(String key) {
      return null;
    }

    @Override
    public Properties prometheusProperties() {
      return new Properties();
    }
  }

  /** Lets a bucket name the trace of one of its calls. */
  private static final class RecordedCall implements SpanContext {
    /** No span: which of a trace's it was is not known here. */
    private static final String NO_SPAN = "0000000000000000";

    @Override
    public String getCurrentTraceId() {
      return Telemetry.currentTrace();
    }

    @Override
    public String getCurrentSpanId() {
      return NO_SPAN;
    }

    @Override
    public boolean isCurrentSpanSampled() {
      return Telemetry.currentTrace() != null;
    }

    @Override
    public void markCurrentSpanAsExemplar() {}
  }
}
