package greeting;

import static org.junit.jupiter.api.Assertions.assertEquals;

import dev.starling.harness.Harness;
import greeting.Greeting.Greet;
import greeting.WelcomeVerticle.Welcomed;
import org.junit.jupiter.api.Test;

class WelcomeTest {
  @Test
  void welcomesWithAGreeting() {
    try (Harness harness = Harness.start(new GreetingVerticle(), new WelcomeVerticle())) {
      assertEquals(
          new Welcomed("Hello, Ada", false),
          harness.call(WelcomeVerticle.WELCOME, new Greet("Ada")));
    }
  }

  @Test
  void welcomesWithoutOne() {
    try (Harness harness = Harness.start(new WelcomeVerticle())) {
      assertEquals(
          new Welcomed("Welcome", true), harness.call(WelcomeVerticle.WELCOME, new Greet("Ada")));
    }
  }
}
