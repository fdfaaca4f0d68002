package dev.starling.runtime;

import io.vertx.core.Context;
import io.vertx.core.Future;
import io.vertx.core.Promise;
import java.util.function.Supplier;

/**
 * Runs what is measured where it runs in earnest, on an event loop, many times in a row: each time
 * begins when the one before has ended, with all that it left to the loop.
 */
final class OnLoop {
  static final int TIMES = 1_000;

  private OnLoop() {}

  static void run(Context loop, Supplier<Future<?>> once) {
    Promise<Void> done = Promise.promise();
    loop.runOnContext(v -> again(TIMES, once, done));
    done.future().await();
  }

  private static void again(int times, Supplier<Future<?>> once, Promise<Void> done) {
    if (times == 0) {
      done.complete();
    } else {
      once.get().onComplete(v -> again(times - 1, once, done));
    }
  }
}
