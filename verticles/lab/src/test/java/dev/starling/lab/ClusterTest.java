package dev.starling.lab;

import static org.assertj.core.api.Assertions.assertThat;

import org.junit.jupiter.api.Test;

class ClusterTest {
  private static final String FIRST =
      "12:28:30.014 ERROR ContextImpl Unhandled exception\n"
          + "java.lang.IllegalStateException: Promise already completed\n"
          + "\tat io.vertx.core.Promise.fail(Promise.java:104)\n"
          + "\tat io.vertx.core.Promise.complete(Promise.java:63)\n";

  @Test
  void whatVertxSaysOfAWriteThatBrokeIsNoAlarm() {
    String log =
        "Starling is up: gateway-1\n"
            + FIRST
            + "\tat io.vertx.core.impl.future.FutureImpl.tryFail(FutureImpl.java:176)\n"
            + "\tat io.vertx.core.net.impl.DelegatingChannelPromise.tryFailure("
            + "DelegatingChannelPromise.java:130)\n"
            + "\tat io.netty.channel.AbstractChannel$AbstractUnsafe.write(AbstractChannel.java:723)\n";
    assertThat(Cluster.alarms(log)).isEmpty();
    assertThat(Cluster.alarms(log + FIRST + "\tat dev.starling.Any.thing(Any.java:1)\n"))
        .containsExactly(FIRST.split("\n")[0], FIRST.split("\n")[1]);
  }

  @Test
  void whatNoNodeShouldEverLogIsAnAlarm() {
    String dead = "12:28:30.014 ERROR Any java.lang.OutOfMemoryError: Java heap space";
    assertThat(Cluster.alarms("12:28:29.001 INFO  Any all is well\n" + dead + "\n"))
        .containsExactly(dead);
  }
}
