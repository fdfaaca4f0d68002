package greeting;

import static io.vertx.core.http.HttpMethod.GET;

import dev.starling.runtime.Call;
import dev.starling.runtime.Operation;
import dev.starling.runtime.ServiceVerticle;
import greeting.Greeting.Greet;
import greeting.Greeting.Greeted;
import io.vertx.core.Future;

public final class WelcomeVerticle extends ServiceVerticle {
  record Welcomed(String text, boolean plain) {}

  static final Operation<Greet, Welcomed> WELCOME =
      Operation.query("welcome", "welcome", Greet.class, Welcomed.class)
          .at(GET, "/welcomes/{name}")
          .open();

  @Override
  protected void operations() {
    handle(WELCOME, this::welcome);
  }

  private Future<Welcomed> welcome(Greet request, Call call) {
    return node()
        .client()
        .call(Greeting.GREET, request, call, failure -> new Greeted("Welcome"))
        .map(greeted -> new Welcomed(greeted.value().text(), greeted.isFallback()));
  }
}
