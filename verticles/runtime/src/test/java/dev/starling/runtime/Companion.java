package dev.starling.runtime;

import static dev.starling.runtime.OneNode.await;

import io.vertx.core.buffer.Buffer;
import io.vertx.core.eventbus.Message;
import java.util.List;
import java.util.Queue;
import java.util.concurrent.ConcurrentLinkedQueue;
import java.util.function.Consumer;

/** An instance on another node, played by a consumer on the bus of the only one there is. */
final class Companion {
  final Queue<Message<Buffer>> calls = new ConcurrentLinkedQueue<>();
  private final OneNode one;
  private final ContractDocument contract;
  private final Announcement announcement;
  private volatile Consumer<Message<Buffer>> behaviour = message -> message.reply(message.body());
  private volatile boolean mute;

  /**
   * Makes one that answers each call with its request.
   *
   * @param node must be a member when it is published
   */
  Companion(OneNode one, String node, String service, Operation<?, ?>... operations) {
    this.one = one;
    this.contract = ContractDocument.of(service, List.of(operations));
    this.announcement =
        new Announcement(
            service, node, node, Announcement.address(service, node), "1", contract.hash());
    await(one.vertx.eventBus().consumer(announcement.address(), this::receive).completion());
  }

  Companion publish() {
    await(one.registry().publish(announcement));
    return this;
  }

  String node() {
    return announcement.node();
  }

  /** From now on it is as a frozen node is: it takes messages and answers none. */
  Companion freeze() {
    behaviour = message -> {};
    return this;
  }

  Companion fail(ErrorCode code) {
    String problem = new ServiceException(code, "No").problem("0").encode();
    behaviour = message -> message.fail(code.status(), problem);
    return this;
  }

  Companion answer(Consumer<Message<Buffer>> answer) {
    behaviour = answer;
    return this;
  }

  /** Whether it leaves pings and questions for its contract without an answer. */
  Companion mute(boolean is) {
    mute = is;
    return this;
  }

  private void receive(Message<Buffer> message) {
    switch (message.headers().get(ServiceVerticle.OPERATION)) {
      case ServiceVerticle.PING -> answer(message, Buffer.buffer());
      case ServiceVerticle.CONTRACT -> answer(message, Codec.write(contract));
      default -> {
        calls.add(message);
        behaviour.accept(message);
      }
    }
  }

  private void answer(Message<Buffer> message, Buffer answer) {
    if (!mute) {
      message.reply(answer);
    }
  }
}
