package dev.starling.runtime;

import io.micrometer.core.instrument.MeterRegistry;
import io.micrometer.core.instrument.TimeGauge;
import io.vertx.core.Future;
import io.vertx.core.Vertx;
import java.time.Duration;
import java.time.Instant;
import java.util.concurrent.TimeUnit;
import java.util.function.Function;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Takes a certificate into use when its files change, without a restart, and says in time that one
 * expires.
 *
 * <p>A new one that cannot be used leaves the old in use and is logged. Connections that are open
 * stay as they are.
 */
public final class CertificateWatch implements AutoCloseable {
  private static final Logger log = LoggerFactory.getLogger(CertificateWatch.class);
  private static final long LOOK_EVERY = 5_000;
  private static final Duration NOTICE = Duration.ofDays(14);
  private static final Duration REMIND_EVERY = Duration.ofDays(1);

  private final Vertx vertx;
  private final Function<Certificate, Future<?>> use;
  private final long timer;
  private Certificate current;
  private volatile Instant expires;
  private Instant remind = Instant.MIN;
  private String complaint = "";

  /**
   * Begins to look, every 5 s.
   *
   * @param current is in use already
   * @param meters show how long the one in use is good
   * @param use lets new connections use another one
   */
  public CertificateWatch(
      Vertx vertx,
      Certificate current,
      MeterRegistry meters,
      Function<Certificate, Future<?>> use) {
    this.vertx = vertx;
    this.use = use;
    this.current = current;
    this.expires = current.expires();
    remind(Instant.now());
    TimeGauge.builder("starling.certificate.left", this, TimeUnit.SECONDS, CertificateWatch::left)
        .description("Until the certificate in use expires; negative when it has")
        .tag("setting", current.setting())
        .register(meters);
    this.timer = vertx.setPeriodic(LOOK_EVERY, t -> look());
  }

  private double left() {
    return Duration.between(Instant.now(), expires).toSeconds();
  }

  private void look() {
    remind(Instant.now());
    vertx
        .executeBlocking(current::changed, false)
        .compose(changed -> changed.map(this::replace).orElseGet(Future::succeededFuture))
        .onSuccess(v -> complaint = "")
        .onFailure(this::complain);
  }

  private Future<Void> replace(Certificate found) {
    return use.apply(found)
        .onSuccess(
            done -> {
              current = found;
              expires = found.expires();
              remind = Instant.MIN;
              log.info("{}: the certificate has been replaced", found.setting());
            })
        .mapEmpty();
  }

  /** Once for each reason, however often it is found. */
  private void complain(Throwable reason) {
    String message = String.valueOf(reason.getMessage());
    if (!message.equals(complaint)) {
      complaint = message;
      log.warn("The certificate in use stays, the new one is not used: {}", complaint);
    }
  }

  private void remind(Instant now) {
    Duration left = Duration.between(now, expires);
    if (left.compareTo(NOTICE) < 0 && !now.isBefore(remind)) {
      remind = now.plus(REMIND_EVERY);
      log.warn(
          "{}: the certificate {} on {}",
          current.setting(),
          left.isNegative() ? "has expired" : "expires in " + left.toDays() + " days,",
          expires);
    }
  }

  @Override
  public void close() {
    vertx.cancelTimer(timer);
  }
}
