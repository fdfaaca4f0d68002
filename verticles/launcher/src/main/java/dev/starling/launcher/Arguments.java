package dev.starling.launcher;

import java.nio.file.Path;
import java.util.Optional;

/**
 * The command line. Vert.x reads {@code -conf} as JSON and goes on with nothing when given YAML, so
 * our own options are taken out before it sees them.
 *
 * @param cluster whether this node joins others
 * @param conf a YAML file
 * @param services a jar with services, or a directory of such
 * @param printConfig whether to show the configuration and end
 * @param help whether to show the options and end
 */
record Arguments(
    boolean cluster,
    Optional<Path> conf,
    Optional<Path> services,
    boolean printConfig,
    boolean help) {

  static final String USAGE =
      """
      java -jar starling.jar [options]

        -cluster             join the other nodes, or be the first of them
        -conf FILE           settings, in YAML
        -services FILE|DIR   a jar with further services, or a directory of such jars
        --print-config       show each setting with its origin, and end
        -help                show this, and end

      Each setting is also an environment variable (http.port: STARLING_HTTP_PORT) and a system
      property (-Dstarling.http.port=8080, before -jar).""";

  static Arguments parse(String... args) {
    boolean cluster = false;
    boolean printConfig = false;
    boolean help = false;
    Optional<Path> conf = Optional.empty();
    Optional<Path> services = Optional.empty();
    for (int i = 0; i < args.length; i++) {
      String option = args[i].startsWith("--") ? args[i].substring(1) : args[i];
      switch (option) {
        case "-cluster" -> cluster = true;
        case "-conf" -> conf = Optional.of(value(args, ++i));
        case "-services" -> services = Optional.of(value(args, ++i));
        case "-print-config" -> printConfig = true;
        case "-h", "-help" -> help = true;
        default ->
            throw new StartException("There is no option " + args[i] + "; -help shows them all");
      }
    }
    return new Arguments(cluster, conf, services, printConfig, help);
  }

  private static Path value(String[] args, int i) {
    if (i >= args.length || args[i].startsWith("-")) {
      throw new StartException(args[i - 1] + " needs a path behind it");
    }
    return Path.of(args[i]);
  }
}
