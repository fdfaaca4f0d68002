package dev.starling.lab;

import dev.starling.runtime.ServiceVerticle;
import java.io.IOException;
import java.io.InputStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.jar.JarEntry;
import java.util.jar.JarOutputStream;

/** Makes a service of the lab what the author of any service makes: a jar for {@code -services}. */
final class ServiceJar {
  private ServiceJar() {}

  /**
   * Writes the jar.
   *
   * @param service with the classes declared in it
   */
  static Path write(Path jar, Class<? extends ServiceVerticle> service) throws IOException {
    List<Class<?>> classes = new ArrayList<>(List.of(service.getDeclaredClasses()));
    classes.add(service);
    try (JarOutputStream out = new JarOutputStream(Files.newOutputStream(jar))) {
      for (Class<?> part : classes) {
        String file = part.getName().replace('.', '/') + ".class";
        out.putNextEntry(new JarEntry(file));
        try (InputStream in = service.getClassLoader().getResourceAsStream(file)) {
          in.transferTo(out);
        }
      }
      out.putNextEntry(new JarEntry("META-INF/services/" + ServiceVerticle.class.getName()));
      out.write(service.getName().getBytes(StandardCharsets.UTF_8));
    }
    return jar;
  }
}
