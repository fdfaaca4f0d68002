package dev.starling.lab;

import io.vertx.core.Vertx;
import io.vertx.core.json.JsonObject;

/** HTTP alone, in plain Vert.x: what is asked is answered on the spot. */
public final class BareHttp {
  private BareHttp() {}

  /** Serves until it is ended. */
  public static void main(String[] args) {
    BareRoute.serve(
        Vertx.vertx(BareRoute.options()),
        "/echo/:text",
        context ->
            BareRoute.answer(
                context, new JsonObject().put("text", context.pathParam("text")).toBuffer()));
  }
}
