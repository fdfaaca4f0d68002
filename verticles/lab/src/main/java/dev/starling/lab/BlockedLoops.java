package dev.starling.lab;

import static dev.starling.lab.Kind.KEYED_REGISTRATION;
import static dev.starling.lab.Kind.LOGIN;
import static dev.starling.lab.Kind.READ;
import static dev.starling.lab.Kind.REGISTRATION;

import dev.starling.runtime.ServiceVerticle;
import io.vertx.core.http.HttpMethod;
import io.vertx.core.json.JsonObject;
import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.Map;
import java.util.jar.JarEntry;
import java.util.jar.JarOutputStream;

/** Every event loop of one node is blocked for five seconds, as by a handler that should not. */
final class BlockedLoops implements Fault {
  private static final int MILLIS = 5_000;

  /** The node that runs {@link LoopBlocker} beside the user service. */
  private static final String NODE = "user-1";

  private Path jar;

  @Override
  public String name() {
    return "blocked-loops";
  }

  @Override
  public String promise() {
    return "calls go elsewhere within 2 s; no failed read and no failed registration with a key";
  }

  @Override
  public boolean sharesCluster() {
    return false;
  }

  @Override
  public void stage(Stage stage) throws IOException {
    jar = stage.directory().resolve("lab-service.jar");
    try (JarOutputStream out = new JarOutputStream(Files.newOutputStream(jar))) {
      for (Class<?> part :
          new Class<?>[] {LoopBlocker.class, LoopBlocker.Block.class, LoopBlocker.Blocked.class}) {
        String file = part.getName().replace('.', '/') + ".class";
        out.putNextEntry(new JarEntry(file));
        copy(file, out);
      }
      out.putNextEntry(new JarEntry("META-INF/services/" + ServiceVerticle.class.getName()));
      out.write(LoopBlocker.class.getName().getBytes(StandardCharsets.UTF_8));
    }
  }

  private static void copy(String file, OutputStream out) throws IOException {
    try (InputStream in = LoopBlocker.class.getClassLoader().getResourceAsStream(file)) {
      in.transferTo(out);
    }
  }

  @Override
  public void dress(Launch node) {
    if (node.name().equals(NODE)) {
      node.with("services", "user,lab").arguments("-services", jar.toString());
    }
  }

  @Override
  public String victim() {
    return NODE;
  }

  @Override
  public void inject(Scene scene) {
    JsonObject body = new JsonObject().put("millis", MILLIS);
    Question block =
        new Question(Kind.TOOL, "lab", "", HttpMethod.POST, LoopBlocker.PATH, Map.of(), body);
    Answer answer = scene.load().ask(0, block).await();
    if (answer.outcome() != Outcome.ACKNOWLEDGED) {
      throw new LabException("The loops are not blocked: " + answer.code());
    }
  }

  @Override
  public Duration lasts() {
    return Duration.ofMillis(MILLIS);
  }

  @Override
  public void judge(Evidence seen) {
    seen.noneFail(READ, KEYED_REGISTRATION);
    seen.failOnlyWithin(Duration.ofSeconds(2), REGISTRATION, LOGIN);
    seen.endWithin(Duration.ofSeconds(4));
    seen.outOfRotationWithin(Duration.ofSeconds(2));
    seen.cleanWithin(Duration.ofSeconds(2));
  }
}
