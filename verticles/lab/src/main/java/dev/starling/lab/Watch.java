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
  private static final String SERVICE = "user";

  private final List<String> gateways;
  private final List<Sighting> sightings;
  private volatile boolean over;

  /**
   * An instance of the service under test, as a gateway saw it.
   *
   * @param closed whether its breaker was: then it is called
   */
  private record Seen(String node, boolean closed) {
    static Seen of(JsonObject instance) {
      String state = instance.getJsonObject("breaker").getString("state");
      return new Seen(instance.getString("nodeName"), state.equals("closed"));
    }
  }

  /**
   * How one gateway saw all instances.
   *
   * @param at ms of the history
   */
  private record Sighting(long at, String gateway, List<Seen> instances) {
    boolean lists(String node) {
      return instances.stream().anyMatch(i -> i.node().equals(node));
    }

    boolean calls(String node) {
      return instances.stream().anyMatch(i -> i.node().equals(node) && i.closed());
    }

    double leftOut() {
      double out = instances.stream().filter(i -> !i.closed()).count();
      return out / Math.max(1, instances.size());
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

  /** Sees nothing yet; {@link #add} tells it. */
  Watch(List<String> gateways) {
    this(gateways, new ArrayList<>());
  }

  private Watch(List<String> gateways, List<Sighting> sightings) {
    this.gateways = gateways;
    this.sightings = sightings;
  }

  /** Looks, until it is closed. */
  static Watch begin(History history, List<NodeProcess> gateways, Operator.Token token) {
    Watch watch = new Watch(gateways.stream().map(NodeProcess::name).toList());
    Thread thread = new Thread(() -> watch.look(history, gateways, token), "watch");
    thread.setDaemon(true);
    thread.start();
    return watch;
  }

  private void look(History history, List<NodeProcess> nodes, Operator.Token token) {
    try {
      while (!over) {
        for (NodeProcess node : nodes) {
          Operator.of(node).instances(token).ifPresent(all -> add(history.now(), node.name(), all));
        }
        Thread.sleep(EVERY);
      }
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
    }
  }

  /** What the others see: the same as this, but for one gateway. */
  Watch without(String gateway) {
    return new Watch(gateways.stream().filter(g -> !g.equals(gateway)).toList(), sightings);
  }

  /**
   * How a gateway sees the instances, as its operator port says.
   *
   * @param at ms of the history
   */
  void add(long at, String gateway, List<JsonObject> instances) {
    List<Seen> seen =
        instances.stream()
            .filter(i -> SERVICE.equals(i.getString("service")))
            .map(Seen::of)
            .toList();
    synchronized (sightings) {
      sightings.add(new Sighting(at, gateway, seen));
    }
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
  double mostLeftOut(long from, long until) {
    return sightings().stream()
        .filter(s -> s.at() >= from && s.at() < until)
        .mapToDouble(Sighting::leftOut)
        .max()
        .orElse(0);
  }

  /** When each gateway called a node's instance again. */
  Moment backAfter(String node, long from) {
    return first(from, Long.MAX_VALUE, sighting -> sighting.calls(node));
  }

  private Moment first(long from, long until, Predicate<Sighting> condition) {
    List<Sighting> all = sightings();
    long latest = 0;
    for (String gateway : gateways) {
      long first =
          all.stream()
              .filter(s -> s.gateway().equals(gateway))
              .filter(s -> s.at() >= from && s.at() < until && condition.test(s))
              .mapToLong(s -> s.at() - from)
              .findFirst()
              .orElse(Long.MAX_VALUE);
      latest = Math.max(latest, first);
    }
    return new Moment(all.isEmpty(), latest);
  }

  private List<Sighting> sightings() {
    synchronized (sightings) {
      return List.copyOf(sightings);
    }
  }

  @Override
  public void close() {
    over = true;
  }
}
