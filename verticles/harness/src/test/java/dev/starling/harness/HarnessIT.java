package dev.starling.harness;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.catchThrowableOfType;

import dev.starling.runtime.ErrorCode;
import dev.starling.runtime.Operation;
import dev.starling.runtime.Secrets;
import dev.starling.runtime.ServiceException;
import dev.starling.runtime.ServiceVerticle;
import io.vertx.core.Future;
import io.vertx.core.VerticleBase;
import io.vertx.core.json.JsonObject;
import java.nio.file.Path;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.concurrent.atomic.AtomicReference;
import org.junit.jupiter.api.Test;

/** The harness, used as the author of a service uses it. */
class HarnessIT {
  record Text(String text) {}

  private static final Operation<Text, Text> ECHO =
      Operation.query("echo", "echo", Text.class, Text.class).open();
  private static final Operation<Text, Text> TOKEN =
      Operation.query("echo", "token", Text.class, Text.class).open();
  private static final Operation<Text, Text> REFUSE =
      Operation.query("echo", "refuse", Text.class, Text.class).open();
  private static final Operation<Text, Text> OTHER =
      Operation.query("other", "echo", Text.class, Text.class).open();

  private final AtomicBoolean closed = new AtomicBoolean();

  private final class Echo extends ServiceVerticle {
    @Override
    protected void operations() {
      handle(ECHO, Future::succeededFuture);
      handle(TOKEN, (text, call) -> Future.succeededFuture(new Text(call.token())));
      handle(
          REFUSE, text -> Future.failedFuture(new ServiceException(ErrorCode.CONFLICT, "Not now")));
    }

    @Override
    protected Future<?> close() {
      closed.set(true);
      return Future.succeededFuture();
    }
  }

  private static final class Broken extends ServiceVerticle {
    @Override
    protected void operations() {
      handle(OTHER, Future::succeededFuture);
    }

    @Override
    protected Future<?> open() {
      return Future.failedFuture(new IllegalStateException("There is no printer"));
    }
  }

  @Test
  void callsAService() {
    try (Harness harness = Harness.start(new Echo())) {
      assertThat(harness.call(ECHO, new Text("a"))).isEqualTo(new Text("a"));
      assertThat(harness.call(TOKEN, new Text("a"), "a.b.c")).isEqualTo(new Text("a.b.c"));
    }
  }

  @Test
  void throwsTheRefusalOfAService() {
    try (Harness harness = Harness.start(new Echo())) {
      ServiceException refusal =
          catchThrowableOfType(ServiceException.class, () -> harness.call(REFUSE, new Text("a")));

      assertThat(refusal.code()).isEqualTo(ErrorCode.CONFLICT);
      assertThat(refusal).hasMessage("Not now");
    }
  }

  @Test
  void runsAFurtherVerticleWithItsConfiguration() {
    AtomicReference<JsonObject> given = new AtomicReference<>();
    try (Harness harness = Harness.start()) {
      VerticleBase verticle =
          new VerticleBase() {
            @Override
            public Future<?> start() {
              given.set(config());
              return Future.succeededFuture();
            }
          };
      String id = harness.deploy(verticle, new JsonObject().put("colour", "blue"));

      assertThat(given.get()).isEqualTo(new JsonObject().put("colour", "blue"));
      assertThat(harness.vertx().deploymentIDs()).contains(id);
    }
  }

  @Test
  void stopsItsServicesAndDeletesItsSecretsWhenItIsClosed() {
    Path secrets;
    try (Harness harness = Harness.start(new Echo())) {
      secrets = harness.node().secrets().file(Secrets.PEPPER).getParent();
      assertThat(secrets).isDirectoryContaining("glob:**pepper");
    }

    assertThat(closed).isTrue();
    assertThat(secrets).doesNotExist();
  }

  @Test
  void tellsWhyAServiceDoesNotStartAndStopsTheOthers() {
    assertThatThrownBy(() -> Harness.start(new Echo(), new Broken()))
        .isInstanceOf(IllegalStateException.class)
        .hasMessage("There is no printer");
    assertThat(closed).isTrue();
  }
}
