package dev.starling.gateway;

import dev.starling.runtime.ErrorCode;
import dev.starling.runtime.Operation;
import dev.starling.runtime.ServiceException;
import dev.starling.runtime.ServiceVerticle;
import io.vertx.core.Future;
import io.vertx.core.http.HttpMethod;
import jakarta.validation.constraints.NotBlank;
import jakarta.validation.constraints.Size;
import java.time.Duration;
import java.util.UUID;
import java.util.concurrent.atomic.AtomicInteger;

/** A service with one route of each kind. */
final class Shop extends ServiceVerticle {
  record Find(@NotBlank String name, Integer limit, Boolean sold) {}

  record Put(UUID id, @Size(max = 10) String text) {}

  record Item(@NotBlank String text) {}

  record Page(String text, int limit) {}

  record Nothing() {}

  static final Operation<Find, Page> FIND =
      Operation.query("shop", "find", Find.class, Page.class)
          .at(HttpMethod.GET, "/items/{name}")
          .open();
  static final Operation<Nothing, Page> LATEST =
      Operation.query("shop", "latest", Nothing.class, Page.class)
          .at(HttpMethod.GET, "/items/latest")
          .cacheable(Duration.ofMinutes(1))
          .open();
  static final Operation<Put, Put> PUT =
      Operation.command("shop", "put", Put.class, Put.class)
          .at(HttpMethod.PUT, "/items/{id}")
          .open();
  static final Operation<Item, Item> ADD =
      Operation.command("shop", "add", Item.class, Item.class)
          .at(HttpMethod.POST, "/items")
          .creates("/items/{text}")
          .open();
  static final Operation<Item, Item> ORDER =
      Operation.command("shop", "order", Item.class, Item.class)
          .at(HttpMethod.POST, "/orders")
          .keyed()
          .open();
  static final Operation<Nothing, Nothing> MINE =
      Operation.query("shop", "mine", Nothing.class, Nothing.class).at(HttpMethod.GET, "/mine");
  static final Operation<Item, Nothing> DROP =
      Operation.query("shop", "drop", Item.class, Nothing.class)
          .at(HttpMethod.DELETE, "/drops/{text}")
          .open();
  static final Operation<Item, Item> SLOW =
      Operation.query("shop", "slow", Item.class, Item.class)
          .at(HttpMethod.GET, "/slow/{text}")
          .open();

  static final Operation<Item, Page> PATIENT =
      Operation.command("shop", "patient", Item.class, Page.class)
          .at(HttpMethod.POST, "/patient")
          .within(Duration.ofMinutes(10))
          .open();

  static final Operation<Nothing, Page> WHENCE =
      Operation.query("shop", "whence", Nothing.class, Page.class)
          .at(HttpMethod.GET, "/whence")
          .open();

  static final Operation<Nothing, Page> LATER =
      Operation.query("shop", "later", Nothing.class, Page.class)
          .at(HttpMethod.GET, "/later")
          .open();

  /** Calls of {@link #SLOW} that were begun. */
  final AtomicInteger slow = new AtomicInteger();

  @Override
  protected void operations() {
    handle(FIND, f -> done(new Page(f.name(), f.limit() == null ? -1 : f.limit())));
    handle(LATEST, n -> done(new Page("latest", 0)));
    handle(PUT, Future::succeededFuture);
    handle(ADD, Future::succeededFuture);
    handle(ORDER, (item, call) -> Future.succeededFuture(new Item("key " + call.key())));
    handle(MINE, Future::succeededFuture);
    handle(DROP, item -> Future.succeededFuture(new Nothing()));
    handle(SLOW, this::slow);
    handle(WHENCE, (nothing, call) -> done(new Page(call.source(), 0)));
    handle(
        LATER,
        nothing ->
            Future.failedFuture(
                new ServiceException(ErrorCode.TOO_MANY_REQUESTS, "Later").retryAfter(77)));
    handle(PATIENT, (item, call) -> done(new Page(item.text(), (int) call.remaining())));
  }

  private Future<Item> slow(Item item) {
    slow.incrementAndGet();
    return vertx.timer(1000).map(item);
  }

  private static Future<Page> done(Page page) {
    return Future.succeededFuture(page);
  }
}
