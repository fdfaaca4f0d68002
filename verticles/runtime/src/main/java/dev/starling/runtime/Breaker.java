package dev.starling.runtime;

import io.vertx.circuitbreaker.CircuitBreaker;
import io.vertx.circuitbreaker.CircuitBreakerOptions;
import io.vertx.circuitbreaker.CircuitBreakerState;
import io.vertx.circuitbreaker.OpenCircuitException;
import io.vertx.core.Context;
import io.vertx.core.Future;
import io.vertx.core.Vertx;
import java.util.Locale;
import java.util.concurrent.TimeUnit;
import java.util.function.BiConsumer;
import java.util.function.Predicate;
import java.util.function.Supplier;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Keeps calls away from one instance that fails or has become slow, by one Vert.x circuit breaker;
 * nothing else touches that.
 *
 * <p>The Vert.x breaker counts failures and forgets them at any success, so that an instance which
 * fails half of its calls would stay in use (vertx-circuit-breaker #53). Here the instance's {@link
 * Conduct} decides, and the breaker is told by {@code open()}. Only faults count, never a caller's
 * error or haste, and never a refusal: an instance that is full or stopping is not broken.
 *
 * <p>An instance that is frozen or cut off gets few calls before the choice leaves it out, too few
 * to judge it by. So when a call was not answered in time, nor anything else since it began, the
 * instance is asked for a ping; without an answer to that the breaker opens.
 *
 * <p>One that begins to fail may get as few: at little load the cheapest instance gets nearly all
 * calls. So a fault that does not open the breaker starts an inquiry: the next idempotent calls
 * that may choose the instance do, as many as are needed to judge it, and are repeated elsewhere
 * where it fails them.
 *
 * <p>The way back: when the wait is over the Vert.x breaker is half open and lets one call through,
 * which is the ping of the instance. When that was answered a few idempotent calls try it; a fault
 * of one of them opens the breaker again, for twice as long. An instance that fails half of its
 * calls still answers pings.
 *
 * <p>What began before a change of state says nothing of the state after it (vertx-circuit-breaker
 * #14): each call knows the generation in which it began.
 */
final class Breaker {
  private static final Logger log = LoggerFactory.getLogger(Breaker.class);

  /** How often an open breaker looks whether its wait is over; Vert.x cannot vary its own. */
  private static final long LOOK_EVERY = 250;

  /** Without calls to try the instance, an answered ping is enough after this time. */
  private static final long TRIAL_PATIENCE = 1_000;

  /** Milliseconds from one inquiry to the next: what it found is judged apart for as long. */
  private static final long INQUIRY_EVERY = 1_000;

  /** Milliseconds in which an instance that has been silent for long must answer a ping. */
  private static final long SUSPICION = 500;

  private static final CircuitBreakerOptions OPTIONS =
      new CircuitBreakerOptions()
          .setMaxFailures(Integer.MAX_VALUE)
          .setTimeout(-1)
          .setResetTimeout(LOOK_EVERY)
          .setNotificationAddress(null);

  /** Whether an instance gets calls. */
  enum State {
    /** It gets calls. */
    CLOSED,
    /** It has answered a ping, and gets a few idempotent calls. */
    HALF_OPEN,
    /** It gets none. */
    OPEN;

    String text() {
      return name().toLowerCase(Locale.ROOT).replace('_', '-');
    }
  }

  /** What an operator wants of a breaker. */
  enum Wish {
    AUTOMATIC,
    OPEN,
    CLOSED
  }

  /**
   * A breaker as an operator sees it.
   *
   * @param state now
   * @param wish of an operator
   * @param window calls of the window that ends now
   * @param reason for which it was opened last, null if it never was
   * @param probeIn milliseconds until the next probe, 0 unless it is open
   * @param trail how its latest calls ended, see {@link Trail}; while it is not closed, those
   *     before
   */
  record Status(
      State state, Wish wish, Window.Totals window, String reason, long probeIn, String trail) {}

  private final String name;
  private final Limits limits;
  private final Predicate<Runnable> ejection;
  private final Supplier<Future<?>> ping;
  private final BiConsumer<State, String> changed;
  private final Context context;
  private final CircuitBreaker circuit;
  private final Conduct conduct;

  private volatile State state = State.CLOSED;
  private volatile int generation;
  private Wish wish = Wish.AUTOMATIC;
  private int trialsLeft;
  private int trialsUnderWay;
  private int trialsWon;
  private long wait;
  private long probeAt;
  private String reason;

  /** When it last gave an answer, of any kind; a refusal may be our own. */
  private long answered = System.nanoTime();

  private boolean suspected;

  /** Calls that an inquiry still wants. */
  private volatile int inquiry;

  private long inquiredAt = now() - INQUIRY_EVERY;

  /**
   * Makes a closed breaker.
   *
   * @param ejection runs what it is given, and says so, if the instance can be done without
   * @param ping must end within a bounded time
   * @param changed is told of each change of state and of its reason, null for none; it must not
   *     block
   */
  Breaker(
      String name,
      Vertx vertx,
      Context context,
      Limits limits,
      Predicate<Runnable> ejection,
      Supplier<Future<?>> ping,
      BiConsumer<State, String> changed) {
    this.name = name;
    this.limits = limits;
    this.conduct = new Conduct(limits);
    this.ejection = ejection;
    this.ping = ping;
    this.changed = changed;
    this.context = context;
    this.circuit =
        CircuitBreaker.create(name, vertx, OPTIONS)
            .<Object>failurePolicy(f -> f.failed() && isFault(f.cause()))
            .halfOpenHandler(v -> context.runOnContext(w -> look()));
  }

  private static boolean isFault(Throwable failure) {
    return ServiceException.of(failure).code().isFault();
  }

  State state() {
    return state;
  }

  boolean isClosed() {
    return state == State.CLOSED;
  }

  /** Whether a half-open breaker takes this call as a trial, which is then counted. */
  synchronized boolean takesTrial() {
    if (state != State.HALF_OPEN || trialsLeft == 0) {
      return false;
    }
    trialsLeft--;
    trialsUnderWay++;
    return true;
  }

  /** Whether a closed breaker wants this call for its inquiry, which is then counted. */
  boolean takesInquiry() {
    return inquiry > 0 && takeInquiry();
  }

  private synchronized boolean takeInquiry() {
    return inquiry > 0 && inquiry-- > 0;
  }

  private void inquire() {
    if (inquiry == 0 && now() - inquiredAt >= INQUIRY_EVERY) {
      inquiredAt = now();
      inquiry = (int) limits.get(Limit.BREAKER_CALLS);
    }
  }

  /**
   * Makes a call and learns from how it ends.
   *
   * @param usual milliseconds that such a call may take; more than half is slow
   */
  <T> Future<T> call(long usual, Supplier<Future<T>> call) {
    int begun = generation;
    long start = System.nanoTime();
    return circuit
        .execute(call)
        .recover(Breaker::refused)
        .onComplete((result, failure) -> ended(begun, start, failure, usual));
  }

  private static <T> Future<T> refused(Throwable failure) {
    return Future.failedFuture(
        failure instanceof OpenCircuitException
            ? new ServiceException(ErrorCode.NOT_STARTED, "The instance is failing")
            : failure);
  }

  private static long now(long nanos) {
    return TimeUnit.NANOSECONDS.toMillis(nanos);
  }

  private static long now() {
    return now(System.nanoTime());
  }

  private void ended(int begun, long start, Throwable failure, long usual) {
    ErrorCode code = failure == null ? null : ServiceException.of(failure).code();
    boolean slow = now(System.nanoTime() - start) > usual / 2;
    boolean fault = code != null && code.isFault();
    // A caller who gives it less than half of the usual time learns nothing of the instance.
    boolean untold = code != null && code.isRefusal() || code == ErrorCode.TIMED_OUT && !slow;
    synchronized (this) {
      if (code != ErrorCode.TIMED_OUT && (code == null || !code.isRefusal())) {
        answered = System.nanoTime();
      }
      if (begun != generation) {
        return;
      }
      if (state == State.HALF_OPEN) {
        tried(untold, fault);
      } else if (state == State.CLOSED && !untold) {
        conduct.add(now(), code == ErrorCode.TIMED_OUT, fault, slow);
        String reproach = fault || slow ? conduct.reproach(now()) : null;
        if (reproach != null) {
          open(reproach);
        } else if (code == ErrorCode.TIMED_OUT) {
          suspect(start);
        } else if (fault) {
          inquire();
        }
      }
    }
  }

  /** A call that began then was not answered in time. */
  private void suspect(long start) {
    if (suspected || answered - start > 0) {
      return;
    }
    suspected = true;
    int begun = generation;
    Future.succeededFuture()
        .compose(v -> ping.get())
        .timeout(SUSPICION, TimeUnit.MILLISECONDS)
        .onComplete((answer, failure) -> confirm(begun, start, failure));
  }

  private synchronized void confirm(int begun, long start, Throwable failure) {
    suspected = false;
    if (failure == null) {
      answered = System.nanoTime();
    } else if (begun == generation && state == State.CLOSED && answered - start < 0) {
      open("no call and no ping was answered for %d ms".formatted(now(System.nanoTime() - start)));
    }
  }

  private void open(String why) {
    boolean again = state != State.CLOSED;
    boolean opened =
        switch (wish) {
          case CLOSED -> false;
          case OPEN -> {
            change(State.OPEN);
            yield true;
          }
          case AUTOMATIC -> ejection.test(() -> change(State.OPEN));
        };
    if (!opened) {
      close(); // A trial has failed, but there is nobody to do without it.
      return;
    }
    wait =
        again
            ? Math.min(2 * wait, limits.get(Limit.BREAKER_LONGEST_WAIT))
            : limits.get(Limit.BREAKER_WAIT);
    reason = why;
    probeAt = now() + wait;
    context.runOnContext(v -> circuit.open());
    log.warn("{}: breaker open for {} ms, {}", name, wait, why);
    changed.accept(State.OPEN, why);
  }

  private void change(State next) {
    state = next;
    inquiry = 0;
    generation++;
  }

  /** The Vert.x breaker is half open and lets one call through. */
  private synchronized void look() {
    if (wish == Wish.CLOSED) {
      close();
    }
    if (state != State.OPEN) {
      circuit.reset();
    } else if (wish == Wish.OPEN || now() < probeAt) {
      circuit.open();
    } else {
      circuit.execute(() -> ping.get().<Void>mapEmpty()).onComplete(this::pinged);
    }
  }

  private synchronized void pinged(Object answer, Throwable failure) {
    if (failure == null && wish == Wish.AUTOMATIC) {
      halfOpen();
      return;
    }
    if (failure != null) {
      wait = Math.min(2 * wait, limits.get(Limit.BREAKER_LONGEST_WAIT));
      probeAt = now() + wait;
    }
    // An answer has closed the Vert.x breaker, and so has a refusal, or a call of long ago.
    if (circuit.state() != CircuitBreakerState.OPEN) {
      circuit.open();
    }
  }

  private void halfOpen() {
    change(State.HALF_OPEN);
    trialsLeft = (int) limits.get(Limit.BREAKER_TRIALS);
    trialsUnderWay = 0;
    trialsWon = 0;
    await(generation);
    log.info("{}: breaker half open", name);
    changed.accept(State.HALF_OPEN, null);
  }

  private void await(int trial) {
    context.owner().timer(TRIAL_PATIENCE, TimeUnit.MILLISECONDS).onSuccess(v -> endTrials(trial));
  }

  private synchronized void endTrials(int trial) {
    if (generation == trial && trialsUnderWay == 0) {
      close();
    } else if (generation == trial) {
      await(trial);
    }
  }

  private void tried(boolean untold, boolean fault) {
    trialsUnderWay--;
    if (untold) {
      trialsLeft++;
    } else if (fault) {
      open("a trial call failed");
    } else if (++trialsWon >= limits.get(Limit.BREAKER_TRIALS)) {
      close();
    }
  }

  private void close() {
    if (state == State.CLOSED) {
      return;
    }
    change(State.CLOSED);
    conduct.forget();
    log.info("{}: breaker closed", name);
    changed.accept(State.CLOSED, null);
  }

  /** Does what an operator wants; the same wish again changes nothing. */
  synchronized void wish(Wish wanted) {
    if (wish == wanted) {
      return;
    }
    wish = wanted;
    if (wanted == Wish.OPEN && state != State.OPEN) {
      open("an operator opened it");
    } else if (wanted == Wish.CLOSED && state == State.HALF_OPEN) {
      close();
    } else {
      reset();
    }
  }

  /** Lets calls through again without a probe, unless an operator wants none. */
  synchronized void pardon() {
    if (wish == Wish.AUTOMATIC) {
      close();
      context.runOnContext(v -> circuit.reset());
    }
  }

  /** Probes an open instance now, and forgets how often that has failed. */
  synchronized void reset() {
    wait = limits.get(Limit.BREAKER_WAIT);
    probeAt = now();
  }

  synchronized Status status() {
    long left = state == State.OPEN ? Math.max(0, probeAt - now()) : 0;
    String trail = state == State.CLOSED ? conduct.trail(now()) : conduct.wholeTrail();
    return new Status(state, wish, conduct.totals(now()), reason, left, trail);
  }

  /** It is not needed any more. */
  synchronized void end() {
    wish = Wish.CLOSED;
    circuit.close();
  }
}
