package dev.starling.lab;

import dev.starling.runtime.Operation;
import dev.starling.runtime.ServiceVerticle;
import io.vertx.core.Future;
import io.vertx.core.http.HttpMethod;
import jakarta.validation.constraints.NotBlank;

/** A service that does nothing, so that all that is measured is the call. */
public final class EchoVerticle extends ServiceVerticle {
  static final Operation<Echo, Echo> ECHO =
      Operation.query("echo", "echo", Echo.class, Echo.class)
          .at(HttpMethod.GET, "/echo/{text}")
          .open();

  /**
   * Question and answer.
   *
   * @param text any
   */
  public record Echo(@NotBlank String text) {}

  @Override
  protected void operations() {
    handle(ECHO, request -> Future.succeededFuture(request));
  }
}
