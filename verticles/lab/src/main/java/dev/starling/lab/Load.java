package dev.starling.lab;

import io.vertx.core.Context;
import io.vertx.core.Future;
import io.vertx.core.Promise;
import io.vertx.core.Vertx;
import io.vertx.core.json.JsonObject;
import java.nio.charset.StandardCharsets;
import java.util.EnumMap;
import java.util.Map;
import java.util.UUID;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.function.Supplier;

/**
 * Requests at fixed rates, whatever the answers: an open loop, as many independent users are one.
 *
 * <p>A request's time runs from the moment at which it was due, so that a stall of the system, or
 * of the lab, is not left out.
 */
final class Load {
  /**
   * Requests a second that two busy cores bear: a registration or login takes 25 ms of one, and 50
   * calls a second are needed at each instance for a breaker to judge it soon.
   */
  private static final Map<Kind, Integer> RATES =
      Map.of(Kind.READ, 180, Kind.KEYED_REGISTRATION, 4, Kind.REGISTRATION, 1, Kind.LOGIN, 2);

  private static final int USERS = 24;
  private static final int PATIENCE = 20;
  private static final int READERS = 16;
  private static final int VISITORS = 200;
  private static final long TICK = 5;

  private final Vertx vertx;
  private final Context loop;
  private final Clients clients;
  private final String run;
  private final User[] users = new User[USERS];
  private final Map<Kind, Stream> streams = new EnumMap<>(Kind.class);
  private final AtomicInteger inFlight = new AtomicInteger();
  private volatile History history = new History();
  private long timer;
  private int names;
  private int asked;

  /** One kind of request at its rate. */
  private static final class Stream {
    private final long begin;
    private final int rate;
    private long sent;

    Stream(long begin, int rate) {
      this.begin = begin;
      this.rate = rate;
    }

    /** When the next request is due, in ms of the history. */
    long next() {
      return begin + sent * 1_000 / rate;
    }
  }

  /**
   * Prepares; nothing is sent yet.
   *
   * @param run makes names and keys those of this run alone
   */
  Load(Vertx vertx, Clients clients, String run) {
    this.vertx = vertx;
    this.loop = vertx.getOrCreateContext();
    this.clients = clients;
    this.run = run;
  }

  /**
   * Requests a second of each kind.
   *
   * @param share of what two cores bear; at least one a second remains
   */
  static Map<Kind, Integer> rates(double share) {
    Map<Kind, Integer> rates = new EnumMap<>(Kind.class);
    RATES.forEach((kind, rate) -> rates.put(kind, (int) Math.max(1, rate * share)));
    return rates;
  }

  /** Registers the users who read, and logs them in, one after the other. */
  void prepare() {
    onLoop(
            () -> {
              clients.prepare(READERS + VISITORS);
              Future<?> all = Future.succeededFuture();
              for (int i = 0; i < USERS; i++) {
                int number = i;
                all = all.compose(v -> user(number));
              }
              return all.<Void>mapEmpty();
            })
        .await();
  }

  private Future<?> user(int number) {
    return patiently(PATIENCE, () -> newUser(number)).onSuccess(user -> users[number] = user);
  }

  private Future<User> newUser(int number) {
    String name = name();
    return acknowledged(number, Question.register(Kind.REGISTRATION, name, ""))
        .compose(
            made ->
                acknowledged(number, Question.login(Kind.LOGIN, name))
                    .map(
                        tokens ->
                            new User(
                                made.getString("id"), name, tokens.getString("access_token"))));
  }

  private Future<JsonObject> acknowledged(int client, Question question) {
    return clients
        .ask(client, client, question)
        .map(
            answer -> {
              if (answer.outcome() != Outcome.ACKNOWLEDGED) {
                throw new LabException("Requests fail before any fault: " + answer.code());
              }
              return answer.body();
            });
  }

  /** Nodes that have just started may still be slow. */
  private <T> Future<T> patiently(int attempts, Supplier<Future<T>> work) {
    return attempts == 1
        ? work.get()
        : work.get().recover(e -> vertx.timer(1_000).compose(v -> patiently(attempts - 1, work)));
  }

  private <T> Future<T> onLoop(Supplier<Future<T>> work) {
    Promise<T> promise = Promise.promise();
    loop.runOnContext(v -> work.get().onComplete(promise));
    return promise.future();
  }

  /** Begins, and records in a new history. */
  History start(Map<Kind, Integer> rates) {
    history = new History();
    loop.runOnContext(
        v -> {
          streams.clear();
          rates.forEach(this::stream);
          timer = vertx.setPeriodic(TICK, t -> send());
        });
    return history;
  }

  /** What is being written. */
  History history() {
    return history;
  }

  /** Milliseconds of the history that is being written. */
  long now() {
    return history.now();
  }

  /** Requests of a kind from now on; 0 ends them. */
  void rate(Kind kind, int perSecond) {
    loop.runOnContext(v -> stream(kind, perSecond));
  }

  private void stream(Kind kind, int perSecond) {
    if (perSecond == 0) {
      streams.remove(kind);
    } else {
      streams.put(kind, new Stream(history.now(), perSecond));
    }
  }

  /** Sends no more, and waits until each request has ended. */
  void stop() throws InterruptedException {
    loop.runOnContext(v -> vertx.cancelTimer(timer));
    long deadline = System.nanoTime() + TimeUnit.MILLISECONDS.toNanos(2 * Clients.PATIENCE);
    do {
      Thread.sleep(100);
      if (System.nanoTime() > deadline) {
        throw new LabException("Requests have not ended: " + inFlight.get());
      }
    } while (inFlight.get() > 0);
  }

  private void send() {
    long now = history.now();
    streams.forEach(
        (kind, stream) -> {
          while (stream.next() <= now) {
            send(kind, stream.next(), stream.sent++);
          }
        });
  }

  private void send(Kind kind, long due, long number) {
    int user = (int) (number % USERS);
    int reader = (int) (number % READERS);
    int visitor = READERS + (int) (number % VISITORS);
    switch (kind) {
      case READ -> ask(reader, reader, Question.read(users[user]), due);
      case STRANGER -> ask(visitor, visitor, Question.pry(users[user]), due);
      case LOGIN, FLOOD ->
          ask(visitor, visitor, Question.login(kind, users[user].name()), due)
              .onSuccess(answer -> renew(user, answer));
      case KEYED_REGISTRATION -> {
        String name = name();
        ask(visitor, visitor, Question.register(kind, name, key(name)), due);
      }
      default -> ask(visitor, visitor, Question.register(kind, name(), ""), due);
    }
  }

  /**
   * Asks once, beside the load, and records it.
   *
   * @param gateway number of the one that is asked first
   */
  Future<Answer> ask(int gateway, Question question) {
    return onLoop(() -> ask(READERS + asked++ % VISITORS, gateway, question, history.now()));
  }

  private Future<Answer> ask(int client, int gateway, Question question, long due) {
    History into = history;
    inFlight.incrementAndGet();
    return clients
        .ask(client, gateway, question)
        .onSuccess(
            answer -> {
              inFlight.decrementAndGet();
              into.add(entry(question, gateway, due, into.now(), answer));
            });
  }

  private static Entry entry(Question question, int gateway, long due, long end, Answer answer) {
    String id = answer.body().getString("id", "");
    boolean wrong =
        question.kind() == Kind.READ
            && answer.outcome() == Outcome.ACKNOWLEDGED
            && !question.path().endsWith(id);
    return new Entry(
        question.kind(),
        question.key(),
        question.name(),
        gateway,
        due,
        end,
        wrong ? Outcome.UNKNOWN : answer.outcome(),
        wrong ? "200 of another user" : answer.code(),
        id);
  }

  private void renew(int user, Answer answer) {
    if (answer.outcome() == Outcome.ACKNOWLEDGED) {
      User old = users[user];
      users[user] = new User(old.id(), old.name(), answer.body().getString("access_token"));
    }
  }

  /** A name that nobody has. */
  String name() {
    return run + "-" + ++names;
  }

  /** The key under which a name is registered. */
  static String key(String name) {
    return UUID.nameUUIDFromBytes(name.getBytes(StandardCharsets.US_ASCII)).toString();
  }
}
