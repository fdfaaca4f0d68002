package dev.starling.launcher;

import com.hazelcast.cluster.Address;
import com.hazelcast.cluster.Member;
import com.hazelcast.cluster.MembershipEvent;
import com.hazelcast.cluster.MembershipListener;
import com.hazelcast.config.AdvancedNetworkConfig;
import com.hazelcast.config.Config;
import com.hazelcast.config.JoinConfig;
import com.hazelcast.config.ListenerConfig;
import com.hazelcast.config.NetworkConfig;
import com.hazelcast.config.ServerSocketEndpointConfig;
import com.hazelcast.config.XmlConfigBuilder;
import com.hazelcast.core.LifecycleEvent;
import com.hazelcast.core.LifecycleEvent.LifecycleState;
import com.hazelcast.core.LifecycleListener;
import com.hazelcast.instance.EndpointQualifier;
import dev.starling.runtime.Membership;
import io.vertx.core.Completable;
import io.vertx.core.eventbus.EventBusOptions;
import io.vertx.spi.cluster.hazelcast.HazelcastClusterManager;
import java.io.ByteArrayInputStream;
import java.io.IOException;
import java.io.InputStream;
import java.io.StringReader;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Optional;
import java.util.Properties;
import java.util.Set;
import java.util.TreeSet;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.function.Consumer;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.stream.Collectors;
import javax.xml.parsers.ParserConfigurationException;
import javax.xml.parsers.SAXParserFactory;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;
import org.xml.sax.InputSource;
import org.xml.sax.SAXException;
import org.xml.sax.SAXParseException;
import org.xml.sax.helpers.DefaultHandler;

/**
 * This node's place in the cluster: how it is configured, who else is there, and with whom it
 * refuses to be.
 *
 * <p>Every member carries its node's name and a fingerprint of the shared secrets. Hazelcast keeps
 * its members in order of age, the same order on each of them, so a node compares itself with the
 * oldest only: of two nodes with different secrets exactly one gives way, the younger, even when
 * both start at the same instant. Should they have become two clusters first, the check is made
 * again when those merge.
 */
final class Cluster extends HazelcastClusterManager implements Membership {

  private static final Logger LOG = LoggerFactory.getLogger(Cluster.class);
  private static final String DEFAULT_FILE = "cluster.xml";
  private static final String DEFAULT_NAME = "starling";

  /**
   * Against the schema, which takes 0.3 to 0.5 s of the start; the jar's own file is checked by the
   * tests instead.
   */
  private static final String VALIDATION = "hazelcast.config.schema.validation.enabled";

  private static final Map<String, String> REQUIRED =
      Map.of("hazelcast.socket.bind.any", "false", "hazelcast.phone.home.enabled", "false");

  /** A comment, which stays as it is, or {@code ${NAME}} or {@code ${NAME:default}}. */
  private static final Pattern PLACEHOLDER =
      Pattern.compile("<!--.*?-->|\\$\\{([A-Za-z0-9_.]+)(?::([^}]*))?}", Pattern.DOTALL);

  /** Set by {@link HazelcastClusterManager}. */
  private static final String NODE_ID = "__vertx.nodeId";

  private static final String NODE_NAME = "starling.node";
  private static final String FINGERPRINT = "starling.secrets";

  private final Set<String> nodes = ConcurrentHashMap.newKeySet();
  private final List<Consumer<String>> left = new CopyOnWriteArrayList<>();
  private final List<Consumer<String>> joined = new CopyOnWriteArrayList<>();
  private final List<Runnable> merged = new CopyOnWriteArrayList<>();
  private final List<Consumer<ClusterException>> refused = new CopyOnWriteArrayList<>();
  private final String fingerprint;

  /**
   * A cluster manager for {@code VertxBuilder.withClusterManager}; building Vert.x joins, and fails
   * with a {@link ClusterException} where this node must not or cannot.
   *
   * @param config from {@link #config}; becomes this node's own
   * @param name of this node, shown to people
   * @param fingerprint of the shared secrets, from which they cannot be guessed; every member sees
   *     it
   */
  Cluster(Config config, String name, String fingerprint) {
    super(config);
    this.fingerprint = fingerprint;
    config
        .getMemberAttributeConfig()
        .setAttribute(NODE_NAME, name)
        .setAttribute(FINGERPRINT, fingerprint);
    config.addListenerConfig(new ListenerConfig(new Watch()));
    LoopbackMembers.replace(config, this::addresses);
  }

  /**
   * Reads how nodes find each other; there is no fall-back to anything else.
   *
   * @param file Hazelcast XML, without one the {@code cluster.xml} of the jar
   * @param environment gives the values of {@code ${NAME}} and {@code ${NAME:default}}
   * @throws ClusterException when the file is missing, broken, unsafe or needs a variable that is
   *     not set
   */
  static Config config(Optional<Path> file, Map<String, String> environment) {
    String source = file.map(Path::toString).orElse(DEFAULT_FILE);
    // Before there is a Config, Hazelcast takes these from the system only.
    System.setProperty("hazelcast.logging.type", "slf4j");
    System.setProperty(VALIDATION, Boolean.toString(file.isPresent()));
    try {
      String xml =
          fill(file.isPresent() ? Files.readString(file.get()) : packaged(), source, environment);
      parse(xml);
      XmlConfigBuilder builder =
          new XmlConfigBuilder(new ByteArrayInputStream(xml.getBytes(StandardCharsets.UTF_8)));
      builder.setProperties(new Properties());
      return secured(builder.build(), xml, source);
    } catch (NoSuchFileException e) {
      throw new ClusterException(
          source + " does not exist: name one of cluster-config/, or none for one machine", e);
    } catch (IOException e) {
      throw new ClusterException(source + " cannot be read: " + reason(e), e);
    } catch (ClusterException e) {
      throw e;
    } catch (SAXException | ParserConfigurationException | RuntimeException e) {
      throw new ClusterException(
          source + " is not a valid Hazelcast configuration: " + reason(e), e);
    }
  }

  /**
   * The event bus between nodes, set to notice a peer that is gone or frozen within seconds: after
   * a partition a connection is given up by the operating system in 5 s instead of minutes, where
   * the native transport is in use.
   *
   * @param host to listen on, which the other nodes connect to
   * @param port 0 for any
   */
  static EventBusOptions eventBus(String host, int port) {
    return new EventBusOptions()
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
                new ClusterException("cannot join the cluster: " + line(failure), failure));
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

  private static String packaged() throws IOException {
    try (InputStream xml = Cluster.class.getClassLoader().getResourceAsStream(DEFAULT_FILE)) {
      return new String(
          Objects.requireNonNull(xml, DEFAULT_FILE).readAllBytes(), StandardCharsets.UTF_8);
    }
  }

  private static String fill(String xml, String source, Map<String, String> environment) {
    Set<String> unset = new TreeSet<>();
    String filled =
        PLACEHOLDER
            .matcher(xml)
            .replaceAll(
                match -> {
                  String name = match.group(1);
                  if (name == null) {
                    return Matcher.quoteReplacement(match.group());
                  }
                  String value =
                      environment.getOrDefault(name, "").isBlank()
                          ? match.group(2)
                          : environment.get(name);
                  if (value == null) {
                    unset.add(name);
                    return "";
                  }
                  return Matcher.quoteReplacement(value.replace("&", "&amp;").replace("<", "&lt;"));
                });
    if (!unset.isEmpty()) {
      throw new ClusterException(
          source
              + " needs these environment variables, which are not set: "
              + String.join(", ", unset));
    }
    return filled;
  }

  /** Finds what is not XML first, with its line; Hazelcast would print it twice and without. */
  private static void parse(String xml)
      throws ParserConfigurationException, SAXException, IOException {
    SAXParserFactory parser = SAXParserFactory.newInstance();
    parser.setFeature("http://apache.org/xml/features/disallow-doctype-decl", true);
    parser.newSAXParser().parse(new InputSource(new StringReader(xml)), new DefaultHandler());
  }

  private static Config secured(Config config, String xml, String source) {
    if (!xml.contains("<cluster-name>")) {
      config.setClusterName(DEFAULT_NAME);
    }
    if (config.getClusterName().equals(Config.DEFAULT_CLUSTER_NAME)) {
      throw new ClusterException(
          source + ": cluster-name is \"dev\", the name of every unconfigured Hazelcast");
    }
    REQUIRED.forEach(
        (property, value) -> {
          if (config.getProperty(property) == null) {
            config.setProperty(property, value);
          } else if (!config.getProperty(property).equals(value)) {
            throw new ClusterException(source + ": " + property + " must be " + value);
          }
        });
    AdvancedNetworkConfig network = config.getAdvancedNetworkConfig();
    if (!network.isEnabled()) {
      takeOver(config.getNetworkConfig(), network);
    }
    if (!network.getEndpointConfigs().keySet().equals(Set.of(EndpointQualifier.MEMBER))) {
      throw new ClusterException(
          source + ": advanced-network may hold the member endpoint only, which admits no clients");
    }
    network.getJoin().getAutoDetectionConfig().setEnabled(false);
    if (!findsOthers(network.getJoin())) {
      throw new ClusterException(
          source + ": join enables no way for nodes to find each other, such as tcp-ip");
    }
    return config;
  }

  /** A plain network section lets clients in; what it says about members is kept. */
  private static void takeOver(NetworkConfig plain, AdvancedNetworkConfig network) {
    ServerSocketEndpointConfig members =
        new ServerSocketEndpointConfig()
            .setPort(plain.getPort())
            .setPortCount(plain.getPortCount())
            .setPortAutoIncrement(plain.isPortAutoIncrement())
            .setReuseAddress(plain.isReuseAddress())
            .setPublicAddress(plain.getPublicAddress())
            .setInterfaces(plain.getInterfaces());
    network.setEnabled(true).setJoin(plain.getJoin()).setMemberEndpointConfig(members);
  }

  private static boolean findsOthers(JoinConfig join) {
    return join.getTcpIpConfig().isEnabled()
        || join.getMulticastConfig().isEnabled()
        || join.getKubernetesConfig().isEnabled()
        || join.getAwsConfig().isEnabled()
        || join.getAzureConfig().isEnabled()
        || join.getGcpConfig().isEnabled()
        || join.getEurekaConfig().isEnabled()
        || join.getDiscoveryConfig().isEnabled();
  }

  /** The innermost message; of what the schema says, what was found and not all that would do. */
  private static String reason(Throwable failure) {
    Throwable root = failure;
    while (root.getCause() != null) {
      root = root.getCause();
    }
    int number = root instanceof SAXParseException at ? at.getLineNumber() : -1;
    return (number > 0 ? "line " + number + ": " : "")
        + line(root)
            .replaceAll("^cvc-[^ ]*: ", "")
            .replaceAll("\\{\"[^\"]*\":([^}]*)}", "$1")
            .replaceAll(" One of '.*", "");
  }

  private static String line(Throwable failure) {
    String message = failure.getMessage();
    return message == null
        ? failure.getClass().getSimpleName()
        : message.strip().replaceAll("\\s+", " ");
  }

  private Optional<ClusterException> refusal() {
    Member oldest = getHazelcastInstance().getCluster().getMembers().iterator().next();
    if (fingerprint.equals(oldest.getAttribute(FINGERPRINT))) {
      return Optional.empty();
    }
    String name = oldest.getAttribute(NODE_NAME);
    String other =
        (name == null ? "a member" : "node " + name)
            + " at "
            + oldest.getAddress().getHost()
            + ":"
            + oldest.getAddress().getPort();
    return Optional.of(
        new ClusterException(
            "this node's secrets are not those of "
                + other
                + ": both need the same secrets.directory"));
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
            .map(member -> member.getAttribute(NODE_ID))
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
      Optional.ofNullable(event.getMember().getAttribute(NODE_ID)).ifPresent(Cluster.this::add);
    }

    @Override
    public void memberRemoved(MembershipEvent event) {
      Optional.ofNullable(event.getMember().getAttribute(NODE_ID)).ifPresent(Cluster.this::remove);
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
