package dev.starling.gateway;

import io.vertx.core.Handler;
import io.vertx.core.Vertx;
import io.vertx.ext.web.RoutingContext;

/** Pages that say what they were sent, and from where. */
public final class Guestbook implements Pages {
  @Override
  public String path() {
    return "/guestbook";
  }

  @Override
  public Handler<RoutingContext> handler(Vertx vertx, Calls calls) {
    return context ->
        context
            .response()
            .end(
                "%s %s wrote %s"
                    .formatted(
                        context.normalizedPath(),
                        calls.begin(context, null, 1_000).source(),
                        context.request().formAttributes().get("text")));
  }
}
