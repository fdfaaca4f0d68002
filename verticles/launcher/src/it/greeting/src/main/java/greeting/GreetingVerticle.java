package greeting;

import dev.starling.runtime.ServiceVerticle;
import greeting.Greeting.Greet;
import greeting.Greeting.Greeted;
import io.vertx.core.Future;

public final class GreetingVerticle extends ServiceVerticle {
  @Override
  protected void operations() {
    handle(Greeting.GREET, this::greet);
  }

  private Future<Greeted> greet(Greet request) {
    return Future.succeededFuture(new Greeted("Hello, " + request.name()));
  }
}
