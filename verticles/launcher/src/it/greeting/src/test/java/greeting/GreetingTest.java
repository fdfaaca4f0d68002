package greeting;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;

import dev.starling.harness.Harness;
import dev.starling.runtime.ErrorCode;
import dev.starling.runtime.ServiceException;
import greeting.Greeting.Greet;
import org.junit.jupiter.api.Test;

class GreetingTest {
  @Test
  void greets() {
    try (Harness harness = Harness.start(new GreetingVerticle())) {
      assertEquals("Hello, Ada", harness.call(Greeting.GREET, new Greet("Ada")).text());
    }
  }

  @Test
  void needsAName() {
    try (Harness harness = Harness.start(new GreetingVerticle())) {
      ServiceException refusal =
          assertThrows(
              ServiceException.class, () -> harness.call(Greeting.GREET, new Greet(" ")));
      assertEquals(ErrorCode.INVALID, refusal.code());
      assertEquals("/name", refusal.errors().get(0).pointer());
    }
  }
}
