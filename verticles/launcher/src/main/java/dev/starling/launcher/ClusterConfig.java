package dev.starling.launcher;

import com.hazelcast.config.AdvancedNetworkConfig;
import com.hazelcast.config.Config;
import com.hazelcast.config.EndpointConfig;
import com.hazelcast.config.InterfacesConfig;
import com.hazelcast.config.JavaSerializationFilterConfig;
import com.hazelcast.config.JoinConfig;
import com.hazelcast.config.MapConfig;
import com.hazelcast.config.MultiMapConfig;
import com.hazelcast.config.MulticastConfig;
import com.hazelcast.config.NetworkConfig;
import com.hazelcast.config.SerializationConfig;
import com.hazelcast.config.ServerSocketEndpointConfig;
import com.hazelcast.config.XmlConfigBuilder;
import com.hazelcast.instance.EndpointQualifier;
import java.io.ByteArrayInputStream;
import java.io.IOException;
import java.io.InputStream;
import java.io.StringReader;
import java.net.InetAddress;
import java.net.UnknownHostException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Optional;
import java.util.Properties;
import java.util.Set;
import java.util.TreeSet;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import javax.xml.parsers.ParserConfigurationException;
import javax.xml.parsers.SAXParserFactory;
import org.xml.sax.InputSource;
import org.xml.sax.SAXException;
import org.xml.sax.helpers.DefaultHandler;

/**
 * How nodes find each other: a Hazelcast file, made safe.
 *
 * <p>Whatever it leaves out is set so that members only are let in, on {@code cluster.host} only,
 * that one which is gone is missed within seconds, that no class is deserialised which nobody
 * needs, and that the maps of Vert.x and of Starling survive two nodes; a file that asks for the
 * opposite is refused, and so is one that would find nobody.
 */
final class ClusterConfig {
  private static final String DEFAULT_FILE = "cluster.xml";
  private static final String DEFAULT_NAME = "starling";
  private static final String HOST = "STARLING_CLUSTER_HOST";
  private static final String DEFAULT_HOST = "127.0.0.1";

  /**
   * Against the schema, which takes 0.3 to 0.5 s of the start; the jar's own file is checked by the
   * tests instead.
   */
  private static final String VALIDATION = "hazelcast.config.schema.validation.enabled";

  private static final Map<String, String> REQUIRED =
      Map.of("hazelcast.socket.bind.any", "false", "hazelcast.phone.home.enabled", "false");

  private static final String[] DESERIALISED = {
    "java.lang.", "java.util.", "com.hazelcast.", "io.vertx.", "["
  };
  private static final String SUBSCRIPTIONS = "__vertx.subs";
  private static final List<String> MAPS =
      List.of("__vertx.haInfo", "__vertx.nodeInfo", "service.registry", "starling.desired");
  private static final int BACKUPS = 2;

  /** A comment, which stays as it is, or {@code ${NAME}} or {@code ${NAME:default}}. */
  private static final Pattern PLACEHOLDER =
      Pattern.compile("<!--.*?-->|\\$\\{([A-Za-z0-9_.]+)(?::([^}]*))?}", Pattern.DOTALL);

  private ClusterConfig() {}

  /** As the settings below {@code cluster} say. */
  static Config of(Configuration configuration) {
    Optional<Path> file =
        configuration.isConfigured("cluster.config")
            ? Optional.of(configuration.path("cluster.config"))
            : Optional.empty();
    return read(file, configuration.variables("cluster"));
  }

  /**
   * Reads how nodes find each other; there is no fall-back to anything else.
   *
   * @param file Hazelcast XML, without one the {@code cluster.xml} of the jar
   * @param environment gives the values of {@code ${NAME}} and {@code ${NAME:default}}
   * @throws ClusterException when the file is missing, broken, unsafe or needs a variable that is
   *     not set
   */
  static Config read(Optional<Path> file, Map<String, String> environment) {
    String source = file.map(Path::toString).orElse(DEFAULT_FILE);
    // Before there is a Config, Hazelcast takes these from the system only.
    System.setProperty("hazelcast.logging.type", "slf4j");
    System.setProperty(VALIDATION, Boolean.toString(file.isPresent()));
    try {
      String xml =
          fill(file.isPresent() ? Files.readString(file.get()) : packaged(), source, environment);
      parse(xml);
      Config config = build(xml);
      if (file.isPresent()) {
        tune(config, build(fill(packaged(), DEFAULT_FILE, environment)));
      }
      return secured(config, xml, source, environment.getOrDefault(HOST, DEFAULT_HOST));
    } catch (NoSuchFileException e) {
      throw new ClusterException(
          source + " does not exist: name one of cluster-config/, or none for one machine", e);
    } catch (IOException e) {
      throw new ClusterException(source + " cannot be read: " + ClusterException.reason(e), e);
    } catch (ClusterException e) {
      throw e;
    } catch (SAXException | ParserConfigurationException | RuntimeException e) {
      throw new ClusterException(
          source + " is not a valid Hazelcast configuration: " + ClusterException.reason(e), e);
    }
  }

  private static Config build(String xml) {
    XmlConfigBuilder builder =
        new XmlConfigBuilder(new ByteArrayInputStream(xml.getBytes(StandardCharsets.UTF_8)));
    builder.setProperties(new Properties());
    return builder.build();
  }

  /** By its own defaults, Hazelcast takes a minute to miss a node and five to merge two halves. */
  private static void tune(Config config, Config standard) {
    standard
        .getProperties()
        .forEach((property, value) -> config.getProperties().putIfAbsent(property, value));
  }

  private static String packaged() throws IOException {
    try (InputStream xml = ClusterConfig.class.getClassLoader().getResourceAsStream(DEFAULT_FILE)) {
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

  private static Config secured(Config config, String xml, String source, String host) {
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
    listenOn(host, network.getEndpointConfigs().get(EndpointQualifier.MEMBER), source);
    network.getJoin().getAutoDetectionConfig().setEnabled(false);
    if (!findsOthers(network.getJoin())) {
      throw new ClusterException(
          source + ": join enables no way for nodes to find each other, such as tcp-ip");
    }
    filter(config.getSerializationConfig());
    backUp(config);
    return config;
  }

  /** Java's deserialisation makes an object of any class on the class path that a member names. */
  private static void filter(SerializationConfig serialization) {
    if (serialization.getJavaSerializationFilterConfig() == null) {
      JavaSerializationFilterConfig filter = new JavaSerializationFilterConfig();
      filter.setDefaultsDisabled(true).getWhitelist().addPrefixes(DESERIALISED);
      serialization.setJavaSerializationFilterConfig(filter);
    }
  }

  /** A copy on two more nodes, so that the two that fail at once take nothing along. */
  private static void backUp(Config config) {
    if (!config.getMultiMapConfigs().containsKey(SUBSCRIPTIONS)) {
      config.addMultiMapConfig(
          new MultiMapConfig(SUBSCRIPTIONS)
              .setBackupCount(BACKUPS)
              .setValueCollectionType(MultiMapConfig.ValueCollectionType.SET));
    }
    for (String map : MAPS) {
      if (config.getMapConfigOrNull(map) == null) {
        config.addMapConfig(new MapConfig(map).setBackupCount(BACKUPS));
      }
    }
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

  /** Without an interface, Hazelcast chooses one, and rather one that others can reach. */
  private static void listenOn(String host, EndpointConfig members, String source) {
    try {
      String address = InetAddress.getByName(host).getHostAddress();
      InterfacesConfig interfaces = members.getInterfaces();
      if (!interfaces.isEnabled()) {
        interfaces.setEnabled(true).setInterfaces(Set.of(address));
      } else if (!Set.copyOf(interfaces.getInterfaces()).equals(Set.of(address))) {
        throw new ClusterException(
            "%s: members listen on %s, but cluster.host is %s; both must be the same"
                .formatted(source, String.join(", ", interfaces.getInterfaces()), host));
      }
    } catch (UnknownHostException e) {
      throw new ClusterException("cluster.host: there is no host " + host, e);
    }
  }

  /** Where a list, or a multicast group, says that other nodes are. */
  static List<String> seeks(Config config) {
    JoinConfig join = config.getAdvancedNetworkConfig().getJoin();
    MulticastConfig multicast = join.getMulticastConfig();
    if (multicast.isEnabled()) {
      return List.of(multicast.getMulticastGroup() + ":" + multicast.getMulticastPort());
    }
    return join.getTcpIpConfig().isEnabled()
        ? List.copyOf(join.getTcpIpConfig().getMembers())
        : List.of();
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
}
