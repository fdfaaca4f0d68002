package dev.starling.runtime;

import io.vertx.core.Completable;
import io.vertx.core.Future;
import io.vertx.core.Vertx;
import io.vertx.core.buffer.Buffer;
import io.vertx.core.eventbus.DeliveryOptions;
import io.vertx.core.eventbus.Message;

/** Calls operations: view, then instance, then that instance's breaker, then one bus request. */
public final class ServiceClient {
  private final Vertx vertx;
  private final ServiceDirectory directory;
  private final Telemetry telemetry;

  ServiceClient(Vertx vertx, ServiceDirectory directory, Telemetry telemetry) {
    this.vertx = vertx;
    this.directory = directory;
    this.telemetry = telemetry;
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
   * Sends a request as bytes and gives the reply as bytes, neither of them parsed.
   *
   * @param parameters members of the request that are not in the body, as a JSON object of strings;
   *     null for none
   * @return fails with a {@link ServiceException} only
   */
  public Future<Message<Buffer>> send(
      OperationSpec operation, Buffer body, String parameters, Call call) {
    Completable<Object> sample = telemetry.called(operation);
    return attempt(operation, body, parameters, call.onward())
        .recover(failure -> Future.failedFuture(ServiceException.of(failure)))
        .andThen(sample);
  }

  private Future<Message<Buffer>> attempt(
      OperationSpec operation, Buffer body, String parameters, Call call) {
    long budget = Math.min(call.remaining(), operation.budget());
    if (budget < 1) {
      return Future.failedFuture(
          new ServiceException(ErrorCode.TIMED_OUT, "The time was over before the call began"));
    }
    Instance instance;
    try {
      instance = directory.choose(operation.service());
    } catch (ServiceException e) {
      return Future.failedFuture(e);
    }
    DeliveryOptions options =
        new DeliveryOptions()
            .setSendTimeout(budget)
            .setLocalOnly(instance.local())
            .addHeader(ServiceVerticle.OPERATION, operation.name())
            .addHeader(Call.TRACE, call.trace())
            .addHeader(Call.BUDGET, Long.toString(budget));
    if (call.token() != null) {
      options.addHeader(Call.TOKEN, call.token());
    }
    if (call.key() != null) {
      options.addHeader(Call.KEY, call.key());
    }
    if (parameters != null) {
      options.addHeader(ServiceVerticle.PARAMETERS, parameters);
    }
    return instance
        .breaker()
        .call(() -> vertx.eventBus().request(instance.address(), body, options));
  }
}
