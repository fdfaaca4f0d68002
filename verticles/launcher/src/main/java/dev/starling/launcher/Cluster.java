package dev.starling.launcher;

import com.hazelcast.cluster.Address;
import com.hazelcast.cluster.Member;
import com.hazelcast.cluster.MembershipEvent;
import com.hazelcast.cluster.MembershipListener;
import com.hazelcast.config.Config;
import com.hazelcast.config.ListenerConfig;
import com.hazelcast.core.LifecycleEvent;
import com.hazelcast.core.LifecycleEvent.LifecycleState;
import com.hazelcast.core.LifecycleListener;
import dev.starling.runtime.Certificate;
import dev.starling.runtime.Membership;
import dev.starling.runtime.Secrets;
import io.vertx.core.Completable;
import io.vertx.core.eventbus.EventBusOptions;
import io.vertx.core.spi.cluster.NodeInfo;
import io.vertx.spi.cluster.hazelcast.HazelcastClusterManager;
import java.util.HashSet;
import java.util.List;
import java.util.Objects;
import java.util.Optional;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.function.Consumer;
import java.util.stream.Collectors;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * This node's place in the cluster: how it is configured, who else is there, and with whom it
 * refuses to be.
 *
 * <p>Every member carries its node's name, a fingerprint of the shared secrets, and whether its
 * event bus speaks TLS. Hazelcast keeps its members in order of age, the same order on each of
 * them, so a node compares itself with the oldest only: of two nodes with different secrets exactly
 * one gives way, the younger, even when both start at the same instant. Should they have become two
 * clusters first, the check is made again when those merge.
 *
 * <p>Any Vert.x program may be a member, and {@link Send} is one. Those are no nodes: they carry no
 * name, and count for nothing here.
 */
final class Cluster extends HazelcastClusterManager implements Membership {

  private static final Logger LOG = LoggerFactory.getLogger(Cluster.class);

  /** Set by {@link HazelcastClusterManager}. */
  private static final String NODE_ID = "__vertx.nodeId";

  private static final String NODE_NAME = "starling.node";
  private static final String FINGERPRINT = "starling.secrets";
  private static final String TLS = "starling.tls";

  private final Set<String> nodes = ConcurrentHashMap.newKeySet();
  private final List<Consumer<String>> left = new CopyOnWriteArrayList<>();
  private final List<Consumer<String>> joined = new CopyOnWriteArrayList<>();
  private final List<Runnable> merged = new CopyOnWriteArrayList<>();
  private final List<Consumer<ClusterException>> refused = new CopyOnWriteArrayList<>();
  private final String fingerprint;
  private final Optional<Certificate> certificate;
  private final String tls;
  private final String cluster;
  private final List<String> seeks;
  private volatile Place place;

  /**
   * A cluster manager for {@code VertxBuilder.withClusterManager}; building Vert.x joins, and fails
   * with a {@link ClusterException} where this node must not or cannot.
   *
   * @param config from {@link ClusterConfig#read}; becomes this node's own
   * @param name of this node, shown to people; empty for a member that is none
   * @param fingerprint of the shared secrets ({@link Secrets#fingerprint}), from which they cannot
   *     be guessed; every member sees it
   * @param certificate of this node; without one its event bus is not encrypted, which must be so
   *     on all nodes or on none
   */
  Cluster(Config config, String name, String fingerprint, Optional<Certificate> certificate) {
    super(config);
    this.fingerprint = fingerprint;
    this.certificate = certificate;
    this.tls = Boolean.toString(certificate.isPresent());
    if (!name.isEmpty()) {
      config
          .getMemberAttributeConfig()
          .setAttribute(NODE_NAME, name)
          .setAttribute(FINGERPRINT, fingerprint)
          .setAttribute(TLS, tls);
    }
    config.addListenerConfig(new ListenerConfig(new Watch()));
    this.cluster = config.getClusterName();
    this.seeks = ClusterConfig.seeks(config);
    LoopbackMembers.replace(config, this::addresses);
  }

  /**
   * The event bus between nodes, set to notice a peer that is gone or frozen within seconds: after
   * a partition a connection is given up by the operating system in 5 s instead of minutes, where
   * the native transport is in use.
   *
   * @param host to listen on, which the other nodes connect to
   * @param port 0 for any
   */
  EventBusOptions eventBus(String host, int port) {
    EventBusOptions options = new EventBusOptions();
    certificate.ifPresent(own -> ClusterTls.secure(options, own));
    return options
        .setHost(host)
        .setPort(port)
        .setClusterPublicHost(host)
        .setConnectTimeout(2000)
        .setReconnectAttempts(0)
        .setClusterPingInterval(2000)
        .setClusterPingReplyInterval(2000)
        .setTcpUserTimeout(5000)
        .setTcpKeepAlive(true);
  }

  @Override
  public String self() {
    return getNodeId();
  }

  @Override
  public Set<String> nodes() {
    return Set.copyOf(nodes);
  }

  /** Known once the event bus has told where it is; it stays the same. */
  @Override
  public Place place() {
    NodeInfo bus = getNodeInfo();
    if (place == null && bus != null) {
      Address member = getHazelcastInstance().getCluster().getLocalMember().getAddress();
      place =
          new Place(
              cluster,
              Place.hostAndPort(member.getHost(), member.getPort()),
              Place.hostAndPort(bus.host(), bus.port()),
              seeks);
    }
    return place;
  }

  @Override
  public void onLeft(Consumer<String> node) {
    left.add(node);
  }

  @Override
  public void onJoined(Consumer<String> node) {
    joined.add(node);
  }

  @Override
  public void onMerged(Runnable merged) {
    this.merged.add(merged);
  }

  @Override
  public boolean isSafe() {
    return getHazelcastInstance().getPartitionService().isLocalMemberSafe();
  }

  /**
   * Calls back when this node finds, after a merge, that it has other secrets than the cluster: it
   * must stop.
   */
  void onRefused(Consumer<ClusterException> reason) {
    refused.add(reason);
  }

  @Override
  public void join(Completable<Void> promise) {
    super.join(
        (nothing, failure) -> {
          if (failure != null) {
            promise.fail(
                new ClusterException(
                    "cannot join the cluster: " + ClusterException.line(failure), failure));
            return;
          }
          Optional<ClusterException> refusal = refusal();
          if (refusal.isPresent()) {
            promise.fail(refusal.get());
            return;
          }
          reconcile();
          promise.succeed();
        });
  }

  @Override
  public void leave(Completable<Void> promise) {
    if (getHazelcastInstance() == null) {
      promise.succeed();
    } else {
      super.leave(promise);
    }
  }

  private Optional<ClusterException> refusal() {
    return getHazelcastInstance().getCluster().getMembers().stream()
        .filter(member -> node(member) != null)
        .findFirst()
        .flatMap(this::refusal);
  }

  private Optional<ClusterException> refusal(Member oldest) {
    boolean sameSecrets = Secrets.agree(fingerprint, oldest.getAttribute(FINGERPRINT));
    if (sameSecrets && tls.equals(oldest.getAttribute(TLS))) {
      return Optional.empty();
    }
    String other =
        "node %s at %s:%d"
            .formatted(
                oldest.getAttribute(NODE_NAME),
                oldest.getAddress().getHost(),
                oldest.getAddress().getPort());
    return Optional.of(
        new ClusterException(
            sameSecrets
                ? "either this node or %s has no cluster.tls: both need it, or neither"
                    .formatted(other)
                : "this node's secrets are not those of %s: both need the same secrets.directory"
                    .formatted(other)));
  }

  /** The identifier of a node; null for a member that is none. */
  private static String node(Member member) {
    return member.getAttribute(NODE_NAME) == null ? null : member.getAttribute(NODE_ID);
  }

  private Set<Address> addresses() {
    return getHazelcastInstance() == null
        ? Set.of()
        : getHazelcastInstance().getCluster().getMembers().stream()
            .map(Member::getAddress)
            .collect(Collectors.toSet());
  }

  /** Brings {@link #nodes} in line with the members, whatever events were missed. */
  private void reconcile() {
    Set<String> now =
        getHazelcastInstance().getCluster().getMembers().stream()
            .map(Cluster::node)
            .filter(Objects::nonNull)
            .collect(Collectors.toSet());
    new HashSet<>(nodes).stream().filter(node -> !now.contains(node)).forEach(this::remove);
    now.forEach(this::add);
  }

  private void add(String node) {
    if (nodes.add(node) && !node.equals(self())) {
      joined.forEach(callback -> call(() -> callback.accept(node)));
    }
  }

  private void remove(String node) {
    if (nodes.remove(node)) {
      left.forEach(callback -> call(() -> callback.accept(node)));
    }
  }

  private static void call(Runnable callback) {
    try {
      callback.run();
    } catch (RuntimeException e) {
      LOG.error("A callback on membership failed", e);
    }
  }

  /**
   * Beside the listener that Vert.x has, and before it: that one does blocking work when a member
   * leaves.
   */
  private final class Watch implements MembershipListener, LifecycleListener {

    @Override
    public void memberAdded(MembershipEvent event) {
      Optional.ofNullable(node(event.getMember())).ifPresent(Cluster.this::add);
    }

    @Override
    public void memberRemoved(MembershipEvent event) {
      Optional.ofNullable(node(event.getMember())).ifPresent(Cluster.this::remove);
    }

    @Override
    public void stateChanged(LifecycleEvent event) {
      if (event.getState() == LifecycleState.MERGED) {
        reconcile();
        refusal()
            .ifPresentOrElse(
                reason -> refused.forEach(callback -> call(() -> callback.accept(reason))),
                () -> merged.forEach(callback -> call(callback)));
      }
    }
  }
}
