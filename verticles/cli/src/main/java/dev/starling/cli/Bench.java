package dev.starling.cli;

import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeMap;
import java.util.concurrent.Callable;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.atomic.AtomicLong;
import java.util.concurrent.locks.LockSupport;
import java.util.stream.Collectors;
import org.HdrHistogram.ConcurrentHistogram;
import org.HdrHistogram.Histogram;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Option;

/**
 * Calls an operation at a steady rate, whatever becomes of the calls.
 *
 * <p>An open loop without coordinated omission (G. Tene, How NOT to Measure Latency, 2013): each
 * call has its moment in the schedule, and its time counts from there, also when it began later
 * since those before it took long.
 */
@Command(
    name = "bench",
    description = {
      "Call an operation at a steady rate, and tell how long the calls took.",
      "",
      "An open loop: calls come as scheduled, and the time of each counts from its place in the"
          + " schedule, so that a cluster which stands still is seen to. Through the operator port"
          + " of one node, which adds its HTTP; every call is real. Calls that fail count, too."
    },
    exitCodeList = {
      "0:all calls were answered well",
      "1:some were not; or there is no such operation",
      "2:the operator port cannot be reached, or refuses the token",
      "64:the command line is wrong"
    },
    footer = {
      "  starling bench user.keys --rate 500 --for 10s",
      "  starling bench user.login username=ada password=@password.txt --rate 20 --for 30s",
      "  starling bench user.me --token-file token --rate 100 --for 10s --json | jq .millis"
    })
final class Bench implements Callable<Integer> {
  private static final double[] PERCENTILES = {50, 90, 99, 99.9};
  private static final long LONGEST_MICROS = Duration.ofHours(1).toNanos() / 1_000;
  private static final String OK = "ok";
  private static final String UNREACHABLE = "unreachable";

  private final Session session;
  private final ConcurrentHistogram times = new ConcurrentHistogram(LONGEST_MICROS, 3);
  private final Map<String, AtomicLong> outcomes = new ConcurrentHashMap<>();
  private final AtomicLong next = new AtomicLong();

  Bench(Session session) {
    this.session = session;
  }

  @Mixin private CallArguments arguments;

  @Option(
      names = "--rate",
      paramLabel = "N",
      defaultValue = "10",
      description = "Calls a second, 1 to 10000 (default: ${DEFAULT-VALUE})")
  private int rate;

  @Option(
      names = "--for",
      paramLabel = "TIME",
      defaultValue = "10s",
      converter = Durations.class,
      description = "How long, up to 1h (default: ${DEFAULT-VALUE})")
  private Duration length;

  @Option(
      names = "--connections",
      paramLabel = "N",
      defaultValue = "64",
      description =
          "Calls under way at most, 1 to 200; what waits for one counts (default:"
              + " ${DEFAULT-VALUE})")
  private int connections;

  @Override
  public Integer call() throws InterruptedException {
    check();
    String request = Json.write(arguments.request(session));
    long calls = Math.max(1, Math.round(rate * (length.toNanos() / 1e9)));
    long begin = System.nanoTime() + Duration.ofMillis(50).toNanos();
    List<Thread> workers = new ArrayList<>();
    for (int i = 0; i < Math.min(connections, calls); i++) {
      Thread worker = new Thread(() -> work(request, calls, begin), "call-" + i);
      worker.start();
      workers.add(worker);
    }
    for (Thread worker : workers) {
      worker.join();
    }
    double seconds = (System.nanoTime() - begin) / 1e9;
    return tell(calls, seconds);
  }

  private void check() {
    boolean fits =
        rate >= 1
            && rate <= 10_000
            && connections >= 1
            && connections <= 200
            && !length.isZero()
            && length.compareTo(Duration.ofHours(1)) <= 0;
    if (!fits) {
      throw Failure.usage(
          "--rate, --for or --connections is out of range",
          "starling bench --help says the ranges");
    }
  }

  /** Takes the next call of the schedule until none is left. */
  private void work(String request, long calls, long begin) {
    for (long i = next.getAndIncrement(); i < calls; i = next.getAndIncrement()) {
      long scheduled = begin + (long) (i * (1e9 / rate));
      for (long left = scheduled - System.nanoTime();
          left > 0;
          left = scheduled - System.nanoTime()) {
        LockSupport.parkNanos(left);
      }
      String outcome = outcome(request);
      times.recordValue(Math.min(LONGEST_MICROS, (System.nanoTime() - scheduled) / 1_000));
      outcomes.computeIfAbsent(outcome, o -> new AtomicLong()).incrementAndGet();
    }
  }

  private String outcome(String request) {
    try {
      OperatorPort.Answer answer = session.port().call(request, arguments.timeout());
      Json json = answer.json();
      Json problem = answer.good() ? json.get("problem") : json;
      return answer.good() && problem.value() == null ? OK : Explain.kind(problem);
    } catch (Failure e) {
      return UNREACHABLE;
    }
  }

  private int tell(long calls, double seconds) {
    Map<String, Long> ended = new TreeMap<>();
    outcomes.forEach((outcome, n) -> ended.put(outcome, n.get()));
    Map<String, Object> millis = millis(times);
    if (session.json()) {
      session.print(
          Json.object(
              "command",
              "bench",
              "operation",
              arguments.address(),
              "rate",
              rate,
              "achieved",
              Math.round(calls / seconds * 10) / 10.0,
              "calls",
              calls,
              "seconds",
              Math.round(seconds * 1_000) / 1_000.0,
              "millis",
              millis,
              "outcomes",
              ended));
    } else {
      Screen screen = session.screen();
      screen.line(
          "%s: %d calls, %d a second as scheduled, in %.1f s"
              .formatted(screen.bold(arguments.address()), calls, rate, seconds));
      screen.table(
          List.copyOf(millis.keySet()),
          List.of(millis.values().stream().map(v -> Durations.millis((Double) v)).toList()));
      screen.line(
          ended.entrySet().stream()
              .map(e -> e.getValue() + " " + e.getKey())
              .collect(Collectors.joining(", ")));
    }
    boolean allGood = ended.keySet().equals(Set.of(OK));
    return allGood
        ? Exit.OK
        : ended.containsKey(UNREACHABLE) && ended.size() == 1 ? Exit.UNREACHABLE : Exit.NOT_WELL;
  }

  /** Percentiles in milliseconds. */
  private static Map<String, Object> millis(Histogram times) {
    Map<String, Object> millis = Json.object();
    for (double p : PERCENTILES) {
      String name = p == 99.9 ? "p99.9" : "p" + (int) p;
      millis.put(name, times.getValueAtPercentile(p) / 1_000.0);
    }
    millis.put("max", times.getMaxValue() / 1_000.0);
    return millis;
  }
}
