package dev.starling.lab;

import java.nio.file.Path;
import java.util.Optional;

/**
 * Where the system under test comes from.
 *
 * @param root of the project, which has been built
 * @param before root of the version from which nodes are upgraded when they are started anew; the
 *     same as root for none
 */
record Project(Path root, Path before) {
  static Project at(Path root) {
    return upgraded(root, root);
  }

  static Project upgraded(Path root, Path before) {
    return new Project(root.toAbsolutePath().normalize(), before.toAbsolutePath().normalize());
  }

  Path jar() {
    return root.resolve("verticles/launcher/target/starling.jar");
  }

  /** The version of before, alone; empty for none. */
  Optional<Project> earlier() {
    return before.equals(root) ? Optional.empty() : Optional.of(at(before));
  }

  /** Hazelcast XML that takes the members from the settings. */
  Path clusterConfig() {
    return root.resolve("cluster-config/tcp-ip.xml");
  }

  /** A program of the JDK that runs this. */
  static String tool(String name) {
    return Path.of(System.getProperty("java.home"), "bin", name).toString();
  }
}
