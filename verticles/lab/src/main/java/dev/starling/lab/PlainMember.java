package dev.starling.lab;

import com.hazelcast.config.Config;
import com.hazelcast.config.InterfacesConfig;
import com.hazelcast.config.ServerSocketEndpointConfig;
import com.hazelcast.config.TcpIpConfig;
import io.vertx.core.Vertx;
import io.vertx.core.VertxOptions;
import io.vertx.core.eventbus.EventBusOptions;
import io.vertx.spi.cluster.hazelcast.HazelcastClusterManager;
import java.util.List;

/** A Vert.x program that reached the member port and joined, without the secrets of the nodes. */
final class PlainMember {
  private PlainMember() {}

  static Vertx join(Cluster cluster) {
    List<String> members =
        cluster.nodes().stream()
            .map(node -> "127.0.0.1:" + node.setting("cluster.member-port"))
            .toList();
    Config config = new Config();
    config.setClusterName(cluster.nodes().get(0).setting("cluster.name"));
    config
        .setProperty("hazelcast.logging.type", "none")
        .setProperty("hazelcast.phone.home.enabled", "false")
        .setProperty("hazelcast.socket.bind.any", "false")
        .setProperty("hazelcast.partition.count", "31")
        .setProperty("hazelcast.wait.seconds.before.join", "0");
    ServerSocketEndpointConfig endpoint = new ServerSocketEndpointConfig();
    endpoint.setPort(Integer.parseInt(Ports.free(1).get(0)));
    endpoint.setInterfaces(new InterfacesConfig().setEnabled(true).addInterface("127.0.0.1"));
    config.getAdvancedNetworkConfig().setEnabled(true).setMemberEndpointConfig(endpoint);
    TcpIpConfig join = config.getAdvancedNetworkConfig().getJoin().getTcpIpConfig();
    join.setEnabled(true).setMembers(members);
    config.getAdvancedNetworkConfig().getJoin().getMulticastConfig().setEnabled(false);
    config.getAdvancedNetworkConfig().getJoin().getAutoDetectionConfig().setEnabled(false);
    for (String map : List.of("__vertx.haInfo", "__vertx.nodeInfo", "service.registry")) {
      config.getMapConfig(map).setBackupCount(2);
    }
    config.getMultiMapConfig("__vertx.subs").setBackupCount(2).setValueCollectionType("SET");
    return Vertx.builder()
        .with(new VertxOptions().setEventBusOptions(new EventBusOptions().setHost("127.0.0.1")))
        .withClusterManager(new HazelcastClusterManager(config))
        .buildClustered()
        .await();
  }
}
