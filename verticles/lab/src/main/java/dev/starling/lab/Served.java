package dev.starling.lab;

import io.vertx.core.Vertx;
import java.io.IOException;
import java.net.URI;
import java.time.Duration;
import java.util.List;
import java.util.function.Function;
import java.util.stream.Stream;
import org.HdrHistogram.Histogram;

/**
 * Processes that serve HTTP.
 *
 * @param started milliseconds from the start of the last of them to its first answer
 * @param servers all that have a part in an answer, but the database
 * @param database its processes; empty when it has no part
 * @param visitors of the closed loop
 * @param open whether an open loop follows
 */
record Served(
    String name,
    Vertx vertx,
    long started,
    List<Long> servers,
    List<Long> database,
    Visit visit,
    int visitors,
    boolean open)
    implements Subject {
  private static final boolean WRK = Wrk.isThere();

  /**
   * Makes subjects that have the same to do.
   *
   * @param visit of an API that is there
   */
  record Maker(Vertx vertx, List<Long> database, Function<URI, Visit> visit) {
    /**
     * Waits for its first answer.
     *
     * @param front has just been started
     * @param others have been up before
     */
    Served by(String name, NodeProcess front, NodeProcess... others)
        throws IOException, InterruptedException {
      Visit made = visit.apply(front.awaitApi());
      long started = Programs.awaitAnswer(made, front.begun());
      List<Long> servers =
          Stream.concat(Stream.of(front), Stream.of(others)).map(NodeProcess::pid).toList();
      return new Served(name, vertx, started, servers, database, made, Pace.CONNECTIONS, true);
    }
  }

  @Override
  public Sample round(Pace pace) throws IOException, InterruptedException {
    long cpu = Usage.cpu(servers);
    long databaseCpu = Usage.cpu(database);
    long begin = System.nanoTime();
    long requests = closed(pace.time());
    double seconds = (System.nanoTime() - begin) / 1e9;
    Sample sample =
        Sample.closed(
            requests, seconds, Usage.cpu(servers) - cpu, Usage.cpu(database) - databaseCpu);
    return open ? sample.with(open(pace)) : sample;
  }

  private long closed(Duration time) throws IOException, InterruptedException {
    if (WRK && visit.body() == null) {
      return Wrk.visit(visit, visitors, time);
    }
    try (Visitors all = new Visitors(vertx, visit)) {
      return all.asSoonAsAnswered(visitors, time);
    }
  }

  private Histogram open(Pace pace) throws InterruptedException {
    try (Visitors all = new Visitors(vertx, visit)) {
      all.asSoonAsAnswered(visitors, Duration.ofMillis(200)); // opens the connections
      return all.at(pace.rate(), pace.time());
    }
  }

  @Override
  public void warm(Pace pace) throws IOException, InterruptedException {
    closed(pace.warming());
  }

  @Override
  public long resident() throws IOException {
    return Usage.resident(servers);
  }
}
