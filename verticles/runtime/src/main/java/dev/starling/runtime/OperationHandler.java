package dev.starling.runtime;

import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectReader;
import io.vertx.core.Completable;
import io.vertx.core.Future;
import io.vertx.core.buffer.Buffer;
import io.vertx.core.eventbus.DeliveryOptions;
import io.vertx.core.eventbus.Message;
import io.vertx.core.json.JsonObject;
import java.net.URLEncoder;
import java.nio.charset.StandardCharsets;
import java.util.Map;
import java.util.Objects;
import java.util.function.BiFunction;
import java.util.function.BooleanSupplier;
import java.util.regex.Pattern;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * One operation on the side of the callee: deadline, bulkhead, size, token, decoding and rules
 * first, then the handler, then the reply. Whatever goes wrong becomes a problem; only faults are
 * logged, once, here.
 */
final class OperationHandler<I, O> {
  private static final Logger log = LoggerFactory.getLogger(OperationHandler.class);
  private static final ObjectReader PARAMETERS = Codec.mapper().readerForMapOf(String.class);
  private static final Pattern MEMBER = Pattern.compile("\\{([^}]+)}");

  private final Operation<I, O> operation;
  private final BiFunction<I, Call, Future<O>> handler;

  OperationHandler(Operation<I, O> operation, BiFunction<I, Call, Future<O>> handler) {
    this.operation = operation;
    this.handler = handler;
  }

  Operation<I, O> operation() {
    return operation;
  }

  OperationSpec spec() {
    return operation.spec();
  }

  /**
   * Handles one message.
   *
   * @param lag says whether the event loop is behind with its work
   * @param bytes whether it came as JSON bytes, with its operation as a header; else it came from
   *     any program to the plain address
   */
  Future<Void> handle(Node node, BooleanSupplier lag, Message<?> message, boolean bytes) {
    long waited = node.transit().waited(message.headers(), Transit.now());
    Call call = Call.received(message.headers(), spec().budget(), waited);
    CallTrace.put(call.trace());
    Completable<Object> sample = node.telemetry().handled(spec(), call.trace());
    long begin = System.nanoTime();
    return admit(node, lag, message, call)
        .andThen(sample)
        .onComplete(
            (value, failure) ->
                node.calls()
                    .ended(false, spec(), call, call.steps(), System.nanoTime() - begin, failure))
        .onSuccess(value -> reply(message, value, bytes, call))
        .onFailure(failure -> fail(message, log(failure, call), call))
        .<Void>mapEmpty()
        .otherwiseEmpty();
  }

  private Future<O> admit(Node node, BooleanSupplier lag, Message<?> message, Call call) {
    long left = call.remaining();
    if (left < 1) {
      return late();
    }
    Bulkhead bulkhead = node.bulkhead(spec());
    long begin = System.nanoTime();
    Bulkhead.Place place = bulkhead.enter(begin, left * 1_000_000);
    if (place == null) {
      return refused(ErrorCode.OVERLOADED, "As many calls as it takes are being worked on");
    }
    long slow = usual(node, message) * 1_000_000 / 2;
    return work(node, message, call)
        .onComplete(
            done -> {
              long now = System.nanoTime();
              bulkhead.leave(place, now, now - begin > slow || lag.getAsBoolean());
            });
  }

  /** Not what this caller allows: one that is in haste says nothing of the work. */
  private long usual(Node node, Message<?> message) {
    boolean repeatable = spec().isRepeatable(message.headers().get(Call.KEY));
    return node.options().limits().attempt(spec().budget(), repeatable);
  }

  private static <T> Future<T> late() {
    return refused(ErrorCode.TIMED_OUT, "The time was over before the work began");
  }

  private static <T> Future<T> refused(ErrorCode code, String detail) {
    return Future.failedFuture(new ServiceException(code, detail));
  }

  private Future<O> work(Node node, Message<?> message, Call call) {
    try {
      return authenticate(node, keyed(call, message))
          .compose(
              c -> node.faults().around(spec().service(), () -> run(decode(node, message), c)));
    } catch (RuntimeException e) {
      return Future.failedFuture(e);
    }
  }

  private Call keyed(Call call, Message<?> message) {
    return spec().keyed() ? call.taking(message.headers().get(Call.KEY)) : call;
  }

  private Future<Call> authenticate(Node node, Call call) {
    if (spec().open()) {
      return Future.succeededFuture(call);
    }
    if (call.token() == null) {
      throw new ServiceException(ErrorCode.UNAUTHENTICATED, "An access token is needed");
    }
    long begin = System.nanoTime();
    return node.tokens()
        .verify(call.token())
        .onComplete((caller, failure) -> call.step("token", begin, failure))
        .map(caller -> call.by(permitted(caller)));
  }

  private Caller permitted(Caller caller) {
    if (spec().role() != null && !caller.has(spec().role())) {
      throw new ServiceException(
          ErrorCode.FORBIDDEN, "This needs the role '" + spec().role() + "'");
    }
    return caller;
  }

  /** Once more in time: reading the keys of tokens takes some. */
  private Future<O> run(I request, Call call) {
    if (call.remaining() < 1) {
      return late();
    }
    return Objects.requireNonNull(
        handler.apply(request, call), () -> "The handler of " + operation + " gave no future");
  }

  private I decode(Node node, Message<?> message) {
    Buffer body = bytes(message.body());
    if (body != null && body.length() > node.options().limits().get(Limit.HTTP_BODY)) {
      throw new ServiceException(
          ErrorCode.TOO_LARGE,
          "The request is larger than " + node.options().limits().get(Limit.HTTP_BODY) + " bytes");
    }
    String parameters = message.headers().get(ServiceVerticle.PARAMETERS);
    return Codec.request(body, parameters(parameters), operation.request());
  }

  private static Buffer bytes(Object body) {
    if (body == null || body instanceof Buffer) {
      return (Buffer) body;
    }
    if (body instanceof JsonObject json) {
      return json.toBuffer();
    }
    if (body instanceof String text) {
      return Buffer.buffer(text);
    }
    throw new ServiceException(ErrorCode.MALFORMED, "The body is not a JSON object");
  }

  static Map<String, String> parameters(String parameters) {
    if (parameters == null) {
      return null;
    }
    try {
      Map<String, String> read = PARAMETERS.readValue(parameters);
      if (read == null || !read.containsValue(null)) {
        return read;
      }
    } catch (JsonProcessingException e) {
      // Refused below.
    }
    throw new ServiceException(ErrorCode.MALFORMED, "The parameters cannot be read");
  }

  private void reply(Message<?> message, O value, boolean bytes, Call call) {
    try {
      Buffer json = Codec.write(value);
      DeliveryOptions options = new DeliveryOptions();
      if (spec().location() != null) {
        options.addHeader(Node.LOCATION, location(json));
      }
      message.reply(bytes ? json : json.toJsonObject(), options);
    } catch (RuntimeException e) {
      fail(message, log(e, call), call);
    }
  }

  private String location(Buffer reply) {
    JsonNode members = Codec.reply(reply, JsonNode.class);
    return MEMBER
        .matcher(spec().location())
        .replaceAll(match -> segment(members.path(match.group(1)).asText()));
  }

  /** Text as one segment of a path (RFC 3986, 3.3). */
  private static String segment(String text) {
    return URLEncoder.encode(text, StandardCharsets.UTF_8)
        .replace("+", "%20")
        .replace("%7E", "~")
        .replace("*", "%2A");
  }

  private ServiceException log(Throwable failure, Call call) {
    ServiceException exception = ServiceException.of(failure);
    if (exception.code() == ErrorCode.TIMED_OUT) {
      log.atDebug().addKeyValue(Call.TRACE, call.trace()).log("{} was not done in time", operation);
    } else if (exception.code().isFault()) {
      log.atError()
          .addKeyValue(Call.TRACE, call.trace())
          .setCause(failure)
          .log("{} failed", operation);
    }
    return exception;
  }

  static void fail(Message<?> message, ServiceException exception, Call call) {
    message.fail(exception.code().status(), exception.problem(call.trace()).encode());
  }
}
