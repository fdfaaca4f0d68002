package dev.starling.lab;

import static dev.starling.lab.Kind.KEYED_REGISTRATION;
import static dev.starling.lab.Kind.LOGIN;
import static dev.starling.lab.Kind.READ;
import static dev.starling.lab.Kind.REGISTRATION;

import io.vertx.core.Vertx;
import io.vertx.core.json.JsonObject;
import io.vertx.core.shareddata.AsyncMap;
import java.time.Instant;
import java.util.HashMap;
import java.util.Map;

/**
 * A member of the cluster without its secrets gives orders: what an operator has ordered, changed a
 * little, and orders that are not sealed at all.
 */
final class ForgedCommand implements Fault {
  private static final String DESIRED = "starling.desired";
  private static final JsonObject NOTHING = new JsonObject().put("share", 0.0).put("error", true);
  private static final JsonObject ALL = new JsonObject().put("share", 1.0).put("error", true);

  @Override
  public String name() {
    return "forged-command";
  }

  @Override
  public String promise() {
    return "ignored: no request fails";
  }

  @Override
  public void inject(Scene scene) throws InterruptedException {
    String key = "fault/user@" + scene.victim().name();
    scene.operator().desire(key, NOTHING, scene.token()); // one to copy, which does nothing
    Vertx member = PlainMember.join(scene.cluster());
    try {
      AsyncMap<String, String> desired =
          member.sharedData().<String, String>getClusterWideMap(DESIRED).await();
      Map<String, String> forged = new HashMap<>();
      desired.entries().await().forEach((k, text) -> forged.put(k, forge(text)));
      for (NodeProcess node : scene.cluster().services()) {
        forged.putIfAbsent("fault/user@" + node.name(), unsealed());
        forged.put("drain/" + node.name(), unsealed());
      }
      for (Map.Entry<String, String> entry : forged.entrySet()) {
        desired.put(entry.getKey(), entry.getValue()).await();
        member.eventBus().publish(DESIRED, entry.getValue());
      }
    } finally {
      member.close().await();
    }
  }

  private static String forge(String sealed) {
    return sealed.replace(NOTHING.encode(), ALL.encode()).replace("0.0", "1.0");
  }

  private static String unsealed() {
    return new JsonObject()
        .put("value", ALL)
        .put("by", "operator")
        .put("at", Instant.now().toString())
        .encode();
  }

  @Override
  public void heal(Scene scene) throws InterruptedException {
    scene.operator().desireNoLonger("fault/user@" + scene.victim().name(), scene.token());
  }

  @Override
  public void judge(Evidence seen) {
    seen.noneFail(READ, KEYED_REGISTRATION, REGISTRATION, LOGIN);
  }
}
