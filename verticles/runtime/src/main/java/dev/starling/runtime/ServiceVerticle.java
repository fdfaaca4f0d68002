package dev.starling.runtime;

import io.vertx.core.Future;
import io.vertx.core.Handler;
import io.vertx.core.Promise;
import io.vertx.core.VerticleBase;
import io.vertx.core.buffer.Buffer;
import io.vertx.core.eventbus.EventBus;
import io.vertx.core.eventbus.Message;
import io.vertx.core.eventbus.MessageConsumer;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.function.BiFunction;
import java.util.function.Function;
import java.util.function.Supplier;
import java.util.stream.Collectors;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * A service: name its operations and their handlers, the rest is done here.
 *
 * <pre>{@code
 * public final class GreetingVerticle extends ServiceVerticle {
 *   @Override
 *   protected void operations() {
 *     handle(Greeting.GREET, this::greet);
 *   }
 * }
 * }</pre>
 *
 * <p>It starts by taking calls first and announcing itself second; it stops the other way round:
 * out of the registry, new calls refused as not started, calls in flight finished within the node's
 * drain time. Deploying it several times gives the one instance of this node more event loops.
 */
public abstract class ServiceVerticle extends VerticleBase {
  static final String OPERATION = "operation";
  static final String PARAMETERS = "parameters";
  static final String PING = "_ping";
  static final String CONTRACT = "_contract";

  /** Milliseconds in which other nodes hear that an instance has been withdrawn. */
  private static final long LINGER = 500;

  private static final Logger log = LoggerFactory.getLogger(ServiceVerticle.class);
  private static final long OPEN_AGAIN = 500;

  private final Map<String, OperationHandler<?, ?>> handlers = new LinkedHashMap<>();
  private final List<MessageConsumer<?>> consumers = new ArrayList<>();
  private final List<MessageConsumer<?>> plainConsumers = new ArrayList<>();
  private ContractDocument contract;
  private String hash;

  /** The contract as it travels. */
  private Future<Buffer> encoded;

  private boolean leads;
  private volatile boolean draining;

  /** Whether an operator has drained the node. */
  private volatile boolean withdrawn;

  private EventLoopLag.Watch lag;
  private long opening = -1;

  /** A handler may end its call on any thread. */
  private final AtomicInteger inFlight = new AtomicInteger();

  private final Promise<Void> drained = Promise.promise();

  private final Drain.Part part =
      new Drain.Part() {
        @Override
        public Future<?> drain() {
          return onContext(ServiceVerticle.this::withdraw);
        }

        @Override
        public Future<?> resume() {
          return onContext(ServiceVerticle.this::offer);
        }
      };

  /** Calls {@link #handle} for each operation; runs before anything has been started. */
  protected abstract void operations();

  /**
   * Opens what the handlers need; calls come only after its future has succeeded.
   *
   * @return fails with {@link ErrorCode#UNAVAILABLE} for "not yet": the node starts without the
   *     service, is not ready and says why, and opens it again every 500 ms until it succeeds. Any
   *     other failure of the first time is one of the start.
   */
  protected Future<?> open() {
    return Future.succeededFuture();
  }

  /** Closes what {@link #open} opened, if it did; no call is in flight any more. */
  protected Future<?> close() {
    return Future.succeededFuture();
  }

  /** Whether the verticle is to be given a database in its configuration. */
  public boolean usesDatabase() {
    return false;
  }

  /** Offers an operation whose handler needs nothing but the request. */
  protected final <I, O> void handle(Operation<I, O> operation, Function<I, Future<O>> handler) {
    handle(operation, (request, call) -> handler.apply(request));
  }

  /**
   * Offers an operation.
   *
   * @param handler fails with a {@link ServiceException} to refuse; anything else is a fault of the
   *     service
   */
  protected final <I, O> void handle(
      Operation<I, O> operation, BiFunction<I, Call, Future<O>> handler) {
    if (handlers.putIfAbsent(operation.spec().name(), new OperationHandler<>(operation, handler))
        != null) {
      throw new IllegalArgumentException(operation + " has two handlers");
    }
  }

  /** The name of the service, from its operations. */
  public final String service() {
    if (handlers.isEmpty()) {
      operations();
    }
    List<String> services =
        handlers.values().stream().map(h -> h.spec().service()).distinct().toList();
    if (services.size() != 1) {
      throw new IllegalStateException(
          getClass().getName() + " handles operations of " + services + ", not of one service");
    }
    return services.get(0);
  }

  /**
   * Reads what the operations say of their requests, which takes tenths of a second for the first
   * instance of a class; starting does it too.
   */
  public final void prepare() {
    service();
    handlers.values().forEach(h -> Codec.prepare(h.operation().request()));
  }

  protected final Node node() {
    return Node.of(vertx);
  }

  @Override
  public final Future<?> start() {
    String service = service();
    lag = node().lag().watch(vertx);
    return describe(service)
        .compose(v -> open())
        .compose(v -> serve(service), failure -> notYet(service, failure));
  }

  private Future<Void> serve(String service) {
    return consume(service).compose(v -> node().drain().join(part)).mapEmpty();
  }

  private Future<Void> notYet(String service, Throwable failure) {
    if (!(failure instanceof ServiceException known) || known.code() != ErrorCode.UNAVAILABLE) {
      return Future.failedFuture(failure);
    }
    log.warn("{} does not serve yet: {}", service, failure.getMessage());
    openLater(service, failure);
    return Future.succeededFuture();
  }

  private void openLater(String service, Throwable failure) {
    node().health().register(service, () -> Future.failedFuture(failure.getMessage()));
    opening = vertx.setTimer(OPEN_AGAIN, t -> openAgain(service));
  }

  private void openAgain(String service) {
    Future.succeededFuture()
        .compose(v -> open())
        .compose(v -> draining ? Future.succeededFuture() : serve(service))
        .onSuccess(v -> node().health().remove(service))
        .onSuccess(v -> log.info("{} serves now", service))
        .onFailure(failure -> openLater(service, failure));
  }

  private Future<?> describe(String service) {
    List<Operation<?, ?>> operations =
        handlers.values().stream().map(OperationHandler::operation).collect(Collectors.toList());
    return vertx
        .executeBlocking(
            () -> {
              prepare();
              ContractDocument document = ContractDocument.of(service, operations);
              hash = document.hash();
              return document;
            },
            false)
        .map(document -> contract = document);
  }

  /** Encodes the contract for the first who asks, which takes too long for a start or a loop. */
  private Future<Buffer> encoded() {
    if (encoded == null) {
      encoded = vertx.executeBlocking(() -> Codec.write(contract), false);
      encoded.onFailure(e -> log.error("The contract of {} cannot be written", service(), e));
    }
    return encoded;
  }

  private Announcement announcement(String service) {
    Membership membership = node().membership();
    String version = getClass().getPackage().getImplementationVersion();
    return new Announcement(
        service,
        membership.self(),
        node().options().name(),
        Announcement.address(service, membership.self()),
        version == null ? "unknown" : version,
        hash);
  }

  /** One verticle of an instance tells the cluster of its addresses; its others share them. */
  private Future<?> consume(String service) {
    if (!consumers.isEmpty()) { // What came after has failed, and all of it is done again.
      return Future.succeededFuture();
    }
    leads = node().lead(service);
    String address = Announcement.address(service, node().membership().self());
    MessageConsumer<?> consumer = this.<Buffer>consumer(address, this::dispatch);
    consumers.add(consumer);
    return consumer.completion();
  }

  private <T> MessageConsumer<T> consumer(String address, Handler<Message<T>> handler) {
    EventBus bus = vertx.eventBus();
    return leads ? bus.consumer(address, handler) : bus.localConsumer(address, handler);
  }

  private Future<?> offer() {
    withdrawn = false;
    if (plainConsumers.isEmpty()) {
      handlers
          .values()
          .forEach(h -> plainConsumers.add(consumer(h.spec().address(), m -> run(h, m, false))));
    }
    return Future.all(plainConsumers.stream().map(MessageConsumer::completion).toList())
        .compose(v -> leads ? announce(service()) : Future.succeededFuture());
  }

  private Future<?> announce(String service) {
    return node().directory().offer(announcement(service), contract);
  }

  /** The instance's address stays, for those who have not heard yet, and refuses after a while. */
  private Future<?> withdraw() {
    List<MessageConsumer<?>> plain = List.copyOf(plainConsumers);
    plainConsumers.clear();
    return node()
        .directory()
        .withdraw(service())
        .recover(e -> Future.succeededFuture())
        .compose(v -> leads ? unregister(plain) : Future.succeededFuture())
        .compose(v -> linger())
        .compose(v -> leads ? Future.succeededFuture() : unregister(plain))
        .onComplete(v -> withdrawn = true);
  }

  private static Future<?> unregister(List<MessageConsumer<?>> some) {
    return Future.join(some.stream().map(MessageConsumer::unregister).toList());
  }

  private Future<?> onContext(Supplier<Future<?>> step) {
    return Future.future(
        promise -> context.runOnContext(v -> step.get().<Void>mapEmpty().onComplete(promise)));
  }

  private void dispatch(Message<Buffer> message) {
    String operation = message.headers().get(OPERATION);
    OperationHandler<?, ?> handler = operation == null ? null : handlers.get(operation);
    if (handler != null) {
      run(handler, message, true);
    } else if (PING.equals(operation)) {
      message.reply(Buffer.buffer());
    } else if (CONTRACT.equals(operation)) {
      encoded()
          .onSuccess(message::reply)
          .onFailure(e -> refuse(message, ErrorCode.INTERNAL, "The contract cannot be written"));
    } else {
      refuse(message, ErrorCode.NOT_FOUND, "The instance has no such operation");
    }
  }

  private void run(OperationHandler<?, ?> handler, Message<?> message, boolean bytes) {
    if (draining) {
      refuse(message, ErrorCode.NOT_STARTED, "The instance is stopping");
    } else if (withdrawn) {
      refuse(message, ErrorCode.NOT_STARTED, "The node is drained");
    } else if (handler.spec().changes() && node().isFenced()) {
      refuse(
          message,
          ErrorCode.NOT_STARTED,
          "The instance is cut off from its cluster and changes nothing");
    } else {
      inFlight.incrementAndGet();
      handler.handle(node(), lag::isLate, message, bytes).onComplete(done -> finished());
    }
  }

  private static void refuse(Message<?> message, ErrorCode code, String why) {
    OperationHandler.fail(
        message, new ServiceException(code, why), Call.received(message.headers(), 0, 0));
  }

  private void finished() {
    if (inFlight.decrementAndGet() == 0 && draining) {
      drained.tryComplete();
    }
  }

  @Override
  public final Future<?> stop() {
    vertx.cancelTimer(opening);
    return node()
        .drain()
        .leave(part)
        .compose(v -> node().directory().withdraw(service()))
        .recover(e -> Future.succeededFuture())
        .compose(v -> linger())
        .compose(v -> drain())
        .compose(v -> unregister(consumers))
        .compose(v -> unregister(plainConsumers))
        .recover(e -> Future.succeededFuture())
        .onComplete(v -> resign())
        .compose(v -> close());
  }

  /**
   * Other nodes call until they have heard of the withdrawal. What they send is still done; to a
   * consumer that has gone it would be lost.
   */
  private Future<Void> linger() {
    boolean alone = node().membership().nodes().size() == 1;
    return alone ? Future.succeededFuture() : vertx.timer(LINGER).mapEmpty();
  }

  private void resign() {
    if (leads) {
      node().resign(service());
    }
  }

  private Future<Void> drain() {
    draining = true;
    if (inFlight.get() == 0) {
      return Future.succeededFuture();
    }
    return drained
        .future()
        .timeout(node().options().limits().get(Limit.DRAIN), TimeUnit.MILLISECONDS)
        .onFailure(e -> log.warn("{} stops with {} calls in flight", service(), inFlight.get()))
        .otherwiseEmpty();
  }
}
