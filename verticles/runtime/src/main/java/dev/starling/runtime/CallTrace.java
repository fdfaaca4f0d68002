package dev.starling.runtime;

import io.vertx.core.internal.ContextInternal;
import io.vertx.core.internal.VertxBootstrap;
import io.vertx.core.spi.VertxServiceProvider;
import io.vertx.core.spi.context.storage.ContextLocal;

/**
 * Which trace the work of this moment belongs to, for those who log it. It is kept by the context
 * that Vert.x makes for each message and each request, and so follows a call through its callbacks;
 * a call writes it once, and it is read only when a line is logged.
 */
public final class CallTrace implements VertxServiceProvider {
  private static final ContextLocal<String> TRACE = ContextLocal.registerLocal(String.class);

  /** For Vert.x, whose contexts have room for what is registered before the first of them. */
  public CallTrace() {}

  @Override
  public void init(VertxBootstrap bootstrap) {
    // Whoever can call this has registered it.
  }

  /** What the message or request that is handled now causes belongs to this trace. */
  public static void put(String trace) {
    ContextInternal context = own();
    if (context != null) {
      TRACE.put(context, trace);
    }
  }

  /** The trace, or null outside of calls. */
  public static String current() {
    ContextInternal context = own();
    return context == null ? null : TRACE.get(context);
  }

  /** That of one message or request; any other is shared by many. */
  private static ContextInternal own() {
    ContextInternal context = ContextInternal.current();
    return context != null && context.isDuplicate() ? context : null;
  }
}
