package dev.starling.launcher;

import com.hazelcast.cluster.Address;
import com.hazelcast.config.Config;
import com.hazelcast.config.JoinConfig;
import com.hazelcast.config.TcpIpConfig;
import com.hazelcast.spi.discovery.DiscoveryNode;
import com.hazelcast.spi.discovery.SimpleDiscoveryNode;
import com.hazelcast.spi.discovery.integration.DiscoveryService;
import java.io.IOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.Socket;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.function.Supplier;
import java.util.regex.Pattern;

/**
 * Lets the first node of a machine become a cluster at once, and a split one merge soon: it names
 * only those of the listed ports where a member listens that is not known yet.
 *
 * <p>Hazelcast's own way is to ask every listed address: at the start it waits a full second for
 * answers, even when all of them refused the connection within milliseconds, and when it looks for
 * another half to merge with it waits five seconds for each port where nobody is. On the loopback
 * interface a refusal is immediate and certain. Nodes that start at the same instant still meet:
 * each is bound to its port before it asks, so of any two at least one sees the other.
 */
final class LoopbackMembers implements DiscoveryService {

  private static final Pattern MEMBER = Pattern.compile("127\\.0\\.0\\.1:\\d{1,5}");
  private static final int CONNECT_TIMEOUT_MS = 200;

  private final List<Address> listed;
  private final Address self;
  private final Supplier<Set<Address>> known;

  private LoopbackMembers(List<Address> listed, Address self, Supplier<Set<Address>> known) {
    this.listed = listed;
    this.self = self;
    this.known = known;
  }

  /**
   * Puts this in the place of a list of members that are all ports of 127.0.0.1; leaves any other
   * as it is.
   *
   * @param known the members of the cluster at that moment, none before this node has joined
   */
  static void replace(Config config, Supplier<Set<Address>> known) {
    JoinConfig join = config.getAdvancedNetworkConfig().getJoin();
    TcpIpConfig list = join.getTcpIpConfig();
    if (!list.isEnabled()
        || !list.getMembers().stream().allMatch(member -> MEMBER.matcher(member).matches())) {
      return;
    }
    List<Address> listed = list.getMembers().stream().map(LoopbackMembers::address).toList();
    list.setEnabled(false);
    join.getDiscoveryConfig()
        .setDiscoveryServiceProvider(
            settings ->
                new LoopbackMembers(
                    listed, settings.getDiscoveryNode().getPrivateAddress(), known));
    config.setProperty("hazelcast.discovery.enabled", "true");
  }

  @Override
  public Iterable<DiscoveryNode> discoverNodes() {
    Set<Address> members = known.get();
    return listed.stream()
        .filter(address -> !address.equals(self) && !members.contains(address) && listens(address))
        .<DiscoveryNode>map(SimpleDiscoveryNode::new)
        .toList();
  }

  @Override
  public Map<String, String> discoverLocalMetadata() {
    return Map.of();
  }

  @Override
  public void start() {}

  @Override
  public void destroy() {}

  private static Address address(String member) {
    int port = Integer.parseInt(member.substring(member.indexOf(':') + 1));
    return new Address(new InetSocketAddress(InetAddress.getLoopbackAddress(), port));
  }

  private static boolean listens(Address address) {
    try (Socket socket = new Socket()) {
      socket.connect(address.getInetSocketAddress(), CONNECT_TIMEOUT_MS);
      return true;
    } catch (IOException e) {
      return false;
    }
  }
}
