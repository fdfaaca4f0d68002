package dev.starling.console;

import dev.starling.runtime.Announcement;
import dev.starling.runtime.Flock;
import dev.starling.runtime.Flock.Member;
import dev.starling.runtime.Health.Check;
import dev.starling.runtime.InstanceStatus;
import dev.starling.runtime.Node;
import dev.starling.runtime.NodeReport;
import dev.starling.runtime.NodeReport.Judgement;
import io.vertx.core.json.JsonArray;
import io.vertx.core.json.JsonObject;
import java.time.Instant;
import java.util.ArrayList;
import java.util.Collection;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeMap;
import java.util.TreeSet;
import java.util.stream.Collectors;

/** How the flock does, in one sentence, and whatever is wrong with it. */
final class Situation {
  /** Milliseconds for which a node that was lost is worth the first sentence. */
  private static final long LOST_LATELY = 60_000;

  private final Node node;
  private final Statistics statistics;
  private final List<Member> members;
  private final List<InstanceStatus> instances;
  private final List<Finding> findings = new ArrayList<>();

  /**
   * Something that an operator should know.
   *
   * @param problem whether it is wrong, or meant to be so
   * @param subject node, service or instance
   */
  private record Finding(boolean problem, String subject, String text) {
    JsonObject json() {
      return new JsonObject()
          .put("severity", problem ? "problem" : "note")
          .put("subject", subject)
          .put("text", text);
    }
  }

  private Situation(Node node, Statistics statistics) {
    this.node = node;
    this.statistics = statistics;
    this.members = node.flock().members();
    this.instances = node.directory().instances();
  }

  /** As this node sees it now. */
  static JsonObject of(Node node, Statistics statistics) {
    return new Situation(node, statistics).look();
  }

  private JsonObject look() {
    nodes();
    services();
    failures();
    breakers();
    lags();
    boolean healthy = findings.stream().noneMatch(Finding::problem);
    JsonArray found = new JsonArray();
    findings.forEach(f -> found.add(f.json()));
    return new JsonObject()
        .put("state", healthy ? "healthy" : "degraded")
        .put("sentence", sentence(healthy))
        .put("findings", found)
        .put("nodes", present().size())
        .put("services", services(instances).size())
        .put("instances", instances.size())
        .put("node", node.options().name())
        .put("at", Instant.now().toString());
  }

  private List<Member> present() {
    return members.stream().filter(m -> m.state() != Flock.State.LEFT).toList();
  }

  private static Map<String, List<InstanceStatus>> services(List<InstanceStatus> all) {
    return all.stream()
        .collect(
            Collectors.groupingBy(
                i -> i.announcement().service(), TreeMap::new, Collectors.toList()));
  }

  private String sentence(boolean healthy) {
    if (healthy) {
      return "%s, %s, all healthy"
          .formatted(count(present().size(), "node"), count(services(instances).size(), "service"));
    }
    List<Finding> problems = findings.stream().filter(Finding::problem).toList();
    String first = problems.get(0).subject() + ": " + problems.get(0).text();
    return problems.size() == 1 ? first : first + " (and " + (problems.size() - 1) + " more)";
  }

  private static String count(int number, String what) {
    return number + " " + what + (number == 1 ? "" : "s");
  }

  private void nodes() {
    for (Member member : members) {
      NodeReport report = member.report();
      switch (member.state()) {
        case LEFT -> {
          boolean lost = !report.stopping() && member.age() < LOST_LATELY;
          if (lost) {
            find(true, member.name(), "left" + (member.why() == null ? "" : ", " + member.why()));
          }
        }
        case SILENT -> {
          if (report == null) {
            find(false, name(member.id()), "does not report: it starts, or its release does not");
          } else {
            find(true, member.name(), "has said nothing for " + member.age() / 1_000 + " s");
          }
        }
        case UP -> look(member.name(), report);
      }
    }
    TreeSet<String> versions = new TreeSet<>();
    present().stream()
        .filter(m -> m.report() != null)
        .forEach(m -> versions.add(m.report().version()));
    if (versions.size() > 1) {
      find(false, "nodes", "run different versions: " + String.join(", ", versions));
    }
  }

  /** Of a node that has not reported. */
  private String name(String id) {
    return instances.stream()
        .map(InstanceStatus::announcement)
        .filter(a -> a.node().equals(id))
        .map(Announcement::nodeName)
        .findFirst()
        .orElse(id);
  }

  private void look(String name, NodeReport report) {
    if (report.draining()) {
      find(false, name, "is drained by an operator");
    }
    for (Check check : report.checks()) {
      if (!check.up() && !(report.draining() && check.name().equals("drain"))) {
        find(true, name, "is not ready: " + check.name() + ", " + check.reason());
      }
    }
  }

  private void lags() {
    for (Member member : present()) {
      if (member.report() != null && statistics.isBehind(member.id())) {
        find(true, member.name(), "event loops were behind by more than 1 s, again and again");
      }
    }
  }

  private void services() {
    Map<String, List<InstanceStatus>> running = services(instances);
    node.directory()
        .contracts()
        .forEach(
            contract -> {
              if (!running.containsKey(contract.service())) {
                find(
                    node.directory().hasSeen(contract.service()),
                    contract.service(),
                    "has no instance");
              }
            });
    running.forEach(
        (service, all) -> {
          TreeSet<String> versions =
              all.stream()
                  .map(InstanceStatus::announcement)
                  .map(Announcement::version)
                  .collect(Collectors.toCollection(TreeSet::new));
          if (versions.size() > 1) {
            find(false, service, "runs in different versions: " + String.join(", ", versions));
          }
        });
  }

  /** What callers notice; a breaker need not be open: that of the last instance never is. */
  private void failures() {
    Map<String, List<InstanceStatus>> running = services(instances);
    statistics
        .failing()
        .forEach(
            (service, failing) -> {
              int left = running.getOrDefault(service, List.of()).size();
              find(
                  true,
                  service,
                  "%d %% of the calls of %s fail (%d of %d in 10 s, %s)%s"
                      .formatted(
                          100 * failing.failed() / failing.calls(),
                          names(failing.operations()),
                          failing.failed(),
                          failing.calls(),
                          String.join(" and ", failing.codes()),
                          left == 1 ? "; there is no other instance to call" : ""));
            });
  }

  private void breakers() {
    Map<String, List<Judgement>> open = new TreeMap<>();
    Map<String, Set<String>> callers = new TreeMap<>();
    for (Member member : present()) {
      if (member.report() != null) {
        for (Judgement judgement : member.report().breakers()) {
          if (!judgement.state().equals("closed")) {
            open.computeIfAbsent(judgement.instance(), i -> new ArrayList<>()).add(judgement);
            callers.computeIfAbsent(judgement.instance(), i -> new TreeSet<>()).add(member.name());
          }
        }
      }
    }
    open.forEach(
        (instance, by) -> {
          Judgement worst =
              by.stream().filter(j -> j.state().equals("open")).findFirst().orElse(by.get(0));
          String why = worst.reason() == null ? "" : ", " + worst.reason();
          String next = worst.probeIn() > 0 ? "; next probe in " + seconds(worst.probeIn()) : "";
          find(
              true,
              instance.replace("@", " on "),
              "breaker %s at %s%s%s%s"
                  .formatted(
                      worst.state(),
                      names(callers.get(instance)),
                      why,
                      others(instance, open),
                      next));
        });
  }

  /** Who gets the calls instead. */
  private String others(String instance, Map<String, List<Judgement>> open) {
    String service = instance.substring(0, instance.indexOf('@'));
    List<String> others =
        instances.stream()
            .filter(InstanceStatus::reached)
            .map(InstanceStatus::announcement)
            .filter(a -> a.service().equals(service) && !open.containsKey(a.name()))
            .map(Announcement::nodeName)
            .sorted()
            .toList();
    return others.isEmpty() ? "" : "; traffic goes to " + names(others);
  }

  /** Three of them, and how many more. */
  private static String names(Collection<String> callers) {
    List<String> some = new ArrayList<>(callers.stream().limit(3).toList());
    String last = callers.size() > 3 ? callers.size() - 3 + " more" : some.remove(some.size() - 1);
    return some.isEmpty() ? last : String.join(", ", some) + " and " + last;
  }

  private static String seconds(long millis) {
    return (millis + 999) / 1_000 + " s";
  }

  private void find(boolean problem, String subject, String text) {
    findings.add(new Finding(problem, subject, text));
  }
}
