package dev.starling.lab;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.HashMap;
import java.util.Iterator;
import java.util.List;
import java.util.Map;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/** A cluster that programs join one after the other: nodes of starling.jar, or bare ones. */
final class Flock {
  private static final String LOOPBACK = "127.0.0.1";
  private static final Pattern PLACEHOLDER = Pattern.compile("\\$\\{(\\w+)(?::[^}]*)?}");

  private final Programs programs;
  private final String name;
  private final List<String> ports;
  private final Iterator<String> next;

  /**
   * Starts nothing yet.
   *
   * @param most how many will join
   */
  Flock(Programs programs, String name, int most) {
    this.programs = programs;
    this.name = name + "-" + ProcessHandle.current().pid();
    this.ports = Ports.free(most);
    this.next = ports.iterator();
  }

  /** Settings of the next node. */
  Map<String, String> settings(String services) {
    Map<String, String> settings = new HashMap<>();
    settings.put("services", services);
    settings.put("cluster.name", name);
    settings.put("cluster.config", programs.project().clusterConfig().toString());
    settings.put("cluster.host", LOOPBACK);
    settings.put("cluster.member-port", next.next());
    settings.put("cluster.members", LOOPBACK + ":" + String.join("," + LOOPBACK + ":", ports));
    return settings;
  }

  /** The file of the next member that is no node: that of the nodes, with its values. */
  Path hazelcast() throws IOException {
    Map<String, String> values = new HashMap<>();
    settings("").forEach((setting, value) -> values.put(Launch.variable(setting), value));
    String xml =
        PLACEHOLDER
            .matcher(Files.readString(programs.project().clusterConfig()))
            .replaceAll(match -> Matcher.quoteReplacement(values.get(match.group(1))));
    return Files.writeString(Files.createTempFile(programs.directory(), name, ".xml"), xml);
  }
}
