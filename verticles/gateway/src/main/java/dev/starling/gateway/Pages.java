package dev.starling.gateway;

import dev.starling.runtime.Call;
import io.vertx.core.Handler;
import io.vertx.core.Vertx;
import io.vertx.ext.web.RoutingContext;

/**
 * Pages for persons on the public port, beside the operations for programs. The gateway knows none
 * of them: each is named in {@code META-INF/services/dev.starling.gateway.Pages} of the jar.
 *
 * <p>What holds for every request holds for theirs: trace, common headers, time and size of a body,
 * the client's address, drain. Bodies are forms, encoded for a URL, of 16 KiB at most; they have
 * been read, so that they are among the request's form attributes. Pages of other origins get no
 * answer that they could read, whatever CORS allows for operations.
 */
public interface Pages {
  /** Where they are, as {@code /account}: everything there and below belongs to them. */
  String path();

  /**
   * Makes what answers, once for each event loop of the gateway and used on that one only.
   *
   * @param calls makes the calls of a request
   */
  Handler<RoutingContext> handler(Vertx vertx, Calls calls);

  /** Begins calls. */
  interface Calls {
    /**
     * A call with the trace of this request and the address of its client.
     *
     * @param token access token of the caller, null for none
     * @param budget milliseconds, from now
     */
    Call begin(RoutingContext request, String token, long budget);
  }
}
