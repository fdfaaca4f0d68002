package dev.starling.lab;

import static org.assertj.core.api.Assertions.assertThat;

import io.vertx.core.json.JsonObject;
import java.util.List;
import org.junit.jupiter.api.Test;

class WatchTest {
  private static final JsonObject OTHER = instance("user", "user-2", "closed");

  private final Watch watch = new Watch(List.of("one", "two"));

  private static JsonObject instance(String service, String node, String state) {
    return new JsonObject()
        .put("service", service)
        .put("nodeName", node)
        .put("breaker", new JsonObject().put("state", state));
  }

  /** Both gateways see this state of the victim; null for none. */
  private void see(long at, String one, String two) {
    seeAt("one", at, one);
    seeAt("two", at, two);
  }

  private void seeAt(String gateway, long at, String state) {
    watch.add(
        at,
        gateway,
        state == null ? List.of(OTHER) : List.of(OTHER, instance("user", "user-1", state)));
  }

  @Test
  void seesNothingAtFirst() {
    assertThat(watch.outAfter("user-1", 0, 1_000).unseen()).isTrue();
  }

  @Test
  void isOutWhenTheLastGatewayHasLeftItOut() {
    see(100, "closed", "closed");
    see(1_000, "open", "closed");
    see(1_200, "open", "half-open");
    see(2_000, "closed", "closed");

    assertThat(watch.outAfter("user-1", 500, 5_000).millis()).isEqualTo(700);
    assertThat(watch.backAfter("user-1", 1_100).millis()).isEqualTo(900);
    assertThat(watch.without("two").outAfter("user-1", 500, 5_000).millis()).isEqualTo(500);
  }

  @Test
  void isGoneWhenNobodyListsIt() {
    see(1_000, "open", "open");
    see(2_000, null, "open");
    assertThat(watch.goneAfter("user-1", 0, 5_000).isNever()).isTrue();
    see(3_000, null, null);

    assertThat(watch.goneAfter("user-1", 0, 5_000).millis()).isEqualTo(3_000);
    assertThat(watch.goneAfter("user-1", 0, 3_000).isNever()).as("until then").isTrue();
  }

  @Test
  void leavesOtherServicesOfTheNodeOut() {
    watch.add(
        1_000,
        "one",
        List.of(instance("user", "user-1", "open"), instance("lab", "user-1", "closed")));
    watch.add(1_000, "two", List.of(instance("lab", "user-1", "closed")));

    assertThat(watch.outAfter("user-1", 0, 5_000).millis()).isEqualTo(1_000);
    assertThat(watch.mostLeftOut(0, 5_000)).isEqualTo(1.0);
  }

  @Test
  void countsTheShareThatIsLeftOut() {
    see(1_000, "open", "closed");

    assertThat(watch.mostLeftOut(0, 5_000)).isEqualTo(0.5);
    assertThat(watch.mostLeftOut(1_001, 5_000)).isZero();
  }
}
