package dev.starling.launcher;

import java.nio.file.Path;
import java.time.Duration;
import java.util.Optional;

/**
 * The command line. Vert.x reads {@code -conf} as JSON and goes on with nothing when given YAML, so
 * our own options are taken out before it sees them.
 *
 * @param cluster whether this node joins others
 * @param conf a YAML file
 * @param services a jar with services, or a directory of such
 * @param printConfig whether to show the configuration and end
 * @param calibrate how long hashing a password is to take, when that is to be measured only; zero
 *     for as long as the least does
 * @param help whether to show the options and end
 */
record Arguments(
    boolean cluster,
    Optional<Path> conf,
    Optional<Path> services,
    boolean printConfig,
    Optional<Duration> calibrate,
    boolean help) {

  static final String USAGE =
      """
      java -jar starling.jar [options]
      java -jar starling.jar calibrate [-time TIME]

        -cluster             join the other nodes, or be the first of them
        -conf FILE           settings, in YAML
        -services FILE|DIR   a jar with further services, or a directory of such jars
        --print-config       show each setting with its origin, and end
        -help                show this, and end
        calibrate            show what hashing passwords costs on this machine, and end
        -time TIME           and the settings by which a hash takes TIME there (100ms)

      Each setting is also an environment variable (http.port: STARLING_HTTP_PORT) and a system
      property (-Dstarling.http.port=8080, before -jar).""";

  private static final String CALIBRATE = "calibrate";

  static Arguments parse(String... args) {
    boolean calibrate = args.length > 0 && args[0].equals(CALIBRATE);
    Duration time = Duration.ZERO;
    boolean cluster = false;
    boolean printConfig = false;
    boolean help = false;
    Optional<Path> conf = Optional.empty();
    Optional<Path> services = Optional.empty();
    for (int i = calibrate ? 1 : 0; i < args.length; i++) {
      String option = args[i].startsWith("--") ? args[i].substring(1) : args[i];
      switch (option) {
        case "-cluster" -> cluster = true;
        case "-conf" -> conf = Optional.of(Path.of(value(args, ++i)));
        case "-services" -> services = Optional.of(Path.of(value(args, ++i)));
        case "-print-config" -> printConfig = true;
        case "-time" -> time = time(value(args, ++i));
        case "-h", "-help" -> help = true;
        default ->
            throw new StartException("There is no option " + args[i] + "; -help shows them all");
      }
    }
    return new Arguments(
        cluster,
        conf,
        services,
        printConfig,
        calibrate ? Optional.of(time) : Optional.empty(),
        help);
  }

  private static String value(String[] args, int i) {
    if (i >= args.length || args[i].startsWith("-")) {
      throw new StartException(args[i - 1] + " needs a value behind it");
    }
    return args[i];
  }

  private static Duration time(String text) {
    Setting.Type type = Setting.Type.duration("1ms", "10s");
    try {
      return (Duration) type.element(text);
    } catch (IllegalArgumentException e) {
      throw new StartException("-time: expected " + type.expected());
    }
  }
}
