package dev.starling.lab;

import static dev.starling.lab.Kind.KEYED_REGISTRATION;
import static dev.starling.lab.Kind.READ;

import io.vertx.core.Vertx;
import io.vertx.core.eventbus.DeliveryOptions;
import io.vertx.core.eventbus.ReplyException;
import io.vertx.core.json.JsonObject;
import java.time.Duration;

/** A member of the cluster sends messages of ten megabytes to an operation. */
final class HugeMessages implements Fault {
  private static final int MESSAGES = 30;
  private static final int SIZE = 10 << 20;

  @Override
  public String name() {
    return "huge-messages";
  }

  @Override
  public String promise() {
    return "refused on receipt; the nodes live, no read and no registration with a key fails";
  }

  @Override
  public void inject(Scene scene) {
    JsonObject huge =
        new JsonObject().put("username", "a".repeat(SIZE)).put("password", "a".repeat(SIZE));
    Vertx member = PlainMember.join(scene.cluster());
    try {
      int refused = 0;
      for (int i = 0; i < MESSAGES; i++) {
        refused +=
            member
                .eventBus()
                .request("user.login", huge, new DeliveryOptions().setSendTimeout(3_000))
                .map(reply -> 0)
                .otherwise(HugeMessages::isRefusal)
                .await();
      }
      scene.notes().figure("refused", refused);
      if (refused < MESSAGES) {
        scene.notes().complain((MESSAGES - refused) + " messages were not refused");
      }
    } finally {
      member.close().await();
    }
  }

  /** 1 if the receiver says that it is too large, 0 for anything else, such as no answer. */
  private static int isRefusal(Throwable failure) {
    boolean tooLarge = failure instanceof ReplyException reply && reply.failureCode() == 413;
    return tooLarge ? 1 : 0;
  }

  @Override
  public Duration lasts() {
    return Duration.ofSeconds(5);
  }

  @Override
  public void judge(Evidence seen) {
    for (NodeProcess node : seen.scene().cluster().nodes()) {
      if (!node.isAlive()) {
        seen.scene().notes().complain(node.name() + " has ended");
      }
    }
    seen.noneFail(READ, KEYED_REGISTRATION);
  }
}
