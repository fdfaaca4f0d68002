package dev.starling.launcher;

import com.google.protobuf.InvalidProtocolBufferException;
import io.opentelemetry.proto.collector.trace.v1.ExportTraceServiceRequest;
import io.opentelemetry.proto.collector.trace.v1.ExportTraceServiceResponse;
import io.opentelemetry.proto.common.v1.KeyValue;
import io.opentelemetry.proto.resource.v1.Resource;
import io.opentelemetry.proto.trace.v1.Span;
import io.vertx.core.Vertx;
import io.vertx.core.buffer.Buffer;
import io.vertx.core.http.HttpServer;
import io.vertx.core.http.HttpServerRequest;
import java.util.HexFormat;
import java.util.List;
import java.util.Map;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.stream.Collectors;

/** A collector: takes spans over OTLP (HTTP, protobuf) and keeps them. */
final class OtlpReceiver implements AutoCloseable {
  private static final HexFormat HEX = HexFormat.of();

  private final Vertx vertx = Vertx.vertx();
  private final HttpServer server;
  private final List<Received> received = new CopyOnWriteArrayList<>();
  private volatile boolean answers = true;

  /**
   * One span.
   *
   * @param node that made it
   * @param all everything that came with it, as text
   */
  record Received(
      String node,
      String trace,
      String id,
      String parent,
      String name,
      Span.SpanKind kind,
      Map<String, String> attributes,
      String all) {}

  OtlpReceiver() {
    server =
        vertx
            .createHttpServer()
            .requestHandler(request -> request.body().onSuccess(body -> take(request, body)))
            .listen(0, "127.0.0.1")
            .await();
  }

  String url() {
    return "http://127.0.0.1:" + server.actualPort() + "/v1/traces";
  }

  /** From now on it takes what comes and says nothing. */
  void hang() {
    answers = false;
  }

  private void take(HttpServerRequest request, Buffer body) {
    if (!answers) {
      return;
    }
    boolean otlp =
        request.path().equals("/v1/traces")
            && "application/x-protobuf".equals(request.getHeader("content-type"));
    try {
      ExportTraceServiceRequest.parseFrom(body.getBytes())
          .getResourceSpansList()
          .forEach(
              group ->
                  group
                      .getScopeSpansList()
                      .forEach(
                          scope ->
                              scope
                                  .getSpansList()
                                  .forEach(span -> keep(group.getResource(), span))));
    } catch (InvalidProtocolBufferException e) {
      otlp = false;
    }
    request
        .response()
        .setStatusCode(otlp ? 200 : 400)
        .putHeader("content-type", "application/x-protobuf")
        .end(Buffer.buffer(ExportTraceServiceResponse.getDefaultInstance().toByteArray()));
  }

  private void keep(Resource resource, Span span) {
    received.add(
        new Received(
            map(resource.getAttributesList()).get("service.instance.id"),
            HEX.formatHex(span.getTraceId().toByteArray()),
            HEX.formatHex(span.getSpanId().toByteArray()),
            HEX.formatHex(span.getParentSpanId().toByteArray()),
            span.getName(),
            span.getKind(),
            map(span.getAttributesList()),
            resource + "\n" + span));
  }

  private static Map<String, String> map(List<KeyValue> attributes) {
    return attributes.stream()
        .collect(Collectors.toMap(KeyValue::getKey, a -> a.getValue().getStringValue()));
  }

  List<Received> spans() {
    return received;
  }

  List<Received> spans(String trace) {
    return received.stream().filter(span -> span.trace().equals(trace)).toList();
  }

  @Override
  public void close() {
    vertx.close().await();
  }
}
