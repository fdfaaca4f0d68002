package dev.starling.console;

import dev.starling.runtime.CallSearch;
import dev.starling.runtime.ContractDocument;
import dev.starling.runtime.Event;
import dev.starling.runtime.Flock;
import dev.starling.runtime.Flock.Member;
import dev.starling.runtime.Health.Check;
import dev.starling.runtime.InstanceStatus;
import dev.starling.runtime.KeptCall;
import dev.starling.runtime.Membership;
import dev.starling.runtime.Node;
import dev.starling.runtime.NodeReport;
import dev.starling.runtime.NodeReport.Judgement;
import dev.starling.runtime.NodeReport.Surroundings;
import dev.starling.runtime.OperationSpec;
import io.vertx.core.json.JsonArray;
import io.vertx.core.json.JsonObject;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;

/** The flock as JSON, from what this node knows: no other node is asked. */
final class FlockViews {
  private final Node node;
  private final Statistics statistics;

  FlockViews(Node node, Statistics statistics) {
    this.node = node;
    this.statistics = statistics;
  }

  /** How the flock does, in one sentence. */
  JsonObject status() {
    return Situation.of(node, statistics);
  }

  /** All nodes, those that have left lately too. */
  JsonObject nodes() {
    JsonArray nodes = new JsonArray();
    node.flock().members().forEach(member -> nodes.add(json(member)));
    return new JsonObject().put("nodes", nodes);
  }

  private JsonObject json(Member member) {
    JsonArray services = new JsonArray();
    node.directory().announcements().stream()
        .filter(a -> a.node().equals(member.id()))
        .forEach(a -> services.add(a.service()));
    JsonObject json =
        new JsonObject()
            .put("id", member.id())
            .put("name", member.name())
            .put("state", member.state().name().toLowerCase(Locale.ROOT))
            .put("why", member.why())
            .put("age", member.age())
            .put("services", services)
            .put("calls", statistics.callsOf(member.id()));
    return member.report() == null ? json : json.mergeIn(json(member.report()));
  }

  private static JsonObject json(NodeReport report) {
    JsonArray checks = new JsonArray();
    for (Check check : report.checks()) {
      checks.add(
          new JsonObject()
              .put("name", check.name())
              .put("up", check.up())
              .put("reason", check.reason()));
    }
    Surroundings around = report.surroundings();
    JsonObject meters = new JsonObject();
    report.meters().forEach(meters::put);
    return new JsonObject()
        .put("version", report.version())
        .put("operator", report.operator())
        .put("gateway", report.gateway())
        .put("started", report.started().toString())
        .put("at", report.at().toString())
        .put("ready", report.ready())
        .put("draining", report.draining())
        .put("fenced", report.fenced())
        .put("sees", report.nodes())
        .put("heap", report.heap())
        .put("heapMost", report.heapMost())
        .put("cpu", report.cpu())
        .put("lag", report.lag())
        .put("java", around.java())
        .put("files", around.files())
        .put("filesMost", around.filesMost())
        .put("cluster", json(around.place()))
        .put("hears", around.hears() == null ? null : new JsonArray(around.hears()))
        .put("checks", checks)
        .put("meters", meters);
  }

  private static JsonObject json(Membership.Place place) {
    return place == null
        ? null
        : new JsonObject()
            .put("name", place.cluster())
            .put("member", place.member())
            .put("bus", place.bus())
            .put("seeks", new JsonArray(place.seeks()));
  }

  /** All services that are known, with their instances, and how each operation has done lately. */
  JsonObject services() {
    JsonArray services = new JsonArray();
    List<InstanceStatus> all = node.directory().instances();
    Map<String, List<By>> judgements = judgements();
    for (ContractDocument contract : node.directory().contracts()) {
      JsonArray instances = new JsonArray();
      all.stream()
          .filter(i -> i.announcement().service().equals(contract.service()))
          .forEach(
              i ->
                  instances.add(
                      new JsonObject()
                          .put("instance", i.announcement().name())
                          .put("node", i.announcement().nodeName())
                          .put("version", i.announcement().version())
                          .put(
                              "breaker",
                              worst(judgements.getOrDefault(i.announcement().name(), List.of())))));
      JsonArray operations = new JsonArray();
      contract.operations().forEach(entry -> operations.add(json(entry.operation())));
      services.add(
          new JsonObject()
              .put("service", contract.service())
              .put("instances", instances)
              .put("operations", operations));
    }
    return new JsonObject().put("services", services);
  }

  private JsonObject json(OperationSpec operation) {
    return new JsonObject()
        .put("operation", operation.address())
        .put("method", operation.method())
        .put("path", operation.path())
        .put("lately", statistics.lately(operation.address()));
  }

  /**
   * What a node makes of an instance.
   *
   * @param caller name of that node
   */
  private record By(String caller, Judgement judgement) {}

  /** What nodes that are there make of instances, by the names of these. */
  private Map<String, List<By>> judgements() {
    Map<String, List<By>> judgements = new HashMap<>();
    for (Member member : node.flock().members()) {
      if (member.report() != null && member.state() != Flock.State.LEFT) {
        for (Judgement judgement : member.report().breakers()) {
          judgements
              .computeIfAbsent(judgement.instance(), i -> new ArrayList<>())
              .add(new By(member.name(), judgement));
        }
      }
    }
    return judgements;
  }

  /** The state of the breaker that is furthest from closed. */
  private static String worst(List<By> judgements) {
    String worst = "closed";
    for (By by : judgements) {
      String state = by.judgement().state();
      worst = state.equals("open") || worst.equals("closed") ? state : worst;
    }
    return worst;
  }

  private static JsonObject json(String caller, Judgement judgement) {
    return new JsonObject()
        .put("node", caller)
        .put("state", judgement.state())
        .put("wish", judgement.wish())
        .put("calls", judgement.calls())
        .put("failed", judgement.failed())
        .put("slow", judgement.slow())
        .put("reason", judgement.reason())
        .put("probeIn", judgement.probeIn())
        .put("trail", judgement.trail());
  }

  /** Each instance with what every node makes of it; who says nothing has not called it lately. */
  JsonObject breakers() {
    JsonArray breakers = new JsonArray();
    Map<String, List<By>> judgements = judgements();
    for (InstanceStatus instance : node.directory().instances()) {
      String name = instance.announcement().name();
      List<By> judged = judgements.getOrDefault(name, List.of());
      JsonArray by = new JsonArray();
      judged.forEach(one -> by.add(json(one.caller(), one.judgement())));
      breakers.add(
          new JsonObject()
              .put("instance", name)
              .put("state", worst(judged))
              .put("wish", instance.wish())
              .put("by", by));
    }
    return new JsonObject().put("breakers", breakers);
  }

  /** What has happened lately, the oldest first. */
  JsonObject events() {
    JsonArray events = new JsonArray();
    node.flock().journal().all().forEach(event -> events.add(json(event)));
    return new JsonObject().put("events", events);
  }

  static JsonObject json(Event event) {
    return new JsonObject()
        .put("id", event.id())
        .put("at", event.at().toString())
        .put("node", event.node())
        .put("kind", event.kind().text())
        .put("subject", event.subject())
        .put("text", event.text())
        .put("by", event.by());
  }

  /** What can be called, with the schemas of requests and replies. */
  JsonObject contracts() {
    JsonArray contracts = new JsonArray();
    node.directory().contracts().forEach(contract -> contracts.add(contract.json()));
    return new JsonObject().put("contracts", contracts);
  }

  /** Calls that nodes remember, with their steps. */
  static JsonObject calls(CallSearch.Found found) {
    JsonArray calls = new JsonArray();
    found.calls().forEach(call -> calls.add(json(call)));
    return new JsonObject().put("calls", calls).put("silent", new JsonArray(found.silent()));
  }

  private static JsonObject json(KeptCall call) {
    JsonArray steps = new JsonArray();
    for (KeptCall.Step step : call.steps()) {
      steps.add(
          new JsonObject()
              .put("name", step.name())
              .put("at", step.at() / 1_000.0)
              .put("millis", step.micros() / 1_000.0)
              .put("outcome", step.outcome()));
    }
    return new JsonObject()
        .put("trace", call.trace())
        .put("at", call.at().toString())
        .put("node", call.node())
        .put("side", call.made() ? "made" : "done")
        .put("operation", call.service() + "." + call.operation())
        .put("outcome", call.outcome())
        .put("millis", call.micros() / 1_000.0)
        .put("steps", steps);
  }
}
