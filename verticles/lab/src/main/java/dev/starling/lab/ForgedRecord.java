package dev.starling.lab;

import static dev.starling.lab.Kind.KEYED_REGISTRATION;
import static dev.starling.lab.Kind.LOGIN;
import static dev.starling.lab.Kind.READ;
import static dev.starling.lab.Kind.REGISTRATION;

import io.vertx.core.Vertx;
import io.vertx.core.json.JsonObject;
import io.vertx.core.shareddata.AsyncMap;
import java.util.concurrent.atomic.AtomicInteger;

/**
 * A member of the cluster without its secrets writes itself into the registry as an instance of the
 * user service, so that passwords would be sent to it.
 */
final class ForgedRecord implements Fault {
  private static final String REGISTRY = "service.registry";
  private static final String ANNOUNCE = "vertx.discovery.announce";
  private static final String FORGED = "forged";
  private static final String ADDRESS = "user@forged";

  private final AtomicInteger calls = new AtomicInteger();
  private Vertx member;

  @Override
  public String name() {
    return "forged-record";
  }

  @Override
  public String promise() {
    return "never called, and no request fails";
  }

  @Override
  public void inject(Scene scene) {
    member = PlainMember.join(scene.cluster());
    member.eventBus().consumer(ADDRESS, message -> calls.incrementAndGet()).completion().await();
    AsyncMap<String, String> registry =
        member.sharedData().<String, String>getClusterWideMap(REGISTRY).await();
    JsonObject record =
        registry.values().await().stream()
            .map(JsonObject::new)
            .filter(r -> r.getString("name").equals("user"))
            .findFirst()
            .orElseThrow(() -> new LabException("There is no record to copy"));
    String node = record.getJsonObject("metadata").getString("node");
    JsonObject forged =
        new JsonObject(
            record
                .encode()
                .replace("user@" + node, ADDRESS)
                .replace(record.getString("registration"), FORGED));
    registry.put(FORGED, forged.encode()).await();
    member.eventBus().publish(ANNOUNCE, forged);
  }

  @Override
  public void heal(Scene scene) {
    member
        .sharedData()
        .<String, String>getClusterWideMap(REGISTRY)
        .compose(registry -> registry.remove(FORGED))
        .await();
    member.close().await();
  }

  @Override
  public void judge(Evidence seen) {
    seen.scene().notes().figure("calls-to-the-forger", calls.get());
    if (calls.get() > 0) {
      seen.scene().notes().complain("the forger got " + calls.get() + " calls");
    }
    seen.noneFail(READ, KEYED_REGISTRATION, REGISTRATION, LOGIN);
  }
}
