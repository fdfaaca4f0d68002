package dev.starling.console;

import dev.starling.runtime.ErrorCode;
import dev.starling.runtime.Event;
import dev.starling.runtime.Node;
import dev.starling.runtime.ServiceException;
import io.netty.channel.ChannelHandlerContext;
import io.vertx.core.http.HttpHeaders;
import io.vertx.core.http.HttpServerResponse;
import io.vertx.core.json.JsonArray;
import io.vertx.core.json.JsonObject;
import io.vertx.core.net.impl.ConnectionBase;
import io.vertx.ext.web.RoutingContext;
import java.util.HashMap;
import java.util.HashSet;
import java.util.Iterator;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.UUID;

/**
 * {@code GET /ops/stream}: server-sent events (HTML, section 9.2) for those who watch. The first is
 * a snapshot, then one comes every second, with what has happened since. Whoever comes again with
 * {@code Last-Event-ID} is told what was missed and gets no snapshot, unless this node was
 * restarted meanwhile.
 *
 * <p>What is told of journals is told in the order in which it came to be known here: events of
 * other nodes come late, and times of their clocks would hide some. Used on one event loop.
 */
final class OpsStream {
  /** Streams at the same time. */
  static final int MOST = 32;

  /** Names this run of the node in ids: numbers begin anew with each. */
  private final String run = UUID.randomUUID().toString().substring(0, 8);

  private final Node node;
  private final FlockViews views;

  private final Map<HttpServerResponse, Reader> readers = new HashMap<>();

  /** Events that are told, by their ids, the first known first. */
  private final Map<String, Told> told = new LinkedHashMap<>();

  private long number;

  private record Told(long number, JsonObject event) {}

  /** Who reads, by which channel: Vert.x calls no response full as long as its own queue is not. */
  private static final class Reader {
    private final HttpServerResponse response;
    private final ChannelHandlerContext connection;
    private long last;
    private boolean isLate;

    private Reader(RoutingContext context) {
      response = context.response();
      connection = ((ConnectionBase) context.request().connection()).channelHandlerContext();
    }

    private boolean isFull() {
      return !connection.channel().isWritable();
    }
  }

  OpsStream(Node node, FlockViews views) {
    this.node = node;
    this.views = views;
  }

  /**
   * Answers for as long as the reader stays.
   *
   * @throws ServiceException {@link ErrorCode#TOO_MANY_REQUESTS} when {@link #MOST} are there
   */
  void open(RoutingContext context) {
    if (readers.size() == MOST) {
      throw new ServiceException(
          ErrorCode.TOO_MANY_REQUESTS, "This node has " + MOST + " streams already");
    }
    learn();
    long last = last(context.request().getHeader("last-event-id"));
    Reader reader = new Reader(context);
    HttpServerResponse response = reader.response;
    response.setChunked(true).putHeader(HttpHeaders.CONTENT_TYPE, "text/event-stream");
    response.closeHandler(v -> readers.remove(response));
    response.exceptionHandler(failure -> readers.remove(response));
    readers.put(response, reader);
    reader.last = number;
    response.write(last < 0 ? message("snapshot", 0) : message("update", last));
  }

  /** The number that a reader saw last; -1 for none that means something here. */
  private long last(String id) {
    if (id == null || !id.matches(run + "-[0-9]{1,18}")) {
      return -1;
    }
    long last = Long.parseLong(id.substring(run.length() + 1));
    boolean known = told.values().stream().anyMatch(t -> t.number() <= last + 1);
    return last <= number && (known || last == number) ? last : -1;
  }

  /** A second is over: all are told, but for those who have not taken what they were sent. */
  void tick() {
    if (readers.isEmpty()) {
      return;
    }
    learn();
    Map<Long, String> updates = new HashMap<>();
    for (Reader reader : List.copyOf(readers.values())) {
      if (!reader.isFull()) {
        long last = reader.last;
        reader.isLate = false;
        reader.last = number;
        reader.response.write(updates.computeIfAbsent(last, n -> message("update", n)));
      } else if (reader.isLate) {
        readers.remove(reader.response);
        reader.connection.close(); // Vert.x would close it only when all that is queued was read.
      } else {
        reader.isLate = true;
      }
    }
  }

  private void learn() {
    List<Event> all = node.flock().journal().all();
    Set<String> ids = new HashSet<>();
    for (Event event : all) {
      ids.add(event.id());
      if (!told.containsKey(event.id())) {
        told.put(event.id(), new Told(++number, FlockViews.json(event)));
      }
    }
    Iterator<String> each = told.keySet().iterator();
    while (each.hasNext()) {
      if (!ids.contains(each.next())) {
        each.remove();
      }
    }
  }

  private String message(String kind, long since) {
    JsonArray events = new JsonArray();
    told.values().stream().filter(t -> t.number() > since).forEach(t -> events.add(t.event()));
    JsonObject data =
        new JsonObject()
            .put("status", views.status())
            .mergeIn(views.nodes())
            .mergeIn(views.services())
            .mergeIn(views.breakers())
            .put("events", events);
    return "id: %s-%d\nevent: %s\ndata: %s\n\n".formatted(run, number, kind, data.encode());
  }
}
