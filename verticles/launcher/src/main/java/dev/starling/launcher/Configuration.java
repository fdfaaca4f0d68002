package dev.starling.launcher;

import dev.starling.runtime.Limit;
import dev.starling.runtime.Limits;
import dev.starling.runtime.Nearest;
import dev.starling.runtime.Secrets;
import io.vertx.core.json.JsonArray;
import io.vertx.core.json.JsonObject;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.InvalidPathException;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.EnumMap;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Properties;
import java.util.Set;
import java.util.TreeMap;
import java.util.function.UnaryOperator;
import java.util.stream.Collectors;

/**
 * The checked settings of this node: defaults, below a YAML file, below the environment, below
 * system properties.
 *
 * <p>Every layer is checked as a whole, also where a higher one overrides it, so that a mistake
 * does not lie in wait for the day on which the override goes.
 */
final class Configuration {
  private static final Map<String, Setting> PATHS = Settings.by(Setting::path);
  private static final String DEFAULT = "default";
  private static final String COMMAND_LINE =
      "%s (system property): everybody on this machine can read a command line; use %s";
  private static final String OPEN_FILE =
      "%s (file %s): others can read the file; chmod 600 it or use %s";
  private static final String SECTIONS = "config";

  /** Variables of scripts/starling, which may be typed in the shell that starts a node. */
  private static final Set<String> OF_THE_COMMAND_LINE =
      Set.of("STARLING_OPERATOR", "STARLING_TOKEN_FILE");

  private final Map<String, Object> values = new HashMap<>();
  private final Map<String, String> shown = new HashMap<>();
  private final Map<String, String> origins = new HashMap<>();
  private final List<String> mistakes = new ArrayList<>();
  private JsonObject sections = new JsonObject();

  private Configuration() {
    Settings.ALL.forEach(setting -> set(setting, setting.standard(), DEFAULT));
  }

  /**
   * Reads all layers.
   *
   * @throws ConfigurationException with every mistake of every layer, one a line
   */
  static Configuration load(
      Optional<Path> file, Map<String, String> environment, Properties systemProperties)
      throws ConfigurationException {
    Configuration configuration = new Configuration();
    file.ifPresent(configuration::overlayFile);
    Map<String, Setting> variables = Settings.by(Setting::environmentVariable);
    Map<String, Object> ours =
        startingWith("STARLING_", ServiceLinks.removedFrom(environment, variables.keySet()));
    ours.keySet().removeAll(OF_THE_COMMAND_LINE);
    configuration.overlaySecretFiles(ours);
    configuration.overlay(ours, variables, "environment", name -> "environment " + name);
    Map<String, String> properties = new HashMap<>();
    systemProperties
        .stringPropertyNames()
        .forEach(name -> properties.put(name, systemProperties.getProperty(name)));
    configuration.overlay(
        startingWith("starling.", properties),
        Settings.by(Setting::systemProperty),
        "system property",
        name -> "system property");
    if (!configuration.mistakes.isEmpty()) {
      throw new ConfigurationException(configuration.mistakes);
    }
    return configuration;
  }

  /** A text, one of an enumeration, or a path as text; may be empty where the default is. */
  String text(String path) {
    Object value = values.get(path);
    return value instanceof Path ? value.toString() : value(path, String.class);
  }

  int integer(String path) {
    return value(path, Integer.class);
  }

  boolean flag(String path) {
    return value(path, Boolean.class);
  }

  Duration duration(String path) {
    return value(path, Duration.class);
  }

  double share(String path) {
    return value(path, Double.class);
  }

  /** In bytes. */
  long bytes(String path) {
    return value(path, Long.class);
  }

  List<String> list(String path) {
    List<?> elements = value(path, List.class);
    return elements.stream().map(String.class::cast).toList();
  }

  /** Fails for an empty one, which would otherwise be the current directory: ask isConfigured. */
  Path path(String path) {
    return value(path, Path.class);
  }

  /** All settings below a prefix by their last names, as JSON: durations in ms, sizes in bytes. */
  JsonObject below(String prefix) {
    JsonObject below = new JsonObject();
    for (Setting setting : Settings.ALL) {
      if (setting.path().startsWith(prefix + ".")) {
        below.put(setting.path().substring(prefix.length() + 1), json(values.get(setting.path())));
      }
    }
    return below;
  }

  /** All limits. */
  Limits limits() {
    Map<Limit, Long> limits = new EnumMap<>(Limit.class);
    for (Limit limit : Limit.values()) {
      Object value = json(values.get(limit.key()));
      limits.put(limit, ((Number) value).longValue());
    }
    return Limits.of(limits);
  }

  /** The settings below a prefix that somebody set, as text by the names of their variables. */
  Map<String, String> variables(String prefix) {
    Map<String, String> variables = new HashMap<>();
    for (Setting setting : Settings.ALL) {
      if (setting.path().startsWith(prefix + ".") && isConfigured(setting.path())) {
        Object value = values.get(setting.path());
        String text =
            value instanceof List<?> ? String.join(",", list(setting.path())) : value.toString();
        variables.put(setting.environmentVariable(), text);
      }
    }
    return variables;
  }

  private static Object json(Object value) {
    if (value instanceof Duration duration) {
      return duration.toMillis();
    }
    if (value instanceof List<?> list) {
      return new JsonArray(list);
    }
    return value instanceof Path ? value.toString() : value;
  }

  /** Where the secrets are: below the data unless set. */
  Path secretsDirectory() {
    return isConfigured("secrets.directory")
        ? path("secrets.directory")
        : path("data.directory").resolve("secrets");
  }

  /** Whether somebody set this; an empty value counts as not set. */
  boolean isConfigured(String path) {
    Object value = value(path, Object.class);
    return !origins.get(path).equals(DEFAULT) && !value.equals("") && !value.equals(List.of());
  }

  /** What the file says below config.SERVICE; unchecked, empty if nothing. */
  JsonObject section(String service) {
    return sections.getJsonObject(service, new JsonObject()).copy();
  }

  /** Every effective value with its origin, one a line, secrets masked. */
  String print() {
    return shown().stream()
        .map(JsonObject.class::cast)
        .map(
            s ->
                "%s = %s  # %s\n"
                    .formatted(s.getString("key"), s.getString("value"), s.getString("origin")))
        .collect(Collectors.joining());
  }

  /** The same for programs, with what each setting is for. */
  JsonArray shown() {
    JsonArray all = new JsonArray();
    for (Setting setting : Settings.ALL) {
      all.add(
          entry(setting.path(), shown.get(setting.path()))
              .put("default", setting.standard())
              .put("meaning", setting.meaning()));
    }
    sections.forEach(
        section ->
            ((JsonObject) section.getValue())
                .fieldNames()
                .forEach(key -> all.add(entryOf(section.getKey(), key))));
    return all;
  }

  private JsonObject entry(String key, String value) {
    return new JsonObject().put("key", key).put("value", value).put("origin", origins.get(key));
  }

  /** Which of a service's own settings are secret is known to that service alone. */
  private JsonObject entryOf(String service, String key) {
    return new JsonObject()
        .put("key", Setting.oneLine(SECTIONS + "." + service + "." + key))
        .put("value", "******")
        .put("origin", origins.get(SECTIONS))
        .put("default", "")
        .put("meaning", "What the service's own verticle is given");
  }

  private void overlayFile(Path file) {
    try {
      Map<String, Object> layer = new TreeMap<>();
      flatten("", ConfigurationFile.read(file), layer, file);
      overlay(layer, PATHS, "file " + file, path -> "file " + file);
      checkSecrets(layer, file);
    } catch (ConfigurationException e) {
      mistakes.addAll(e.mistakes());
    }
  }

  private void checkSecrets(Map<String, Object> layer, Path file) throws ConfigurationException {
    for (Setting setting : Settings.ALL) {
      Object found = layer.get(setting.path());
      try {
        if (found instanceof String && setting.isSecret(found) && Secrets.isOpenToOthers(file)) {
          mistakes.add(OPEN_FILE.formatted(setting.path(), file, setting.fileVariable()));
        }
      } catch (IOException e) {
        throw new ConfigurationException(List.of("-conf: " + file + " cannot be read"));
      }
    }
  }

  /** Takes the variables that name files out of the others. */
  private void overlaySecretFiles(Map<String, Object> environment) {
    for (Setting setting : Settings.ALL) {
      Object file = setting.secret() ? environment.remove(setting.fileVariable()) : null;
      if (file == null) {
        continue;
      }
      String origin = setting.fileVariable() + " " + Setting.oneLine(file.toString());
      if (environment.containsKey(setting.environmentVariable())) {
        mistakes.add(
            "%s (%s): given by %s too"
                .formatted(setting.path(), origin, setting.environmentVariable()));
        continue;
      }
      try {
        Path path = Path.of(file.toString());
        if (Secrets.isOpenToOthers(path)) {
          mistakes.add(
              "%s (%s): others can read the file; chmod 600 it".formatted(setting.path(), origin));
          continue;
        }
        String held = Files.readString(path).strip();
        overlay(Map.of(setting.path(), held), PATHS, "environment", name -> origin);
      } catch (IOException | InvalidPathException e) {
        mistakes.add("%s (%s): the file cannot be read".formatted(setting.path(), origin));
      }
    }
  }

  /** Turns nested settings into dotted paths; what is below an unknown key stays unknown. */
  private void flatten(String prefix, JsonObject nested, Map<String, Object> layer, Path file) {
    for (String key : nested.fieldNames()) {
      String path = prefix + key;
      Object found = nested.getValue(key);
      boolean holdsSettings = PATHS.keySet().stream().anyMatch(p -> p.startsWith(path + "."));
      if (path.equals(SECTIONS)) {
        sections(found, file);
      } else if (found instanceof JsonObject below
          && !PATHS.containsKey(path)
          && !(below.isEmpty() && !holdsSettings)) {
        flatten(path + ".", below, layer, file);
      } else if (found == null && holdsSettings) {
        continue;
      } else if (layer.containsKey(path)) {
        mistakes.add(path + " (file " + file + "): given twice, nested and with dots");
      } else {
        layer.put(path, found);
      }
    }
  }

  private void sections(Object found, Path file) {
    String origin = "file " + file;
    if (found != null && !(found instanceof JsonObject)) {
      mistakes.add("config (" + origin + "): expected service names with their settings below");
    } else if (found instanceof JsonObject services) {
      for (String service : services.fieldNames()) {
        if (!(services.getValue(service) instanceof JsonObject)) {
          String path = Setting.oneLine(SECTIONS + "." + service);
          mistakes.add(path + " (" + origin + "): expected a mapping of settings");
        }
      }
      sections = services;
      origins.put(SECTIONS, origin);
    }
  }

  private void overlay(
      Map<String, Object> layer,
      Map<String, Setting> known,
      String where,
      UnaryOperator<String> origin) {
    layer.forEach(
        (name, found) -> {
          Setting setting = known.get(name);
          if (setting == null) {
            mistakes.add(unknown(name, known, where));
            return;
          }
          try {
            set(setting, found, origin.apply(name));
            if (setting.isSecret(found) && name.equals(setting.systemProperty())) {
              mistakes.add(COMMAND_LINE.formatted(setting.path(), setting.fileVariable()));
            }
          } catch (IllegalArgumentException e) {
            mistakes.add(
                "%s (%s): found %s; expected %s"
                    .formatted(
                        setting.path(),
                        origin.apply(name),
                        setting.found(found),
                        setting.type().expected()));
          }
        });
  }

  private void set(Setting setting, Object found, String origin) {
    Object value = setting.read(found);
    boolean asRead = value instanceof List || value instanceof Path;
    values.put(setting.path(), value);
    shown.put(setting.path(), setting.shown(asRead ? value : found));
    origins.put(setting.path(), origin);
  }

  private static String unknown(String name, Map<String, Setting> known, String where) {
    String example =
        known.keySet().stream().filter(k -> k.startsWith(name + ".")).findFirst().orElse(null);
    return "%s (%s): %s"
        .formatted(
            Setting.oneLine(name),
            where,
            example != null
                ? "expected settings below this name, such as " + example
                : "no such setting; the nearest is " + Nearest.to(name, known.keySet()));
  }

  private static Map<String, Object> startingWith(String prefix, Map<String, String> layer) {
    Map<String, Object> ours = new TreeMap<>(layer);
    ours.keySet().removeIf(name -> !name.startsWith(prefix));
    return ours;
  }

  private <T> T value(String path, Class<T> type) {
    Object value = values.get(path);
    if (!type.isInstance(value)) {
      throw new IllegalArgumentException(
          value == null
              ? path + ": no such setting"
              : path + ": the setting is empty or no " + type.getSimpleName());
    }
    return type.cast(value);
  }
}
