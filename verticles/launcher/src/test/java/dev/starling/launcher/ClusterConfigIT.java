package dev.starling.launcher;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import com.hazelcast.config.Config;
import com.hazelcast.config.InterfacesConfig;
import com.hazelcast.config.JavaSerializationFilterConfig;
import com.hazelcast.instance.EndpointQualifier;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Collection;
import java.util.Map;
import java.util.Optional;
import java.util.stream.IntStream;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class ClusterConfigIT {

  private static final Path FILES = Path.of("../../cluster-config");
  private static final Map<String, String> ENVIRONMENT =
      Map.of(
          "STARLING_CLUSTER_HOST", "10.1.2.3",
          "STARLING_CLUSTER_MEMBERS", "10.1.2.3, 10.1.2.4:5705",
          "STARLING_CLUSTER_DNS", "starling.example.svc.cluster.local");

  @TempDir private Path directory;

  @BeforeAll
  static void quieten() {
    ClusterNode.quieten();
  }

  @ParameterizedTest
  @ValueSource(strings = {"cluster.xml", "tcp-ip.xml", "multicast.xml", "kubernetes.xml"})
  void everyFileIsSafeAndTuned(String name) {
    Map<String, String> environment = name.equals("cluster.xml") ? Map.of() : ENVIRONMENT;
    Config config = ClusterConfig.read(Optional.of(FILES.resolve(name)), environment);

    assertThat(config.getClusterName()).isEqualTo("starling");
    assertSafe(config);
    assertThat(config.getProperties())
        .isEqualTo(ClusterConfig.read(Optional.empty(), Map.of()).getProperties());
    assertThat(config.getProperties())
        .containsEntry("hazelcast.heartbeat.interval.seconds", "1")
        .containsEntry("hazelcast.max.no.heartbeat.seconds", "8")
        .containsEntry("hazelcast.partition.count", "31")
        .containsEntry("hazelcast.merge.first.run.delay.seconds", "10");
    assertThat(config.getMultiMapConfig("__vertx.subs").getBackupCount()).isEqualTo(2);
    for (String map :
        new String[] {
          "__vertx.haInfo", "__vertx.nodeInfo", "service.registry", "starling.desired"
        }) {
      assertThat(config.getMapConfig(map).getBackupCount()).as(map).isEqualTo(2);
    }
    assertThat(
            config
                .getSerializationConfig()
                .getJavaSerializationFilterConfig()
                .getWhitelist()
                .isListed("org.example.Gadget"))
        .isFalse();
    assertThat(config.getJetConfig().isEnabled()).isFalse();
    assertThat(
            config
                .getAdvancedNetworkConfig()
                .getEndpointConfigs()
                .get(EndpointQualifier.MEMBER)
                .getInterfaces()
                .isEnabled())
        .isTrue();
  }

  @Test
  void theJarsOwnFileIsForLoopback() {
    Config config = ClusterConfig.read(Optional.empty(), Map.of());

    assertSafe(config);
    assertThat(config.getAdvancedNetworkConfig().getJoin().getTcpIpConfig().getMembers())
        .isEqualTo(
            IntStream.rangeClosed(5701, 5710).mapToObj(port -> "127.0.0.1:" + port).toList());
  }

  @Test
  void takesMembersAndNameFromTheEnvironment() {
    Config config =
        ClusterConfig.read(
            Optional.of(FILES.resolve("tcp-ip.xml")),
            Map.of(
                "STARLING_CLUSTER_HOST",
                "10.1.2.3",
                "STARLING_CLUSTER_MEMBERS",
                "a.example, b.example",
                "STARLING_CLUSTER_NAME",
                "a<b&c"));

    assertThat(config.getClusterName()).isEqualTo("a<b&c");
    assertThat(config.getAdvancedNetworkConfig().getJoin().getTcpIpConfig().getMembers())
        .containsExactly("a.example", "b.example");
  }

  @Test
  void namesEveryVariableThatIsNotSet() {
    assertThatThrownBy(
            () ->
                ClusterConfig.read(
                    Optional.of(FILES.resolve("tcp-ip.xml")), Map.of("STARLING_CLUSTER_HOST", " ")))
        .isInstanceOf(ClusterException.class)
        .hasMessageEndingWith(
            "tcp-ip.xml needs these environment variables, which are not set: STARLING_CLUSTER_HOST, STARLING_CLUSTER_MEMBERS");
  }

  @Test
  void leavesPlaceholdersInCommentsAlone() throws IOException {
    Config config =
        read(
            "<!-- <cluster-name>${UNSET}</cluster-name> --><cluster-name>flock</cluster-name>"
                + LOOPBACK);

    assertThat(config.getClusterName()).isEqualTo("flock");
  }

  @Test
  void refusesAFileThatDoesNotExist() {
    assertThatThrownBy(
            () -> ClusterConfig.read(Optional.of(directory.resolve("none.xml")), Map.of()))
        .isInstanceOf(ClusterException.class)
        .hasMessageContaining("none.xml does not exist");
  }

  @ParameterizedTest
  @ValueSource(
      strings = {"<cluster-name>x", "<no-such-element/>", "<network><port>many</port></network>"})
  void refusesABrokenFileInOneLine(String body) {
    assertThatThrownBy(() -> read(body))
        .isInstanceOf(ClusterException.class)
        .hasMessageContaining("test.xml is not a valid Hazelcast configuration: ")
        .satisfies(e -> assertThat(e.getMessage()).doesNotContain("\n").hasSizeLessThan(300));
  }

  @Test
  void namesTheLineThatIsNotXml() {
    assertThatThrownBy(() -> read("\n<network>\n</net>"))
        .hasMessageContaining("test.xml is not a valid Hazelcast configuration: line 3: ");
  }

  @Test
  void makesAnOldFileSafe() throws IOException {
    Config config =
        read(
            "<properties><property name=\"hazelcast.max.no.heartbeat.seconds\">20</property></properties>"
                + "<network><port>5801</port><join><tcp-ip enabled=\"true\"><member>127.0.0.1:5801</member></tcp-ip></join>"
                + "<interfaces enabled=\"true\"><interface>127.0.0.1</interface></interfaces></network>");

    assertThat(config.getClusterName()).isEqualTo("starling");
    assertSafe(config);
    assertThat(config.getAdvancedNetworkConfig().getJoin().getTcpIpConfig().getMembers())
        .containsExactly("127.0.0.1:5801");
    assertThat(interfaces(config)).containsExactly("127.0.0.1");
    assertThat(config.getProperties())
        .containsEntry("hazelcast.heartbeat.interval.seconds", "1")
        .containsEntry("hazelcast.merge.first.run.delay.seconds", "10")
        .containsEntry("hazelcast.max.no.heartbeat.seconds", "20");
  }

  @ParameterizedTest
  @ValueSource(
      strings = {
        "<cluster-name>dev</cluster-name>" + LOOPBACK,
        "<properties><property name=\"hazelcast.socket.bind.any\">true</property></properties>"
            + LOOPBACK,
        "<properties><property name=\"hazelcast.phone.home.enabled\">true</property></properties>"
            + LOOPBACK,
        "<advanced-network enabled=\"true\"><join><tcp-ip enabled=\"true\"><member>127.0.0.1</member></tcp-ip></join>"
            + "<client-server-socket-endpoint-config/></advanced-network>",
        "<cluster-name>flock</cluster-name>",
        "<network><join><tcp-ip enabled=\"true\"><member>127.0.0.1:5801</member></tcp-ip></join>"
            + "<interfaces enabled=\"true\"><interface>10.1.2.3</interface></interfaces></network>"
      })
  void refusesAFileThatAsksForWhatIsUnsafe(String body) {
    assertThatThrownBy(() -> read(body))
        .isInstanceOf(ClusterException.class)
        .hasMessageContaining("test.xml: ");
  }

  @ParameterizedTest
  @ValueSource(
      strings = {
        LOOPBACK,
        "<network><join><tcp-ip enabled=\"true\"><member>127.0.0.1</member></tcp-ip></join></network>"
      })
  void listensOnTheNodesOwnAddressOnly(String body) throws IOException {
    assertThat(interfaces(read(body))).containsExactly("127.0.0.1");
  }

  private static final String LOOPBACK =
      "<advanced-network enabled=\"true\"><join><tcp-ip enabled=\"true\"><member>127.0.0.1:5801</member></tcp-ip></join>"
          + "</advanced-network>";

  private Config read(String body) throws IOException {
    Path file = directory.resolve("test.xml");
    Files.writeString(
        file,
        "<hazelcast xmlns=\"http://www.hazelcast.com/schema/config\">" + body + "</hazelcast>");
    return ClusterConfig.read(Optional.of(file), Map.of());
  }

  private static Collection<String> interfaces(Config config) {
    InterfacesConfig interfaces =
        config
            .getAdvancedNetworkConfig()
            .getEndpointConfigs()
            .get(EndpointQualifier.MEMBER)
            .getInterfaces();
    assertThat(interfaces.isEnabled()).isTrue();
    return interfaces.getInterfaces();
  }

  private static void assertSafe(Config config) {
    assertThat(config.getProperty("hazelcast.socket.bind.any")).isEqualTo("false");
    assertThat(config.getProperty("hazelcast.phone.home.enabled")).isEqualTo("false");
    assertThat(config.getAdvancedNetworkConfig().isEnabled()).isTrue();
    assertThat(config.getAdvancedNetworkConfig().getEndpointConfigs())
        .containsOnlyKeys(EndpointQualifier.MEMBER);
    assertThat(config.getAdvancedNetworkConfig().getJoin().isAutoDetectionEnabled()).isFalse();
    JavaSerializationFilterConfig filter =
        config.getSerializationConfig().getJavaSerializationFilterConfig();
    assertThat(filter.isDefaultsDisabled()).isTrue();
    assertThat(filter.getWhitelist().isListed("io.vertx.core.buffer.Buffer")).isTrue();
    assertThat(filter.getWhitelist().isListed("javax.management.BadAttributeValueExpException"))
        .isFalse();
    assertThat(config.getMultiMapConfig("__vertx.subs").getBackupCount()).isEqualTo(2);
    assertThat(config.getMapConfig("service.registry").getBackupCount()).isEqualTo(2);
    assertThat(config.getMapConfig("starling.desired").getBackupCount()).isEqualTo(2);
  }
}
