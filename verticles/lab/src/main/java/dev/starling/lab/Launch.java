package dev.starling.lab;

import java.nio.file.Path;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;

/**
 * How a node is started, by {@code scripts/node}; a fault may change it before the first start.
 *
 * <p>Each has a session of its own: Linux shares the cores among sessions first (autogroup), as it
 * does among the services of a machine. Passwords are hashed at the lowest priority of their node;
 * without that they would get nothing while some other node starts. In one session they take what
 * nothing else on the machine needs, as they do where each node has a machine.
 */
final class Launch {
  /**
   * Small heaps, so that what is not bounded shows; the quick compiler, so that five start soon.
   */
  private static final String JVM = "-Xmx256m -XX:TieredStopAtLevel=1";

  private final String name;
  private final Project project;
  private final List<String> prefix = new ArrayList<>(List.of("setsid"));
  private final List<String> arguments = new ArrayList<>();
  private final Map<String, String> environment = new HashMap<>();

  Launch(String name, Project project) {
    this.name = name;
    this.project = project;
    with("node.name", name);
    environment("JAVA_HOME", System.getProperty("java.home"));
    environment("JAVA_OPTS", JVM);
  }

  String name() {
    return name;
  }

  Launch with(String setting, Object value) {
    return environment(variable(setting), value.toString());
  }

  /** The environment variable of a setting. */
  static String variable(String setting) {
    return "STARLING_" + setting.toUpperCase().replace('.', '_').replace('-', '_');
  }

  Launch environment(String variable, String value) {
    environment.put(variable, value);
    return this;
  }

  /** Makes it a member of a cluster. */
  Launch cluster() {
    return arguments("-cluster");
  }

  /** Shares the session of the lab. */
  Launch inOneSession() {
    prefix.remove("setsid");
    return this;
  }

  /** Puts a command before that of the node. */
  Launch under(String... command) {
    prefix.addAll(List.of(command));
    return this;
  }

  /** Adds options of starling.jar. */
  Launch arguments(String... more) {
    arguments.addAll(List.of(more));
    return this;
  }

  /**
   * The node, not yet running.
   *
   * @param logs where it writes what it prints
   */
  NodeProcess in(Path logs) {
    return new NodeProcess(
        name, logs, command(project.before()), command(project.root()), environment);
  }

  private List<String> command(Path root) {
    List<String> command = new ArrayList<>(prefix);
    command.add(root.resolve("scripts/node").toString());
    command.addAll(arguments);
    return command;
  }
}
