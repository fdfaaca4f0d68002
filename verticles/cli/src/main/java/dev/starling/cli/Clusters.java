package dev.starling.cli;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.net.URI;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.nio.file.attribute.PosixFilePermissions;
import java.util.LinkedHashMap;
import java.util.Map;

/**
 * The clusters that an operator has named, in {@code ~/.starling/contexts}.
 *
 * <p>What is asked for counts in this order: {@code --context}, the variables {@code
 * STARLING_OPERATOR} and {@code STARLING_TOKEN_FILE}, the cluster in use, a node on this machine.
 */
final class Clusters {
  static final String DEFAULT = "default";
  static final String OPERATOR = "STARLING_OPERATOR";
  static final String TOKEN_FILE = "STARLING_TOKEN_FILE";

  private final Map<String, String> environment;
  private final Path home;
  private final Map<String, Cluster> named = new LinkedHashMap<>();
  private String used = DEFAULT;

  /**
   * Reads the file, if there is one.
   *
   * @param home directory of the operator
   * @throws Failure if it cannot be read
   */
  Clusters(Map<String, String> environment, Path home) {
    this.environment = environment;
    this.home = home;
    if (Files.exists(file())) {
      read();
    }
  }

  private Path file() {
    return home.resolve(".starling/contexts");
  }

  private void read() {
    try {
      Json json = Json.read(Files.readString(file()));
      json.get("contexts")
          .members()
          .forEach(
              (name, c) ->
                  named.put(
                      name,
                      new Cluster(
                          name,
                          Cluster.address(c.text("operator")),
                          Path.of(c.text("token-file")))));
      used = json.has("current") ? json.text("current") : DEFAULT;
    } catch (IOException | NullPointerException e) {
      throw new Failure(
          Exit.USAGE,
          "The named clusters in " + file() + " cannot be read",
          e instanceof NullPointerException ? "an entry is incomplete" : firstLine(e),
          "mend or remove that file, then name them again with: starling context add");
    }
  }

  private static String firstLine(Exception e) {
    return String.valueOf(e.getMessage()).lines().findFirst().orElse("");
  }

  /**
   * The cluster that a command is for.
   *
   * @param asked the name given with {@code --context}; null for none
   */
  Cluster find(String asked) {
    if (asked != null) {
      return named(asked);
    }
    String operator = environment.get(OPERATOR);
    String token = environment.get(TOKEN_FILE);
    Cluster cluster = operator == null ? named(used) : here();
    return new Cluster(
        operator == null ? cluster.name() : OPERATOR,
        operator == null ? cluster.operator() : Cluster.address(operator),
        token == null ? cluster.tokenFile() : Path.of(token));
  }

  private Cluster named(String name) {
    Cluster cluster = all().get(name);
    if (cluster == null) {
      throw Failure.usage(
          "There is no context " + name,
          "take one of " + String.join(", ", all().keySet()) + ", or: starling context add");
    }
    return cluster;
  }

  /** A node on this machine with the settings of this shell. */
  private Cluster here() {
    String data = environment.getOrDefault("STARLING_DATA_DIRECTORY", home + "/.starling");
    String secrets = environment.getOrDefault("STARLING_SECRETS_DIRECTORY", data + "/secrets");
    return new Cluster(
        DEFAULT, URI.create("http://127.0.0.1:9090"), Path.of(secrets).resolve("operator"));
  }

  /** All by their names, the default among them. */
  Map<String, Cluster> all() {
    Map<String, Cluster> all = new LinkedHashMap<>();
    all.put(DEFAULT, here());
    all.putAll(named);
    return all;
  }

  String used() {
    return used;
  }

  void add(Cluster cluster) {
    named.put(cluster.name(), cluster);
    write();
  }

  void use(String name) {
    used = named(name).name();
    write();
  }

  private void write() {
    Map<String, Object> contexts = new LinkedHashMap<>();
    named.forEach(
        (name, c) ->
            contexts.put(
                name,
                Json.object(
                    "operator", c.operator().toString(), "token-file", c.tokenFile().toString())));
    String text = Json.pretty(Json.object("current", used, "contexts", contexts)) + "\n";
    try {
      Files.createDirectories(file().getParent());
      var onlyOurs =
          PosixFilePermissions.asFileAttribute(PosixFilePermissions.fromString("rw-------"));
      boolean posix = file().getFileSystem().supportedFileAttributeViews().contains("posix");
      Path next =
          posix
              ? Files.createTempFile(file().getParent(), "contexts", ".new", onlyOurs)
              : Files.createTempFile(file().getParent(), "contexts", ".new");
      Files.writeString(next, text);
      Files.move(next, file(), StandardCopyOption.REPLACE_EXISTING);
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }
}
