package dev.starling.cli;

import java.io.IOException;
import java.io.InputStream;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import java.time.Instant;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Comparator;
import java.util.List;
import java.util.Map;

/** What is in a bundle, for people: the sentence first, no script, nothing from elsewhere. */
final class BundlePage {
  private static final int MOST_PLOTS = 30;
  private static final int MOST_CALLS = 100;

  private final Map<String, Json> views;
  private final List<String> missing;
  private final String metrics;
  private final Instant made;

  /**
   * A page.
   *
   * @param views by their names, redacted
   * @param missing names of those that could not be had
   * @param metrics of the flock, as Prometheus reads them; empty for none
   */
  BundlePage(Map<String, Json> views, List<String> missing, String metrics, Instant made) {
    this.views = views;
    this.missing = missing;
    this.metrics = metrics;
    this.made = made;
  }

  private List<Json> list(String view, String member) {
    Json found = views.get(view);
    return found == null ? List.of() : found.list(member);
  }

  String html() {
    Json status = views.get("status");
    String body =
        situation(status)
            + Markup.section("Nodes", nodes())
            + Markup.section("Services", services())
            + Markup.section("Breakers", breakers())
            + Markup.section("Journal", journal())
            + Markup.section("Operations, each second", operations())
            + Markup.section("Nodes, each second", load())
            + Markup.section("Failed calls", calls("calls-failed"))
            + Markup.section("Slow calls", calls("calls-slow"))
            + Markup.section("Orders", orders())
            + Markup.section("Limits", limits())
            + Markup.section(
                "Configuration of " + text(views.get("configuration"), "node", "no node"),
                configuration())
            + Markup.section("What the doctor finds", doctor())
            + Markup.section(
                "Metrics of the flock",
                Markup.folded("metrics.txt", "<pre>" + Markup.text(metrics) + "</pre>\n"));
    return Markup.page("Starling: " + status.text("sentence"), style(), body);
  }

  private static String text(Json of, String member, String otherwise) {
    return of == null || !of.has(member) ? otherwise : of.text(member);
  }

  private static String style() {
    try (InputStream in = BundlePage.class.getResourceAsStream("bundle.css")) {
      return new String(in.readAllBytes(), StandardCharsets.UTF_8);
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  private String situation(Json status) {
    boolean healthy = "healthy".equals(status.text("state"));
    Json about = views.get("about");
    String gaps =
        missing.isEmpty()
            ? ""
            : "<p class=\"bad\">Not to be had: "
                + Markup.text(String.join(", ", missing))
                + "</p>\n";
    return "<h1><span class=\"%s\">%s</span> %s</h1>\n"
            .formatted(
                healthy ? "good" : "bad",
                Markup.text((healthy ? "● " : "■ ") + status.text("state")),
                Markup.text(status.text("sentence")))
        + "<p class=\"faint\">As %s saw it at %s; times are UTC. Made by %s, Java %s. What looks like a secret or an e-mail address is masked.</p>\n"
            .formatted(
                Markup.text(status.text("node")),
                Markup.text(made.toString()),
                Markup.text(about.text("version")),
                Markup.text(about.text("java")))
        + gaps
        + (status.list("findings").isEmpty() ? "" : findings(status));
  }

  private static String findings(Json status) {
    return Markup.table(
        List.of("Severity", "Subject", "Finding"),
        rows(status.list("findings"), "severity", "subject", "text"));
  }

  private static List<List<String>> rows(List<Json> list, String... members) {
    List<List<String>> rows = new ArrayList<>();
    list.forEach(each -> rows.add(Arrays.asList(texts(each, members))));
    return rows;
  }

  private static String[] texts(Json of, String... members) {
    return Arrays.stream(members).map(of::text).toArray(String[]::new);
  }

  private static String joined(List<Json> list) {
    return String.join(", ", list.stream().map(Json::text).toList());
  }

  private String nodes() {
    List<List<String>> rows = new ArrayList<>();
    for (Json node : list("nodes", "nodes")) {
      StringBuilder well =
          new StringBuilder(text(node, "why", node.flag("ready") ? "ready" : "not ready"));
      for (Json check : node.list("checks")) {
        if (!check.flag("up")) {
          well.append("; ").append(check.text("name")).append(": ").append(check.text("reason"));
        }
      }
      rows.add(
          Arrays.asList(
              node.text("name"),
              node.text("state"),
              well.toString(),
              node.text("version"),
              node.text("started"),
              node.text("sees"),
              "%d of %d MiB".formatted(node.number("heap") >> 20, node.number("heapMost") >> 20),
              "%.0f %%".formatted(node.decimal("cpu") * 100),
              node.number("lag") + " ms",
              joined(node.list("services"))));
    }
    return Markup.table(
        List.of(
            "Node",
            "State",
            "Well",
            "Version",
            "Started",
            "Sees",
            "Heap",
            "CPU",
            "Lag",
            "Services"),
        rows);
  }

  private String services() {
    List<List<String>> rows = new ArrayList<>();
    for (Json service : list("services", "services")) {
      List<String> instances =
          service.list("instances").stream()
              .map(i -> i.text("node") + " " + i.text("version") + " " + i.text("breaker"))
              .toList();
      rows.add(
          Arrays.asList(
              service.text("service"),
              instances.isEmpty() ? "no instance" : String.join("; ", instances),
              "",
              "",
              "",
              ""));
      for (Json operation : service.list("operations")) {
        Json lately = operation.get("lately");
        if (lately.value() != null) {
          rows.add(
              Arrays.asList(
                  "",
                  operation.text("operation"),
                  "%.1f".formatted(lately.decimal("rate")),
                  lately.text("p50"),
                  lately.text("p99"),
                  Json.write(lately.get("failures"))));
        }
      }
    }
    return Markup.table(
        List.of(
            "Service", "Instances, operations", "Calls/s", "p50 ms", "p99 ms", "Failures in 10 s"),
        rows);
  }

  private String breakers() {
    List<List<String>> rows = new ArrayList<>();
    for (Json breaker : list("breakers", "breakers")) {
      rows.add(
          Arrays.asList(
              breaker.text("instance"), breaker.text("state"), breaker.text("wish"), "", "", ""));
      for (Json by : breaker.list("by")) {
        rows.add(
            Arrays.asList(
                "",
                by.text("state"),
                by.text("wish"),
                by.text("node"),
                "%d of %d failed, %d slow"
                    .formatted(by.number("failed"), by.number("calls"), by.number("slow")),
                by.text("reason")));
      }
    }
    return Markup.table(
        List.of("Instance", "State", "Wish", "As seen by", "Window", "Reason"), rows);
  }

  private String journal() {
    List<Json> events = new ArrayList<>(list("events", "events"));
    events.sort(Comparator.comparing(e -> Markup.instant(((Json) e).text("at"))).reversed());
    return Markup.table(
        List.of("When", "Told by", "Kind", "Subject", "Event", "Ordered by"),
        rows(events, "at", "node", "kind", "subject", "text", "by"));
  }

  private List<Json> events() {
    return list("events", "events");
  }

  private String operations() {
    Json series = views.get("series");
    if (series == null || series.members().isEmpty()) {
      return "<p>Nothing was called in the last quarter of an hour.</p>\n";
    }
    StringBuilder plots = new StringBuilder();
    List<Map.Entry<String, Json>> busiest = new ArrayList<>(series.members().entrySet());
    busiest.sort(Comparator.comparingLong(e -> -calls(e.getValue())));
    for (Map.Entry<String, Json> of : busiest.subList(0, Math.min(MOST_PLOTS, busiest.size()))) {
      Json lists = of.getValue();
      plots
          .append(
              new Plot(of.getKey(), "/s", made)
                  .line("calls", lists.list("calls"), 1)
                  .line("failed", lists.list("failed"), 1)
                  .svg(events()))
          .append(
              new Plot(of.getKey(), "ms", made)
                  .line("p50", lists.list("p50"), 0.001)
                  .line("p99", lists.list("p99"), 0.001)
                  .svg(events()));
    }
    return plots + more(busiest.size(), MOST_PLOTS, "series.json");
  }

  private static long calls(Json lists) {
    return lists.list("calls").stream()
        .mapToLong(second -> second.value() instanceof Number n ? n.longValue() : 0)
        .sum();
  }

  private static String more(int all, int shown, String file) {
    return all <= shown ? "" : "<p>%d more in %s.</p>\n".formatted(all - shown, file);
  }

  private String load() {
    StringBuilder plots = new StringBuilder();
    List<Json> nodes = list("load", "load");
    for (Json node : nodes.subList(0, Math.min(MOST_PLOTS, nodes.size()))) {
      String name = node.text("name");
      plots
          .append(new Plot(name, "%", made).line("processor", node.list("cpu"), 100).svg(events()))
          .append(
              new Plot(name, "MiB", made)
                  .line("heap", node.list("heap"), 1.0 / (1 << 20))
                  .svg(events()))
          .append(
              new Plot(name, "ms", made).line("event-loop lag", node.list("lag"), 1).svg(events()))
          .append(
              new Plot(name, "calls", made)
                  .line("in flight", node.list("inFlight"), 1)
                  .svg(events()));
    }
    return nodes.isEmpty() ? "<p>None.</p>\n" : plots + more(nodes.size(), MOST_PLOTS, "load.json");
  }

  private String calls(String view) {
    List<Json> calls = new ArrayList<>(list(view, "calls"));
    calls.sort(Comparator.comparing(c -> Markup.instant(((Json) c).text("at"))).reversed());
    List<List<String>> rows = new ArrayList<>();
    for (Json call : calls.subList(0, Math.min(MOST_CALLS, calls.size()))) {
      List<String> steps =
          call.list("steps").stream()
              .map(
                  s ->
                      "%s %s ms %s"
                          .formatted(s.text("name"), s.text("millis"), text(s, "outcome", "")))
              .toList();
      rows.add(
          Arrays.asList(
              call.text("at"),
              call.text("node") + " " + call.text("side"),
              call.text("operation"),
              call.text("outcome"),
              call.text("millis"),
              String.join("; ", steps),
              call.text("trace")));
    }
    return Markup.table(
            List.of("When", "Node", "Operation", "Outcome", "ms", "Steps", "Trace"), rows)
        + more(calls.size(), MOST_CALLS, view + ".json");
  }

  private String orders() {
    List<List<String>> rows = new ArrayList<>();
    for (Json order : list("desired", "desired")) {
      rows.add(
          Arrays.asList(
              order.text("key"),
              Json.write(order.get("value")),
              order.text("by"),
              order.text("at"),
              text(order, "expires", "until removed")));
    }
    return Markup.table(List.of("Order", "Value", "By", "Since", "Until"), rows);
  }

  private String limits() {
    List<Json> all = list("limits", "limits");
    String[] shown = {"key", "value", "unit", "default", "meaning"};
    List<String> header = List.of("Limit", "Value", "Unit", "Default", "Meaning");
    List<Json> changed =
        all.stream().filter(l -> l.number("value") != l.number("default")).toList();
    return "<p>Other than the default:</p>\n"
        + Markup.table(header, rows(changed, shown))
        + Markup.folded("All limits", Markup.table(header, rows(all, shown)));
  }

  private String configuration() {
    List<Json> all = list("configuration", "settings");
    String[] shown = {"key", "value", "origin"};
    List<String> header = List.of("Setting", "Value", "Origin");
    List<Json> set = all.stream().filter(s -> !"default".equals(s.text("origin"))).toList();
    return "<p>Set by somebody:</p>\n"
        + Markup.table(header, rows(set, shown))
        + Markup.folded("All settings", Markup.table(header, rows(all, shown)));
  }

  private String doctor() {
    return Markup.table(
        List.of("Severity", "Check", "Finding", "Why", "Remedy"),
        rows(list("doctor", "findings"), "severity", "check", "what", "why", "remedy"));
  }
}
