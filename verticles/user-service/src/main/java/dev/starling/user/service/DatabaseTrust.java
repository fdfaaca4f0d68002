package dev.starling.user.service;

import io.vertx.core.net.ClientSSLOptions;
import io.vertx.core.net.TrustOptions;
import java.io.ByteArrayInputStream;
import java.io.IOException;
import java.net.Socket;
import java.nio.file.Files;
import java.nio.file.Path;
import java.security.GeneralSecurityException;
import java.security.KeyStore;
import java.security.cert.Certificate;
import java.security.cert.CertificateException;
import java.security.cert.CertificateFactory;
import java.security.cert.X509Certificate;
import java.util.Objects;
import java.util.Optional;
import javax.net.ssl.SSLEngine;
import javax.net.ssl.TrustManagerFactory;
import javax.net.ssl.X509ExtendedTrustManager;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Trusts a database whose certificate is of one CA and names its host, and remembers why it did not
 * trust it: all that the client tells is that a handshake failed.
 */
final class DatabaseTrust extends X509ExtendedTrustManager {
  private static final Logger log = LoggerFactory.getLogger(DatabaseTrust.class);

  private final X509ExtendedTrustManager authority;
  private volatile String refusal;

  private DatabaseTrust(X509ExtendedTrustManager authority) {
    this.authority = authority;
  }

  /**
   * Trust in the certificates of a PEM file.
   *
   * @throws IllegalArgumentException when it cannot be read or holds none
   */
  static DatabaseTrust in(Path ca) {
    try {
      KeyStore store = KeyStore.getInstance(KeyStore.getDefaultType());
      store.load(null, null);
      byte[] pem = Files.readAllBytes(ca);
      for (Certificate one :
          CertificateFactory.getInstance("X.509")
              .generateCertificates(new ByteArrayInputStream(pem))) {
        store.setCertificateEntry(Integer.toString(store.size()), one);
      }
      if (store.size() == 0) {
        throw new CertificateException();
      }
      TrustManagerFactory managers =
          TrustManagerFactory.getInstance(TrustManagerFactory.getDefaultAlgorithm());
      managers.init(store);
      return new DatabaseTrust((X509ExtendedTrustManager) managers.getTrustManagers()[0]);
    } catch (IOException e) {
      throw new IllegalArgumentException("database.ca: " + ca + " cannot be read");
    } catch (GeneralSecurityException e) {
      throw new IllegalArgumentException("database.ca: " + ca + " holds no certificate in PEM");
    }
  }

  ClientSSLOptions options() {
    return new ClientSSLOptions()
        .setTrustOptions(TrustOptions.wrap(this))
        .setHostnameVerificationAlgorithm("HTTPS");
  }

  /** Why the certificate that came last was refused; empty when it was not. */
  Optional<String> refusal() {
    return Optional.ofNullable(refusal);
  }

  private interface Check {
    void run() throws CertificateException;
  }

  private void remember(Check check) throws CertificateException {
    try {
      check.run();
      refusal = null;
    } catch (CertificateException e) {
      Throwable root = root(e);
      String reason = root.getClass().getSimpleName() + ": " + root.getMessage();
      if (!Objects.equals(reason, refusal)) {
        log.warn("The database's certificate is refused: {}", reason);
      }
      refusal = reason;
      throw e;
    }
  }

  private static Throwable root(Throwable failure) {
    return failure.getCause() == null ? failure : root(failure.getCause());
  }

  @Override
  public void checkServerTrusted(X509Certificate[] chain, String type, SSLEngine engine)
      throws CertificateException {
    remember(() -> authority.checkServerTrusted(chain, type, engine));
  }

  @Override
  public void checkServerTrusted(X509Certificate[] chain, String type, Socket socket)
      throws CertificateException {
    remember(() -> authority.checkServerTrusted(chain, type, socket));
  }

  /** Nothing is known of the host here, so that its name could not be compared. */
  @Override
  public void checkServerTrusted(X509Certificate[] chain, String type) throws CertificateException {
    throw new CertificateException("The name in the certificate cannot be verified");
  }

  @Override
  public void checkClientTrusted(X509Certificate[] chain, String type, SSLEngine engine)
      throws CertificateException {
    throw new CertificateException("No client is trusted");
  }

  @Override
  public void checkClientTrusted(X509Certificate[] chain, String type, Socket socket)
      throws CertificateException {
    throw new CertificateException("No client is trusted");
  }

  @Override
  public void checkClientTrusted(X509Certificate[] chain, String type) throws CertificateException {
    throw new CertificateException("No client is trusted");
  }

  @Override
  public X509Certificate[] getAcceptedIssuers() {
    return authority.getAcceptedIssuers();
  }
}
