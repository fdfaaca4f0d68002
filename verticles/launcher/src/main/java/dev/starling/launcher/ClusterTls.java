package dev.starling.launcher;

import dev.starling.runtime.Certificate;
import dev.starling.runtime.CertificateWatch;
import io.micrometer.core.instrument.MeterRegistry;
import io.vertx.core.Future;
import io.vertx.core.Vertx;
import io.vertx.core.eventbus.EventBus;
import io.vertx.core.eventbus.EventBusOptions;
import io.vertx.core.eventbus.impl.clustered.ClusteredEventBus;
import io.vertx.core.http.ClientAuth;
import io.vertx.core.net.ClientSSLOptions;
import io.vertx.core.net.NetClient;
import io.vertx.core.net.NetServer;
import io.vertx.core.net.ServerSSLOptions;
import java.lang.reflect.Field;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Optional;
import java.util.Set;

/**
 * Mutual TLS on the event bus: each node proves to each other that the cluster's own authority
 * certified it.
 *
 * <p>The bus of Vert.x never compares names, so any certificate of that authority is a member's.
 */
final class ClusterTls {
  private static final String SETTING = "cluster.tls";
  private static final Set<String> PROTOCOLS = new LinkedHashSet<>(List.of("TLSv1.3", "TLSv1.2"));

  private ClusterTls() {}

  /**
   * This node's certificate, if it has one.
   *
   * @throws Certificate.Unusable when it cannot be used
   */
  static Optional<Certificate> of(Configuration configuration) {
    return configuration.isConfigured(SETTING)
        ? Optional.of(Certificate.ofMember(SETTING, configuration.path(SETTING)))
        : Optional.empty();
  }

  /** By default the bus would trust everybody, whatever it is told to trust. */
  static void secure(EventBusOptions options, Certificate certificate) {
    options
        .setSsl(true)
        .setTrustAll(false)
        .setClientAuth(ClientAuth.REQUIRED)
        .setEnabledSecureTransportProtocols(PROTOCOLS)
        .setKeyCertOptions(certificate.key())
        .setTrustOptions(certificate.trust());
  }

  /** Lets the bus of a node that runs use each new certificate, for new connections. */
  static CertificateWatch watch(Vertx vertx, Certificate certificate, MeterRegistry meters) {
    NetServer server = part(vertx.eventBus(), "server", NetServer.class);
    NetClient client = part(vertx.eventBus(), "client", NetClient.class);
    return new CertificateWatch(
        vertx, certificate, meters, changed -> use(changed, server, client));
  }

  private static Future<?> use(Certificate certificate, NetServer server, NetClient client) {
    ServerSSLOptions serving =
        new ServerSSLOptions()
            .setClientAuth(ClientAuth.REQUIRED)
            .setEnabledSecureTransportProtocols(PROTOCOLS)
            .setKeyCertOptions(certificate.key())
            .setTrustOptions(certificate.trust());
    ClientSSLOptions calling =
        new ClientSSLOptions()
            .setHostnameVerificationAlgorithm("")
            .setEnabledSecureTransportProtocols(PROTOCOLS)
            .setKeyCertOptions(certificate.key())
            .setTrustOptions(certificate.trust());
    return server.updateSSLOptions(serving).compose(v -> client.updateSSLOptions(calling));
  }

  /**
   * The bus makes its server and its client from options that it copies through JSON, and shows
   * neither: no key manager that renews itself gets in, and no public way leads to the two.
   */
  private static <T> T part(EventBus bus, String name, Class<T> type) {
    try {
      Field field = ClusteredEventBus.class.getDeclaredField(name);
      field.setAccessible(true);
      return type.cast(field.get(bus));
    } catch (ReflectiveOperationException e) {
      throw new IllegalStateException("This version of Vert.x keeps its bus in another way", e);
    }
  }
}
