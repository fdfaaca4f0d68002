package dev.starling.launcher;

import dev.starling.gateway.GatewayVerticle;
import dev.starling.runtime.ServiceVerticle;
import java.io.IOException;
import java.net.MalformedURLException;
import java.net.URL;
import java.net.URLClassLoader;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.ServiceLoader;
import java.util.Set;
import java.util.TreeSet;
import java.util.function.Supplier;
import java.util.stream.Stream;

/**
 * What this node runs: services of the jar and of {@code -services}, found by ServiceLoader, and
 * the gateway.
 *
 * @param classes has the classes of all services
 * @param chosen makes the verticles of each service that runs here, by name
 * @param gateway whether the gateway runs here
 * @param usesDatabase whether one of them needs a database
 */
record Services(
    ClassLoader classes,
    Map<String, Supplier<ServiceVerticle>> chosen,
    boolean gateway,
    boolean usesDatabase) {
  private static final String ALL = "all";

  /**
   * Finds and chooses.
   *
   * @param names what {@code services} of the configuration says
   * @throws StartException when one of them is unknown
   */
  static Services load(Optional<Path> jars, List<String> names) {
    ClassLoader classes = jars.map(Services::classes).orElse(Services.class.getClassLoader());
    Map<String, Supplier<ServiceVerticle>> found = new LinkedHashMap<>();
    boolean usesDatabase = false;
    for (ServiceLoader.Provider<ServiceVerticle> provider :
        ServiceLoader.load(ServiceVerticle.class, classes).stream().toList()) {
      ServiceVerticle verticle = provider.get();
      String name = verticle.service();
      if (found.putIfAbsent(name, provider::get) != null) {
        throw new StartException("There are two services named " + name);
      }
      usesDatabase |= verticle.usesDatabase() && isChosen(name, names);
    }
    check(names, found.keySet());
    found.keySet().removeIf(name -> !isChosen(name, names));
    return new Services(classes, found, isChosen(GatewayVerticle.NAME, names), usesDatabase);
  }

  /**
   * Reads the contracts of the services that run here, so that their start need not wait for it.
   */
  void prepare() {
    chosen.values().forEach(service -> service.get().prepare());
  }

  private static boolean isChosen(String name, List<String> names) {
    return names.contains(ALL) || names.contains(name);
  }

  private static void check(List<String> names, Set<String> found) {
    Set<String> known = new TreeSet<>(found);
    known.add(GatewayVerticle.NAME);
    known.add(ALL);
    for (String name : names) {
      if (!known.contains(name)) {
        throw new StartException(
            "services: there is no '" + name + "' here, only " + String.join(", ", known));
      }
    }
  }

  private static ClassLoader classes(Path path) {
    try (Stream<Path> files = Files.isDirectory(path) ? Files.list(path) : Stream.of(path)) {
      List<Path> jars = files.filter(f -> f.toString().endsWith(".jar")).sorted().toList();
      if (jars.isEmpty() || !Files.isReadable(jars.get(0))) {
        throw new StartException("-services: there is no jar at " + path);
      }
      URL[] urls = new URL[jars.size()];
      for (int i = 0; i < urls.length; i++) {
        urls[i] = url(jars.get(i));
      }
      return new URLClassLoader("services", urls, Services.class.getClassLoader());
    } catch (IOException e) {
      throw new StartException("-services: " + path + " cannot be read");
    }
  }

  private static URL url(Path jar) throws MalformedURLException {
    return jar.toUri().toURL();
  }
}
