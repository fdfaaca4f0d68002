package greeting;

import static io.vertx.core.http.HttpMethod.GET;

import dev.starling.runtime.Operation;
import jakarta.validation.constraints.NotBlank;

public interface Greeting {
  record Greet(@NotBlank String name) {}

  record Greeted(String text) {}

  Operation<Greet, Greeted> GREET =
      Operation.query("greeting", "greet", Greet.class, Greeted.class)
          .at(GET, "/greetings/{name}")
          .open();
}
