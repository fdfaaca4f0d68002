package dev.starling.runtime;

import io.vertx.core.Completable;
import io.vertx.core.Future;
import io.vertx.core.Vertx;
import io.vertx.core.buffer.Buffer;
import io.vertx.core.eventbus.DeliveryOptions;
import io.vertx.core.eventbus.Message;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.ThreadLocalRandom;
import java.util.function.Function;

/**
 * Calls operations: view, then instance, then that instance's breaker, then one bus request.
 *
 * <p>An attempt that failed is followed by another, on another instance, where that can do no harm:
 * the instance refused before it began, or the operation is idempotent. All attempts are within the
 * call's deadline, and all retries of a node within its {@link RetryBudget}.
 */
public final class ServiceClient {
  /** Attempts after which the work may have begun. */
  private static final int ATTEMPTS = 2;

  /** Retries of callers that failed together are spread over this time, milliseconds. */
  private static final int JITTER = 20;

  private final Vertx vertx;
  private final ServiceDirectory directory;
  private final Telemetry telemetry;
  private final CallLog log;
  private final Limits limits;
  private final RetryBudget retries;

  ServiceClient(
      Vertx vertx, ServiceDirectory directory, Telemetry telemetry, CallLog log, Limits limits) {
    this.vertx = vertx;
    this.directory = directory;
    this.telemetry = telemetry;
    this.log = log;
    this.limits = limits;
    this.retries = new RetryBudget(limits, Transit::now);
  }

  /** Calls an operation on nobody's behalf, within its own budget. */
  public <I, O> Future<O> call(Operation<I, O> operation, I request) {
    return call(operation, request, Call.begin(null, operation.spec().budget()));
  }

  /**
   * Calls an operation on behalf of another call: its trace, deadline and token go along.
   *
   * @return fails with a {@link ServiceException} only
   */
  public <I, O> Future<O> call(Operation<I, O> operation, I request, Call call) {
    return send(operation.spec(), Codec.write(request), null, call)
        .map(reply -> Codec.reply(reply.body(), operation.reply()));
  }

  /**
   * Calls an operation whose reply the caller can do without.
   *
   * @param orElse gives what to go on with when the service is away, fails or is late; a refusal of
   *     the request itself (4xx) is an answer, and fails the call
   */
  public <I, O> Future<Reply<O>> call(
      Operation<I, O> operation, I request, Call call, Function<ServiceException, O> orElse) {
    return call(operation, request, call)
        .map(value -> new Reply<>(value, null))
        .recover(
            e -> {
              ServiceException failure = ServiceException.of(e);
              return failure.code().isFault() || failure.code().isRefusal()
                  ? Future.succeededFuture(new Reply<>(orElse.apply(failure), failure))
                  : Future.failedFuture(failure);
            });
  }

  /**
   * Sends a request as bytes and gives the reply as bytes, neither of them parsed.
   *
   * @param parameters members of the request that are not in the body, as a JSON object of strings;
   *     null for none
   * @return fails with a {@link ServiceException} only
   */
  public Future<Message<Buffer>> send(
      OperationSpec operation, Buffer body, String parameters, Call call) {
    return send(operation, body, parameters, call, null);
  }

  /**
   * Sends a request to one instance and to no other, as who looks for what is wrong with it wants.
   *
   * @param instance as people call it ({@link Announcement#name})
   * @return fails with a {@link ServiceException} only, {@link ErrorCode#NOT_STARTED} where this
   *     node keeps calls away from the instance
   */
  public Future<Message<Buffer>> sendTo(
      String instance, OperationSpec operation, Buffer body, Call call) {
    return send(operation, body, null, call, instance);
  }

  private Future<Message<Buffer>> send(
      OperationSpec operation, Buffer body, String parameters, Call call, String only) {
    Completable<Object> sample = telemetry.called(operation, call.trace());
    long begin = System.nanoTime();
    retries.called();
    Call own = call.onward(operation.budget());
    return new Sending(operation, body, parameters, own, only)
        .attempt()
        .recover(failure -> Future.failedFuture(ServiceException.of(failure)))
        .andThen(sample)
        .onComplete(
            (reply, failure) -> {
              log.ended(true, operation, own, own.steps(), System.nanoTime() - begin, failure);
              call.step(operation.address(), begin, failure);
            });
  }

  /** One call with all its attempts. */
  private final class Sending {
    private final OperationSpec operation;
    private final Buffer body;
    private final String parameters;
    private final Call call;
    private final String only;
    private final boolean repeatable;
    private final long usual;
    private final List<Instance> tried = new ArrayList<>(ATTEMPTS);
    private int begun;

    /** The last failure that is no refusal: one that follows does not undo what may have begun. */
    private ServiceException unsure;

    Sending(OperationSpec operation, Buffer body, String parameters, Call call, String only) {
      this.operation = operation;
      this.body = body;
      this.parameters = parameters;
      this.call = call;
      this.only = only;
      this.repeatable = operation.isRepeatable(call.key());
      this.usual = limits.attempt(operation.budget(), repeatable);
    }

    Future<Message<Buffer>> attempt() {
      long left = call.remaining();
      if (left < 1) {
        return failed(
            new ServiceException(ErrorCode.TIMED_OUT, "The time was over before the call began"));
      }
      Endpoint endpoint;
      try {
        endpoint =
            only == null
                ? directory.choose(operation, repeatable, tried)
                : directory.only(only, operation, repeatable);
      } catch (ServiceException none) {
        return failed(none);
      }
      long allowed = allowed(left, endpoint.instance());
      long begin = System.nanoTime();
      return endpoint
          .call(usual, () -> request(endpoint.instance(), allowed))
          .onComplete((reply, failure) -> call.step(endpoint.instance().name(), begin, failure))
          .recover(failure -> again(ServiceException.of(failure)));
    }

    /** Part of the time when another instance could have the rest of it, else all that is left. */
    private long allowed(long left, Instance instance) {
      tried.add(instance);
      return repeatable && begun + 1 < ATTEMPTS && hasOther() ? Math.min(left, usual) : left;
    }

    private boolean hasOther() {
      return only == null && directory.hasOther(operation, tried);
    }

    private Future<Message<Buffer>> request(Instance instance, long allowed) {
      DeliveryOptions options =
          new DeliveryOptions()
              .setSendTimeout(allowed)
              .setLocalOnly(instance.local())
              .addHeader(ServiceVerticle.OPERATION, operation.name())
              .addHeader(Call.TRACE, call.trace())
              .addHeader(Call.BUDGET, Long.toString(allowed))
              .addHeader(Transit.FROM, directory.self())
              .addHeader(Transit.SENT, Long.toString(Transit.now()));
      if (call.token() != null) {
        options.addHeader(Call.TOKEN, call.token());
      }
      if (call.source() != null) {
        options.addHeader(Call.SOURCE, call.source());
      }
      if (call.agent() != null && operation.changes()) {
        options.addHeader(Call.AGENT, call.agent());
      }
      if (call.isWatched()) {
        options.addHeader(Call.WATCHED, "1");
      }
      if (call.key() != null) {
        options.addHeader(Call.KEY, call.key());
      }
      if (parameters != null) {
        options.addHeader(ServiceVerticle.PARAMETERS, parameters);
      }
      return vertx.eventBus().request(instance.address(), body, options);
    }

    private Future<Message<Buffer>> again(ServiceException failure) {
      boolean refused = failure.code().isRefusal();
      if (!refused) {
        unsure = failure;
        begun++;
      }
      boolean harmless = refused || repeatable && failure.code().isFault() && begun < ATTEMPTS;
      long pause = 1 + ThreadLocalRandom.current().nextInt(JITTER);
      if (!harmless || call.remaining() <= pause || !hasOther()) {
        return failed(failure);
      }
      if (!retries.take()) {
        return failed(failure);
      }
      telemetry.retried(operation);
      return vertx.timer(pause).compose(v -> attempt());
    }

    private <T> Future<T> failed(ServiceException last) {
      return Future.failedFuture(unsure == null ? last : unsure);
    }
  }
}
