package dev.starling.lab;

import java.nio.file.Path;

/**
 * Where the system under test comes from.
 *
 * @param root of the project, which has been built
 */
record Project(Path root) {
  static Project at(Path root) {
    return new Project(root.toAbsolutePath().normalize());
  }

  Path jar() {
    return root.resolve("verticles/launcher/target/starling.jar");
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
