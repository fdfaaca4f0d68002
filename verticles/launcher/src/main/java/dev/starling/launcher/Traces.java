package dev.starling.launcher;

import dev.starling.runtime.Call;
import io.opentelemetry.api.OpenTelemetry;
import io.opentelemetry.api.common.AttributeKey;
import io.opentelemetry.api.common.Attributes;
import io.opentelemetry.api.trace.Span;
import io.opentelemetry.api.trace.SpanContext;
import io.opentelemetry.api.trace.StatusCode;
import io.opentelemetry.api.trace.propagation.W3CTraceContextPropagator;
import io.opentelemetry.context.propagation.ContextPropagators;
import io.opentelemetry.exporter.otlp.http.trace.OtlpHttpSpanExporter;
import io.opentelemetry.sdk.OpenTelemetrySdk;
import io.opentelemetry.sdk.resources.Resource;
import io.opentelemetry.sdk.trace.SdkTracerProvider;
import io.opentelemetry.sdk.trace.export.BatchSpanProcessor;
import io.opentelemetry.sdk.trace.export.SpanExporter;
import io.opentelemetry.sdk.trace.samplers.Sampler;
import io.vertx.core.Context;
import io.vertx.core.eventbus.Message;
import io.vertx.core.eventbus.ReplyException;
import io.vertx.core.http.HttpMethod;
import io.vertx.core.http.HttpServerRequest;
import io.vertx.core.http.HttpServerResponse;
import io.vertx.core.spi.VertxTracerFactory;
import io.vertx.core.spi.tracing.SpanKind;
import io.vertx.core.spi.tracing.TagExtractor;
import io.vertx.core.spi.tracing.VertxTracer;
import io.vertx.core.tracing.TracingOptions;
import io.vertx.core.tracing.TracingPolicy;
import io.vertx.tracing.opentelemetry.OpenTelemetryTracingFactory;
import io.vertx.tracing.opentelemetry.Operation;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.concurrent.ThreadLocalRandom;
import java.util.concurrent.TimeUnit;
import java.util.function.BiConsumer;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.stream.IntStream;
import java.util.stream.StreamSupport;

/**
 * The spans of calls, as Vert.x makes them for requests, messages and statements, sent to a
 * collector over OTLP.
 *
 * <p>Nothing of a client's gets into them: attributes are those listed here, so no address and no
 * query; of a method that is not known, of a failure's message and of {@code tracestate} nothing is
 * kept. SQL is the text of the statement, whose parameters travel apart.
 *
 * <p>Without a collector none of this is loaded, nor any class of OpenTelemetry.
 */
final class Traces implements VertxTracer<Operation, Operation> {
  private static final String PARENT = "traceparent";

  /** Header in which a message to an instance has the operation it is for. */
  private static final String OPERATION = "operation";

  private static final String METHOD = "http.request.method";
  private static final AttributeKey<String> ERROR = AttributeKey.stringKey("error.type");
  private static final Set<String> ATTRIBUTES =
      Set.of(
          METHOD,
          "http.response.status_code",
          "url.scheme",
          "messaging.destination.name",
          "messaging.operation.name",
          "messaging.system",
          "db.namespace",
          "db.query.text",
          "db.system",
          "network.peer.address");

  private static final Duration PATIENCE = Duration.ofSeconds(2);
  private static final long SEND_EVERY = 1_000;
  static final int QUEUE = 2_048;

  /** Milliseconds that the last spans have at a stop. */
  static final long LAST = 1_500;

  /** Traces a second that are sent, whatever the share, since their clients want it. */
  static final int ASKED = 10;

  /** A traceparent less its flags, and the last digit of these. Other versions are not taken. */
  private static final Pattern KNOWN =
      Pattern.compile("(00-[0-9a-f]{32}-[0-9a-f]{16}-)[0-9a-f]([0-9a-f])");

  private final VertxTracer<Operation, Operation> vertx;
  private final SdkTracerProvider spans;
  private final double share;

  /** The second that {@link #asked} is of, by a clock that does not jump. */
  private long second;

  /** Traces of this second that are sent since their client says so. */
  private int asked;

  @SuppressWarnings("unchecked")
  Traces(SdkTracerProvider spans, double share) {
    OpenTelemetry telemetry =
        OpenTelemetrySdk.builder()
            .setTracerProvider(spans)
            .setPropagators(ContextPropagators.create(W3CTraceContextPropagator.getInstance()))
            .build();
    this.share = share;
    this.vertx =
        (VertxTracer<Operation, Operation>)
            new OpenTelemetryTracingFactory(telemetry).tracer(new TracingOptions());
    this.spans = spans;
  }

  /**
   * Traces that are sent once a second; of those that wait 2,048 spans are kept, the rest is lost.
   *
   * @param collector URL
   * @param share of the traces that begin here, 0 to 1
   * @param node name of this one
   */
  static VertxTracerFactory to(String collector, double share, String node) {
    OtlpHttpSpanExporter otlp =
        OtlpHttpSpanExporter.builder()
            .setEndpoint(collector)
            .setConnectTimeout(PATIENCE)
            .setTimeout(PATIENCE)
            .setRetryPolicy(null)
            .build();
    Traces traces = new Traces(spans(new Collector(collector, otlp), share, node), share);
    return options -> traces;
  }

  static SdkTracerProvider spans(SpanExporter exporter, double share, String node) {
    return SdkTracerProvider.builder()
        .setResource(
            Resource.getDefault()
                .merge(
                    Resource.create(
                        Attributes.of(
                            AttributeKey.stringKey("service.name"),
                            "starling",
                            AttributeKey.stringKey("service.instance.id"),
                            node))))
        .setSampler(Sampler.parentBased(Sampler.traceIdRatioBased(share)))
        .addSpanProcessor(
            BatchSpanProcessor.builder(exporter)
                .setMaxQueueSize(QUEUE)
                .setScheduleDelay(Duration.ofMillis(SEND_EVERY))
                .build())
        .build();
  }

  /** The id of the trace that the current context is in, or a new one. */
  static String current() {
    SpanContext span = Span.current().getSpanContext();
    return span.isValid() ? span.getTraceId() : Call.newTrace();
  }

  @Override
  public <R> Operation receiveRequest(
      Context context,
      SpanKind kind,
      TracingPolicy policy,
      R request,
      String operation,
      Iterable<Map.Entry<String, String>> headers,
      TagExtractor<R> tags) {
    return vertx.receiveRequest(
        context,
        kind,
        policy,
        request,
        name(request, operation),
        request instanceof HttpServerRequest ? bounded(parent(headers)) : parent(headers),
        permitted(request, tags));
  }

  /** More than one is none (W3C Trace Context, 3.2). */
  private static List<Map.Entry<String, String>> parent(
      Iterable<Map.Entry<String, String>> headers) {
    List<Map.Entry<String, String>> parents =
        StreamSupport.stream(headers.spliterator(), false)
            .filter(header -> header.getKey().equalsIgnoreCase(PARENT))
            .toList();
    return parents.size() == 1 ? parents : List.of();
  }

  /**
   * Takes back the flag of a client that wants its trace to be sent, beyond what clients may want:
   * anybody can send it. The id stays. What comes by the bus has been decided already.
   */
  private List<Map.Entry<String, String>> bounded(List<Map.Entry<String, String>> parent) {
    if (parent.isEmpty()) {
      return parent;
    }
    Matcher known = KNOWN.matcher(parent.get(0).getValue());
    if (!known.matches()) {
      return List.of();
    }
    boolean sampled = (Character.digit(known.group(2).charAt(0), 16) & 1) == 1;
    return !sampled || ThreadLocalRandom.current().nextDouble() < share || mayAsk()
        ? parent
        : List.of(Map.entry(PARENT, known.group(1) + "00"));
  }

  private synchronized boolean mayAsk() {
    long now = TimeUnit.NANOSECONDS.toSeconds(System.nanoTime());
    if (now != second) {
      second = now;
      asked = 0;
    }
    return asked++ < ASKED;
  }

  @Override
  public <R> Operation sendRequest(
      Context context,
      SpanKind kind,
      TracingPolicy policy,
      R request,
      String operation,
      BiConsumer<String, String> headers,
      TagExtractor<R> tags) {
    return vertx.sendRequest(
        context,
        kind,
        policy,
        request,
        name(request, operation),
        headers,
        permitted(request, tags));
  }

  private static String name(Object request, String operation) {
    if (request instanceof Message<?> message) {
      String called = message.headers().get(OPERATION);
      String address = message.address();
      return called == null ? address : address.replaceFirst("@.*", "") + "." + called;
    }
    return request instanceof HttpServerRequest ? method(operation) : operation;
  }

  /** A method of a client's own is a text of that client. */
  private static String method(String name) {
    return HttpMethod.values().stream().anyMatch(known -> known.name().equals(name))
        ? name
        : "_OTHER";
  }

  private static <R> TagExtractor<R> permitted(R from, TagExtractor<R> tags) {
    int[] kept =
        IntStream.range(0, from == null ? 0 : tags.len(from))
            .filter(i -> ATTRIBUTES.contains(tags.name(from, i)))
            .toArray();
    return new TagExtractor<>() {
      @Override
      public int len(R any) {
        return kept.length;
      }

      @Override
      public String name(R any, int index) {
        return tags.name(from, kept[index]);
      }

      @Override
      public String value(R any, int index) {
        String value = tags.value(from, kept[index]);
        return name(any, index).equals(METHOD) ? method(value) : value;
      }
    };
  }

  @Override
  public <R> void sendResponse(
      Context context, R response, Operation span, Throwable failure, TagExtractor<R> tags) {
    judge(span, response, failure);
    vertx.sendResponse(context, response, span, null, permitted(response, tags));
  }

  @Override
  public <R> void receiveResponse(
      Context context, R response, Operation span, Throwable failure, TagExtractor<R> tags) {
    judge(span, response, failure);
    vertx.receiveResponse(context, response, span, null, permitted(response, tags));
  }

  /** A refusal of the request itself (4xx) is an answer; a message of a failure may tell much. */
  private static void judge(Operation span, Object response, Throwable failure) {
    if (span == null) {
      return;
    }
    int status =
        failure instanceof ReplyException reply
            ? reply.failureCode()
            : response instanceof HttpServerResponse answer ? answer.getStatusCode() : 0;
    boolean fault = status >= 500 || failure != null && status <= 0;
    if (fault) {
      span.span().setStatus(StatusCode.ERROR);
    }
    if (failure != null || fault) {
      span.span()
          .setAttribute(
              ERROR, status > 0 ? Integer.toString(status) : failure.getClass().getSimpleName());
    }
  }

  /** Sends what is still there, unless that takes longer than a stop may. */
  @Override
  public void close() {
    spans.shutdown().join(LAST, TimeUnit.MILLISECONDS);
  }
}
