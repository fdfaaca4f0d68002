package dev.starling.lab;

import io.vertx.core.json.JsonArray;
import io.vertx.core.json.JsonObject;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;

/**
 * What one fault did, and whether the promise held.
 *
 * @param verdict of the whole
 * @param why it was not run, or what broke the promise
 * @param failed requests by kind and code
 * @param figures by name, which ends with the unit
 * @param logs of the nodes; null when all is well
 */
record Report(
    String fault,
    String promise,
    Verdict verdict,
    List<String> why,
    Map<String, Long> failed,
    Map<String, Object> figures,
    Path logs) {

  /** Passed, failed, or nothing can be said. */
  enum Verdict {
    PASSED,
    FAILED,
    NOT_RUN
  }

  static Report notRun(Fault fault, String why) {
    return new Report(
        fault.name(), fault.promise(), Verdict.NOT_RUN, List.of(why), Map.of(), Map.of(), null);
  }

  static Report failed(Fault fault, String why, Path logs) {
    return new Report(
        fault.name(), fault.promise(), Verdict.FAILED, List.of(why), Map.of(), Map.of(), logs);
  }

  JsonObject json() {
    JsonObject json =
        new JsonObject()
            .put("fault", fault)
            .put("promise", promise)
            .put("verdict", verdict.name().toLowerCase().replace('_', '-'))
            .put("why", new JsonArray(why))
            .put("failed", JsonObject.mapFrom(failed))
            .put("figures", JsonObject.mapFrom(figures));
    return logs == null ? json : json.put("logs", logs.toString());
  }

  /** For people. */
  String text() {
    StringBuilder text = new StringBuilder();
    text.append("%-22s %s%n".formatted(fault, verdict.name().replace('_', ' ')));
    text.append("  promised   %s%n".formatted(promise));
    text.append("  measured   %s%n".formatted(figures));
    failed.forEach((cause, count) -> text.append("  failed     %d x %s%n".formatted(count, cause)));
    why.forEach(reason -> text.append("  because    %s%n".formatted(reason)));
    if (logs != null) {
      text.append("  logs       %s%n".formatted(logs));
    }
    return text.toString();
  }
}
