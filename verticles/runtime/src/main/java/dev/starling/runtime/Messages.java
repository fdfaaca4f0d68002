package dev.starling.runtime;

import io.vertx.core.Future;
import io.vertx.core.Vertx;
import io.vertx.core.eventbus.DeliveryOptions;
import io.vertx.core.eventbus.Message;
import io.vertx.core.eventbus.ReplyException;
import io.vertx.core.eventbus.ReplyFailure;
import java.util.List;

/**
 * Messages that an operator sends by hand, to whoever listens on the bus, as any program could that
 * is part of it: no token goes along, and no header that an instance would obey.
 */
public final class Messages {
  /** Where nodes speak with each other, Vert.x with itself, and others wait for their replies. */
  private static final List<String> INTERNAL = List.of("starling.", "vertx.", "__vertx");

  private final Vertx vertx;

  Messages(Vertx vertx) {
    this.vertx = vertx;
  }

  /**
   * Whether only nodes themselves have business there.
   *
   * @param address of the bus
   */
  public static boolean isInternal(String address) {
    return INTERNAL.stream().anyMatch(address::startsWith);
  }

  /**
   * Sends to one of those who listen.
   *
   * @param body JSON as Vert.x has it, null too
   * @return fails with {@link ErrorCode#NOT_FOUND} when nobody listens; what becomes of it is not
   *     told
   */
  public Future<Void> send(String address, Object body, String trace) {
    return vertx
        .eventBus()
        .sender(checked(address), options(trace))
        .write(body)
        .recover(failure -> failed(failure, address));
  }

  /** Sends to all who listen; fails as {@link #send} does. */
  public Future<Void> publish(String address, Object body, String trace) {
    return vertx
        .eventBus()
        .publisher(checked(address), options(trace))
        .write(body)
        .recover(failure -> failed(failure, address));
  }

  /**
   * Sends to one of those who listen and waits for the reply.
   *
   * @param timeout milliseconds
   * @return fails with a {@link ServiceException} only: {@link ErrorCode#NOT_FOUND} when nobody
   *     listens, {@link ErrorCode#TIMED_OUT} when no reply comes, else what the receiver says
   */
  public Future<Object> request(String address, Object body, long timeout, String trace) {
    return vertx
        .eventBus()
        .<Object>request(checked(address), body, options(trace).setSendTimeout(timeout))
        .map(Message::body)
        .recover(failure -> failed(failure, address));
  }

  private static String checked(String address) {
    if (isInternal(address)) {
      throw new IllegalArgumentException(address + " is internal");
    }
    return address;
  }

  private static DeliveryOptions options(String trace) {
    return new DeliveryOptions().addHeader(Call.TRACE, trace);
  }

  private static <T> Future<T> failed(Throwable failure, String address) {
    return Future.failedFuture(
        failure instanceof ReplyException reply
            ? of(reply, address)
            : ServiceException.of(failure));
  }

  private static ServiceException of(ReplyException reply, String address) {
    if (reply.failureType() == ReplyFailure.NO_HANDLERS) {
      return new ServiceException(ErrorCode.NOT_FOUND, "Nobody listens at " + address);
    }
    if (reply.failureType() == ReplyFailure.TIMEOUT) {
      return new ServiceException(
          ErrorCode.TIMED_OUT, "No reply came from " + address + " in time; it may have happened");
    }
    ServiceException known = ServiceException.of(reply);
    boolean isProblem = known.getCause() == null;
    return isProblem
        ? known
        : new ServiceException(
            ErrorCode.INTERNAL,
            "Who listens at %s fails with %d: %s"
                .formatted(address, reply.failureCode(), reply.getMessage()));
  }
}
