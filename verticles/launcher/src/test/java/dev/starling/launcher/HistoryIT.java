package dev.starling.launcher;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import dev.starling.harness.Harness;
import dev.starling.runtime.Call;
import dev.starling.runtime.ErrorCode;
import dev.starling.runtime.Operation;
import dev.starling.runtime.ServiceException;
import dev.starling.user.api.UserContract;
import dev.starling.user.api.UserContract.ChangePassword;
import dev.starling.user.api.UserContract.DeleteMe;
import dev.starling.user.api.UserContract.Login;
import dev.starling.user.api.UserContract.Register;
import java.time.Duration;
import java.util.ArrayList;
import java.util.BitSet;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Random;
import java.util.Set;
import java.util.concurrent.ConcurrentLinkedQueue;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.function.BooleanSupplier;
import java.util.stream.Collectors;
import org.junit.jupiter.api.DisplayName;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

/**
 * Registrations, log-ins, changes of passwords and deletions at two nodes at once while the
 * database stands still now and then: what each client saw must be what one account after the other
 * would have shown (linearizability, by the search of Wing and Gong, 1993).
 */
@Timeout(180)
class HistoryIT extends UserNodes {
  private static final int NAMES = 6;
  private static final int CLIENTS = 6;
  private static final int ROUNDS = 60;
  private static final List<String> PASSWORDS =
      List.of("correct horse battery", "staple of an anchor", "seven seas and a bay");

  private final AtomicInteger networks = new AtomicInteger();

  private enum Kind {
    REGISTER,
    LOGIN,
    CHANGE,
    DELETE
  }

  private enum Saw {
    /** It was done. */
    DONE,
    /** It was not, as the state of then has it. */
    REFUSED,
    /** Nobody knows, and it may be done later still. */
    UNKNOWN
  }

  /** One operation of one client: when it began and ended, and what came of it. */
  private record Step(Kind kind, String password, String next, long begun, long ended, Saw saw) {}

  @Test
  @DisplayName(
      "RT9 TL7 HT11 what clients of two nodes see has an order, with the database at a halt")
  void hasAnOrder() throws Exception {
    Harness one = start();
    Harness two = start();
    Map<Integer, ConcurrentLinkedQueue<Step>> histories =
        java.util.stream.IntStream.range(0, NAMES)
            .boxed()
            .collect(Collectors.toMap(i -> i, i -> new ConcurrentLinkedQueue<>()));
    ExecutorService clients = Executors.newFixedThreadPool(CLIENTS);
    for (int c = 0; c < CLIENTS; c++) {
      Random random = new Random(c);
      Harness node = c % 2 == 0 ? one : two;
      clients.submit(
          () -> {
            for (int i = 0; i < ROUNDS; i++) {
              int name = random.nextInt(NAMES);
              histories.get(name).addAll(act(node, "name-" + name, random));
            }
          });
    }
    clients.shutdown();
    int halts = 0;
    while (!clients.awaitTermination(700, TimeUnit.MILLISECONDS)) {
      long before = unknown(histories);
      halt(() -> clients.isTerminated() || unknown(histories) > before);
      halts++;
    }

    assertThat(halts).as("halts of the database").isGreaterThan(1);
    List<Step> all = histories.values().stream().flatMap(q -> q.stream()).toList();
    assertThat(all.stream().filter(s -> s.saw() == Saw.DONE).count()).isGreaterThan(20);
    assertThat(all).extracting(Step::saw).contains(Saw.REFUSED);
    histories.forEach(
        (name, steps) ->
            assertThat(hasOrder(List.copyOf(steps))).as("name-%d: %s", name, steps).isTrue());
  }

  private static long unknown(Map<Integer, ConcurrentLinkedQueue<Step>> histories) {
    return histories.values().stream()
        .flatMap(ConcurrentLinkedQueue::stream)
        .filter(step -> step.saw() == Saw.UNKNOWN)
        .count();
  }

  /** SIGSTOP to all of PostgreSQL, until it has been noticed. */
  private static void halt(BooleanSupplier noticed) throws Exception {
    List<String> pids = new ArrayList<>(postgres());
    signal("STOP", pids);
    try {
      await().atMost(Duration.ofSeconds(10)).until(noticed::getAsBoolean);
    } finally {
      signal("CONT", pids);
    }
  }

  private static void signal(String name, List<String> pids) throws Exception {
    List<String> command = new ArrayList<>(List.of("kill", "-" + name));
    command.addAll(pids);
    new ProcessBuilder(command).start().waitFor();
  }

  private List<Step> act(Harness node, String name, Random random) {
    String password = PASSWORDS.get(random.nextInt(PASSWORDS.size()));
    String next =
        PASSWORDS.get((PASSWORDS.indexOf(password) + 1 + random.nextInt(2)) % PASSWORDS.size());
    return switch (random.nextInt(8)) {
      case 0, 1, 2 ->
          List.of(
              step(
                  Kind.REGISTER,
                  password,
                  null,
                  () -> ask(node, UserContract.REGISTER, new Register(name, password), null),
                  ErrorCode.CONFLICT));
      case 3, 4 -> List.of(login(node, name, password).step());
      case 5, 6 -> {
        Session session = login(node, name, password);
        yield session.token() == null
            ? List.of(session.step())
            : List.of(
                session.step(),
                step(
                    Kind.CHANGE,
                    password,
                    next,
                    () ->
                        ask(
                            node,
                            UserContract.CHANGE_PASSWORD,
                            new ChangePassword(password, next),
                            session.token()),
                    ErrorCode.INVALID));
      }
      default -> {
        Session session = login(node, name, password);
        yield session.token() == null
            ? List.of(session.step())
            : List.of(
                session.step(),
                step(
                    Kind.DELETE,
                    password,
                    null,
                    () ->
                        ask(node, UserContract.DELETE_ME, new DeleteMe(password), session.token()),
                    ErrorCode.INVALID));
      }
    };
  }

  /** A log-in, and the access token if there is one. */
  private record Session(Step step, String token) {}

  private Session login(Harness node, String name, String password) {
    String[] token = new String[1];
    Step step =
        step(
            Kind.LOGIN,
            password,
            null,
            () ->
                token[0] =
                    ask(node, UserContract.LOGIN, new Login(name, password), null).accessToken(),
            ErrorCode.UNAUTHENTICATED);
    return new Session(step, token[0]);
  }

  private <I, O> O ask(Harness node, Operation<I, O> operation, I request, String token) {
    int network = networks.getAndIncrement();
    String source = "10.%d.%d.1".formatted(network >> 8, network & 255);
    return Harness.await(
        node.node()
            .client()
            .call(operation, request, Call.begin(token, operation.spec().budget()).from(source)));
  }

  /**
   * Does something and keeps what was seen.
   *
   * @param refusal tells that the account is not as the request has it
   */
  private static Step step(
      Kind kind, String password, String next, Runnable request, ErrorCode refusal) {
    long begun = System.nanoTime();
    Saw saw;
    try {
      request.run();
      saw = Saw.DONE;
    } catch (RuntimeException e) {
      saw = ServiceException.of(e).code() == refusal ? Saw.REFUSED : Saw.UNKNOWN;
    }
    return new Step(kind, password, next, begun, System.nanoTime(), saw);
  }

  /** What stands for an account: none yet, its password, or that it was deleted. */
  private static final String NONE = "";

  private static final String DELETED = "deleted";

  /** The state after a step that was done, or null where it could not have been. */
  private static String after(String state, Step step) {
    boolean right = state.equals(step.password());
    return switch (step.kind()) {
      case REGISTER -> state.equals(NONE) ? step.password() : null;
      case LOGIN -> right ? state : null;
      case CHANGE -> right ? step.next() : null;
      case DELETE -> right ? DELETED : null;
    };
  }

  /**
   * Whether some order in which each step lies between its begin and end explains what was seen.
   */
  static boolean hasOrder(List<Step> steps) {
    return search(steps, new BitSet(), NONE, new HashSet<>());
  }

  private record Visited(BitSet done, String state) {}

  private static boolean search(List<Step> steps, BitSet done, String state, Set<Visited> visited) {
    if (!visited.add(new Visited((BitSet) done.clone(), state))) {
      return false;
    }
    long firstEnd = Long.MAX_VALUE;
    boolean open = false;
    for (int i = 0; i < steps.size(); i++) {
      if (!done.get(i) && steps.get(i).saw() != Saw.UNKNOWN) {
        firstEnd = Math.min(firstEnd, steps.get(i).ended());
        open = true;
      }
    }
    if (!open) {
      return true;
    }
    for (int i = 0; i < steps.size(); i++) {
      Step step = steps.get(i);
      if (done.get(i) || step.begun() > firstEnd) {
        continue;
      }
      String next = after(state, step);
      String reached = step.saw() == Saw.REFUSED ? (next == null ? state : null) : next;
      if (reached != null) {
        done.set(i);
        if (search(steps, done, reached, visited)) {
          return true;
        }
        done.clear(i);
      }
    }
    return false;
  }

  @Test
  @DisplayName("TL7 the checker of histories finds what has no order")
  void findsWhatHasNone() {
    Step registered = new Step(Kind.REGISTER, "a", null, 0, 10, Saw.DONE);
    Step again = new Step(Kind.REGISTER, "b", null, 5, 20, Saw.DONE);
    Step maybe = new Step(Kind.REGISTER, "b", null, 5, 20, Saw.UNKNOWN);
    Step refused = new Step(Kind.REGISTER, "b", null, 5, 20, Saw.REFUSED);
    Step login = new Step(Kind.LOGIN, "a", null, 30, 40, Saw.DONE);
    Step other = new Step(Kind.LOGIN, "b", null, 30, 40, Saw.DONE);
    Step wrong = new Step(Kind.LOGIN, "a", null, 30, 40, Saw.REFUSED);
    Step early = new Step(Kind.LOGIN, "a", null, 1, 4, Saw.REFUSED);
    Step change = new Step(Kind.CHANGE, "a", "b", 21, 29, Saw.UNKNOWN);

    assertThat(hasOrder(List.of(registered, refused, login))).isTrue();
    assertThat(hasOrder(List.of(registered, maybe, login))).isTrue();
    assertThat(hasOrder(List.of(registered, early, login))).isTrue();
    assertThat(hasOrder(List.of(maybe, other))).isTrue();
    assertThat(hasOrder(List.of(registered, change, other))).isTrue();
    assertThat(hasOrder(List.of(registered, change, login))).isTrue();
    assertThat(hasOrder(List.of(registered, again))).as("one name twice").isFalse();
    assertThat(hasOrder(List.of(registered, wrong))).as("a lost account").isFalse();
    assertThat(hasOrder(List.of(registered, other))).as("another's password").isFalse();
    assertThat(hasOrder(List.of(refused, login))).as("refused for nothing").isFalse();
    assertThat(hasOrder(List.of(registered, change, login, other)))
        .as("one, then the other")
        .isTrue();
    Step later = new Step(Kind.LOGIN, "a", null, 50, 60, Saw.DONE);
    assertThat(hasOrder(List.of(registered, change, other, later))).as("and back").isFalse();
  }
}
