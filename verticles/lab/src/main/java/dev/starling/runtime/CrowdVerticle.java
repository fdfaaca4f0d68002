package dev.starling.runtime;

import io.vertx.core.Future;
import io.vertx.core.buffer.Buffer;
import io.vertx.core.http.HttpMethod;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.atomic.AtomicInteger;

/** Fills the registry with instances that answer pings and are never called. */
public final class CrowdVerticle extends ServiceVerticle {
  /** Where it is told how many. */
  public static final String PATH = "/crowd";

  private static final String MEMBER = "crowd-member";
  private static final int AT_ONCE = 50;
  private static final Operation<Size, Size> GROW =
      Operation.command("crowd", "grow", Size.class, Size.class).at(HttpMethod.POST, PATH).open();
  private static final Operation<Size, Size> IDLE =
      Operation.query(MEMBER, "idle", Size.class, Size.class).open();

  /** Of all event loops together: those that are made, and those that are in the registry. */
  private static final AtomicInteger MADE = new AtomicInteger();

  private static final AtomicInteger THERE = new AtomicInteger();

  /**
   * How many there are to be, or are.
   *
   * @param records in the registry, those of other services apart
   */
  public record Size(int records) {}

  @Override
  protected void operations() {
    handle(GROW, this::grow);
  }

  /** Says at once how many there are, and goes on growing. */
  private Future<Size> grow(Size wanted) {
    ContractDocument contract = ContractDocument.of(MEMBER, List.of(IDLE));
    growTo(wanted.records(), contract, contract.hash());
    return Future.succeededFuture(new Size(THERE.get()));
  }

  private void growTo(int records, ContractDocument contract, String hash) {
    List<Future<?>> batch = new ArrayList<>();
    while (MADE.get() < records && batch.size() < AT_ONCE) {
      batch.add(
          add(MADE.getAndIncrement(), contract, hash).onSuccess(v -> THERE.incrementAndGet()));
    }
    if (!batch.isEmpty()) {
      Future.join(batch).onComplete(done -> growTo(records, contract, hash));
    }
  }

  private Future<?> add(int number, ContractDocument contract, String hash) {
    String self = node().membership().self();
    String address = Announcement.address(MEMBER + number, self);
    return vertx
        .eventBus()
        .<Buffer>consumer(
            address,
            message ->
                message.reply(
                    CONTRACT.equals(message.headers().get(OPERATION))
                        ? Codec.write(contract)
                        : Buffer.buffer()))
        .completion()
        .compose(
            v ->
                node()
                    .directory()
                    .offer(
                        new Announcement(MEMBER, self, node().options().name(), address, "1", hash),
                        contract));
  }
}
