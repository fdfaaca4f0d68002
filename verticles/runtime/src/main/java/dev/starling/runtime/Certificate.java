package dev.starling.runtime;

import io.vertx.core.buffer.Buffer;
import io.vertx.core.net.PemKeyCertOptions;
import io.vertx.core.net.PemTrustOptions;
import java.io.ByteArrayInputStream;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.security.GeneralSecurityException;
import java.security.KeyStore;
import java.security.PrivateKey;
import java.security.Signature;
import java.security.cert.CertificateFactory;
import java.security.cert.X509Certificate;
import java.time.Instant;
import java.util.ArrayList;
import java.util.Date;
import java.util.List;
import java.util.Optional;
import javax.net.ssl.TrustManagerFactory;
import javax.net.ssl.X509KeyManager;
import javax.net.ssl.X509TrustManager;

/**
 * A certificate as PEM files of one directory: {@code tls.crt} and {@code tls.key} (the names that
 * Kubernetes gives them), and for a member of the cluster {@code ca.crt}, whose certificates alone
 * it trusts.
 *
 * <p>It has been checked when there is one, so that a mistake is found where it was made and not by
 * a peer, whose refusal says little.
 */
public final class Certificate {
  private static final String CERTIFICATE = "tls.crt";
  private static final String KEY = "tls.key";
  private static final String AUTHORITY = "ca.crt";

  private final String setting;
  private final Path directory;
  private final boolean mutual;
  private final PemKeyCertOptions key;
  private final PemTrustOptions trust;

  private Certificate(String setting, Path directory, boolean mutual) {
    this.setting = setting;
    this.directory = directory;
    this.mutual = mutual;
    this.key = new PemKeyCertOptions().addCertValue(read(CERTIFICATE)).addKeyValue(read(KEY));
    this.trust = mutual ? new PemTrustOptions().addCertValue(read(AUTHORITY)) : null;
  }

  /**
   * Of a server to which anybody may connect.
   *
   * @param setting that names the directory, for messages
   * @throws Unusable when a file is missing or broken, or the key is another's
   */
  public static Certificate ofServer(String setting, Path directory) {
    return new Certificate(setting, directory, false).checked();
  }

  /**
   * Of a member of the cluster, as server and as client.
   *
   * @param setting that names the directory, for messages
   * @throws Unusable when a file is missing, broken or not valid today, the key is another's, or
   *     other members would refuse the certificate
   */
  public static Certificate ofMember(String setting, Path directory) {
    return new Certificate(setting, directory, true).checked();
  }

  /**
   * What the files hold now, if that is something else.
   *
   * @throws Unusable as it does when read for the first time
   */
  Optional<Certificate> changed() {
    Certificate now = new Certificate(setting, directory, mutual);
    boolean same =
        now.key.equals(key) && (!mutual || now.trust.getCertValues().equals(trust.getCertValues()));
    return same ? Optional.empty() : Optional.of(now.checked());
  }

  String setting() {
    return setting;
  }

  public PemKeyCertOptions key() {
    return key;
  }

  /** Whose certificates are trusted, for a member only. */
  public PemTrustOptions trust() {
    return trust;
  }

  /** When the first certificate of the chain expires. */
  Instant expires() {
    return chain().stream()
        .map(c -> c.getNotAfter().toInstant())
        .min(Instant::compareTo)
        .orElseThrow();
  }

  private Certificate checked() {
    List<X509Certificate> chain = chain();
    if (!belongs(privateKey(chain.get(0)), chain.get(0))) {
      throw unusable(KEY, "is not the key of " + CERTIFICATE);
    }
    if (mutual) {
      List<X509Certificate> authorities = certificates(AUTHORITY, trust.getCertValues().get(0));
      checkDates(CERTIFICATE, chain);
      checkDates(AUTHORITY, authorities);
      checkTrust(chain, authorities);
    }
    return this;
  }

  private List<X509Certificate> chain() {
    return certificates(CERTIFICATE, key.getCertValue());
  }

  private Buffer read(String file) {
    try {
      return Buffer.buffer(Files.readAllBytes(directory.resolve(file)));
    } catch (NoSuchFileException e) {
      throw unusable(file, "does not exist");
    } catch (IOException e) {
      throw unusable(file, "cannot be read (" + e.getClass().getSimpleName() + ")");
    }
  }

  private List<X509Certificate> certificates(String file, Buffer pem) {
    try {
      List<X509Certificate> found = new ArrayList<>();
      CertificateFactory.getInstance("X.509")
          .generateCertificates(new ByteArrayInputStream(pem.getBytes()))
          .forEach(certificate -> found.add((X509Certificate) certificate));
      if (found.isEmpty()) {
        throw unusable(file, "holds no certificate");
      }
      return found;
    } catch (GeneralSecurityException e) {
      throw unusable(file, "holds no certificate in PEM (" + e.getMessage() + ")");
    }
  }

  /** As Vert.x reads it, which knows PKCS #8, PKCS #1 and SEC 1. */
  private PrivateKey privateKey(X509Certificate certificate) {
    try {
      X509KeyManager keys = (X509KeyManager) key.getKeyManagerFactory(null).getKeyManagers()[0];
      String algorithm = certificate.getPublicKey().getAlgorithm();
      return keys.getPrivateKey(keys.getServerAliases(algorithm, null)[0]);
    } catch (Exception e) {
      throw unusable(KEY, "holds no private key for " + CERTIFICATE + " in PEM");
    }
  }

  private static boolean belongs(PrivateKey key, X509Certificate certificate) {
    try {
      Signature signature =
          Signature.getInstance("SHA256with" + (key.getAlgorithm().equals("EC") ? "ECDSA" : "RSA"));
      signature.initSign(key);
      byte[] signed = signature.sign();
      signature.initVerify(certificate.getPublicKey());
      return signature.verify(signed);
    } catch (GeneralSecurityException e) {
      return false;
    }
  }

  private void checkDates(String file, List<X509Certificate> certificates) {
    Date now = new Date();
    for (X509Certificate certificate : certificates) {
      if (now.after(certificate.getNotAfter())) {
        throw unusable(file, "has expired on " + certificate.getNotAfter().toInstant());
      }
      if (now.before(certificate.getNotBefore())) {
        throw unusable(file, "is not valid before " + certificate.getNotBefore().toInstant());
      }
    }
  }

  /** As the other members will check it. */
  private void checkTrust(List<X509Certificate> chain, List<X509Certificate> authorities) {
    try {
      KeyStore store = KeyStore.getInstance(KeyStore.getDefaultType());
      store.load(null, null);
      for (X509Certificate authority : authorities) {
        store.setCertificateEntry(Integer.toString(store.size()), authority);
      }
      TrustManagerFactory trustManagers =
          TrustManagerFactory.getInstance(TrustManagerFactory.getDefaultAlgorithm());
      trustManagers.init(store);
      X509TrustManager manager = (X509TrustManager) trustManagers.getTrustManagers()[0];
      X509Certificate[] presented = chain.toArray(X509Certificate[]::new);
      manager.checkServerTrusted(presented, "UNKNOWN");
      manager.checkClientTrusted(presented, "UNKNOWN");
    } catch (GeneralSecurityException | IOException e) {
      throw unusable(
          CERTIFICATE, "would be refused by the other nodes, see " + AUTHORITY + ": " + root(e));
    }
  }

  private static String root(Throwable failure) {
    return failure.getCause() == null ? failure.getMessage() : root(failure.getCause());
  }

  private Unusable unusable(String file, String why) {
    return new Unusable(setting + ": " + directory.resolve(file) + " " + why);
  }

  /** The files cannot be used; the message is one line that names setting and file. */
  public static final class Unusable extends RuntimeException {
    private static final long serialVersionUID = 1L;

    Unusable(String message) {
      super(message.replaceAll("\\s+", " "));
    }
  }
}
