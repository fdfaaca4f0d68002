package dev.starling.lab;

import dev.starling.runtime.Operation;
import dev.starling.runtime.ServiceVerticle;
import io.netty.util.concurrent.EventExecutor;
import io.vertx.core.Future;
import io.vertx.core.http.HttpMethod;
import io.vertx.core.internal.VertxInternal;
import java.util.concurrent.locks.LockSupport;

/** A service with a mistake: on demand it blocks every event loop of its node. */
public final class LoopBlocker extends ServiceVerticle {
  static final String PATH = "/lab/block";

  private static final Operation<Block, Blocked> BLOCK =
      Operation.command("lab", "block", Block.class, Blocked.class)
          .at(HttpMethod.POST, PATH)
          .open();

  /**
   * Asks for a block.
   *
   * @param millis how long
   */
  public record Block(long millis) {}

  /** It has begun. */
  public record Blocked() {}

  @Override
  protected void operations() {
    handle(BLOCK, this::block);
  }

  private Future<Blocked> block(Block request) {
    vertx.setTimer(
        100,
        timer -> {
          for (EventExecutor loop : ((VertxInternal) vertx).nettyEventLoopGroup()) {
            loop.execute(() -> sleep(request.millis()));
          }
        });
    return Future.succeededFuture(new Blocked());
  }

  private static void sleep(long millis) {
    long end = System.nanoTime() + millis * 1_000_000;
    while (System.nanoTime() < end) {
      LockSupport.parkNanos(end - System.nanoTime());
    }
  }
}
