package dev.starling.launcher;

import dev.starling.runtime.Operation;
import dev.starling.runtime.ServiceVerticle;
import io.vertx.core.Future;
import io.vertx.core.http.HttpMethod;
import java.io.IOException;
import java.io.InputStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.jar.JarEntry;
import java.util.jar.JarOutputStream;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * A service with a mistake, in a jar for {@code -services}: its handler blocks its event loop, and
 * says so in the log.
 */
public final class BlockingVerticle extends ServiceVerticle {
  static final String PATH = "/block";

  private static final Logger log = LoggerFactory.getLogger(BlockingVerticle.class);

  private static final Operation<Block, Blocked> BLOCK =
      Operation.command("blocking", "block", Block.class, Blocked.class)
          .at(HttpMethod.POST, PATH)
          .open();

  /**
   * Asks for a block.
   *
   * @param millis how long
   */
  public record Block(long millis) {}

  /** It is over. */
  public record Blocked() {}

  @Override
  protected void operations() {
    handle(BLOCK, this::block);
  }

  private Future<Blocked> block(Block request) {
    log.info("It blocks for {} ms", request.millis());
    try {
      Thread.sleep(request.millis());
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
    }
    return Future.succeededFuture(new Blocked());
  }

  /** Writes the jar. */
  static Path jar(Path jar) throws IOException {
    try (JarOutputStream out = new JarOutputStream(Files.newOutputStream(jar))) {
      for (Class<?> part : new Class<?>[] {BlockingVerticle.class, Block.class, Blocked.class}) {
        String file = part.getName().replace('.', '/') + ".class";
        out.putNextEntry(new JarEntry(file));
        try (InputStream in = part.getClassLoader().getResourceAsStream(file)) {
          in.transferTo(out);
        }
      }
      out.putNextEntry(new JarEntry("META-INF/services/" + ServiceVerticle.class.getName()));
      out.write(BlockingVerticle.class.getName().getBytes());
    }
    return jar;
  }
}
