package dev.starling.runtime;

import io.vertx.core.Future;
import java.util.List;
import java.util.Map;
import java.util.concurrent.ConcurrentSkipListMap;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import java.util.function.Supplier;

/** Whether this node can do its work now, and if not, why: each part registers its own check. */
public final class Health {
  private static final long TIMEOUT = 1_000;

  private final Map<String, Supplier<Future<?>>> checks = new ConcurrentSkipListMap<>();

  /**
   * The result of one check.
   *
   * @param name what was checked
   * @param up whether it works
   * @param reason why not, null when it works; nothing secret
   */
  public record Check(String name, boolean up, String reason) {}

  /** Adds or replaces a check; it fails when its future fails or takes longer than a second. */
  public void register(String name, Supplier<Future<?>> check) {
    checks.put(name, check);
  }

  public void remove(String name) {
    checks.remove(name);
  }

  /** Runs all checks side by side; never fails. */
  public Future<List<Check>> readiness() {
    List<Future<Check>> results =
        checks.entrySet().stream().map(e -> run(e.getKey(), e.getValue())).toList();
    return Future.all(results).map(all -> all.<Check>list());
  }

  private Future<Check> run(String name, Supplier<Future<?>> check) {
    return Future.<Object>future(promise -> check.get().<Object>map(v -> v).onComplete(promise))
        .timeout(TIMEOUT, TimeUnit.MILLISECONDS)
        .map(ok -> new Check(name, true, null))
        .otherwise(
            failure ->
                new Check(
                    name,
                    false,
                    failure instanceof TimeoutException
                        ? "no answer within " + TIMEOUT + " ms"
                        : failure.getMessage()));
  }
}
