package dev.starling.lab;

import io.vertx.core.json.JsonObject;
import java.util.ArrayList;
import java.util.List;
import java.util.function.Predicate;

/**
 * Looks ten times a second at how the gateways see the instances: which there are, and which are
 * called.
 */
final class Watch implements AutoCloseable {
  private static final long EVERY = 100;

  private final History history;
  private final List<NodeProcess> gateways;
  private final Operator.Token token;
  private final List<Sighting> sightings = new ArrayList<>();
  private volatile boolean over;

  /**
   * How one gateway saw all instances.
   *
   * @param at ms of the history
   */
  private record Sighting(long at, String gateway, List<JsonObject> instances) {
    boolean lists(String node) {
      return instances.stream().anyMatch(i -> node.equals(i.getString("nodeName")));
    }

    /** An instance that is listed is called while its breaker is closed. */
    boolean calls(String node) {
      return instances.stream()
          .filter(i -> node.equals(i.getString("nodeName")))
          .anyMatch(Sighting::isClosed);
    }

    double leftOut() {
      double out = instances.stream().filter(i -> !isClosed(i)).count();
      return out / Math.max(1, instances.size());
    }

    private static boolean isClosed(JsonObject instance) {
      return "closed".equals(instance.getJsonObject("breaker").getString("state"));
    }
  }

  /**
   * When something was first seen by all gateways.
   *
   * @param unseen whether the gateways show nothing of the kind
   * @param millis from the moment asked about; {@link Long#MAX_VALUE} for never
   */
  record Moment(boolean unseen, long millis) {
    boolean isNever() {
      return millis == Long.MAX_VALUE;
    }

    @Override
    public String toString() {
      return isNever() ? "never" : Long.toString(millis);
    }
  }

  Watch(History history, List<NodeProcess> gateways, Operator.Token token) {
    this.history = history;
    this.gateways = gateways;
    this.token = token;
    Thread thread = new Thread(this::look, "watch");
    thread.setDaemon(true);
    thread.start();
  }

  private void look() {
    try {
      while (!over) {
        for (NodeProcess gateway : gateways) {
          Operator.of(gateway).instances(token).ifPresent(all -> add(gateway, all));
        }
        Thread.sleep(EVERY);
      }
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
    }
  }

  private synchronized void add(NodeProcess gateway, List<JsonObject> instances) {
    sightings.add(new Sighting(history.now(), gateway.name(), instances));
  }

  /** When no gateway listed a node's instance any more. */
  Moment goneAfter(String node, long from, long until) {
    return first(from, until, sighting -> !sighting.lists(node));
  }

  /** When no gateway called a node's instance any more, listed or not. */
  Moment outAfter(String node, long from, long until) {
    return first(from, until, sighting -> !sighting.calls(node));
  }

  /** The largest share of the listed instances that any gateway left out at one moment. */
  synchronized double mostLeftOut(long from, long until) {
    return sightings.stream()
        .filter(s -> s.at() >= from && s.at() < until)
        .mapToDouble(Sighting::leftOut)
        .max()
        .orElse(0);
  }

  /** When each gateway called a node's instance again. */
  Moment backAfter(String node, long from) {
    return first(from, Long.MAX_VALUE, sighting -> sighting.calls(node));
  }

  private synchronized Moment first(long from, long until, Predicate<Sighting> condition) {
    long latest = 0;
    for (NodeProcess gateway : gateways) {
      long first =
          sightings.stream()
              .filter(s -> s.gateway().equals(gateway.name()))
              .filter(s -> s.at() >= from && s.at() < until && condition.test(s))
              .mapToLong(s -> s.at() - from)
              .findFirst()
              .orElse(Long.MAX_VALUE);
      latest = Math.max(latest, first);
    }
    return new Moment(sightings.isEmpty(), latest);
  }

  @Override
  public void close() {
    over = true;
  }
}
