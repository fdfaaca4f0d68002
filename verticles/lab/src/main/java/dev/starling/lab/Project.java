package dev.starling.lab;

import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.Optional;

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

  static String java() {
    return Path.of(System.getProperty("java.home"), "bin", "java").toString();
  }

  /** Says so when the jar does not know a setting. */
  Optional<String> lacks(String setting) throws IOException {
    Process print = new ProcessBuilder(java(), "-jar", jar().toString(), "--print-config").start();
    String settings = new String(print.getInputStream().readAllBytes(), StandardCharsets.UTF_8);
    return settings.contains(setting)
        ? Optional.empty()
        : Optional.of("this jar has no setting " + setting);
  }
}
