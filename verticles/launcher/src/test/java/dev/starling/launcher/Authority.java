package dev.starling.launcher;

import io.netty.pkitesting.CertificateBuilder;
import io.netty.pkitesting.CertificateBuilder.KeyUsage;
import io.netty.pkitesting.X509Bundle;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.time.Instant;

/** A private certificate authority, as scripts/certs makes one, without openssl. */
final class Authority {
  static final Duration YEAR = Duration.ofDays(365);

  private final X509Bundle root;

  private Authority(X509Bundle root) {
    this.root = root;
  }

  static Authority create(String name) {
    return create(name, YEAR);
  }

  static Authority create(String name, Duration left) {
    try {
      return new Authority(
          valid(left)
              .subject("CN=" + name)
              .setIsCertificateAuthority(true)
              .setKeyUsage(true, KeyUsage.keyCertSign)
              .buildSelfSigned());
    } catch (Exception e) {
      throw new AssertionError(e);
    }
  }

  private static CertificateBuilder valid(Duration left) {
    Instant now = Instant.now();
    return new CertificateBuilder()
        .ecp256()
        .notBefore(now.plus(left).minus(YEAR))
        .notAfter(now.plus(left));
  }

  /** Writes what {@code cluster.tls} names, over what is there. */
  Path certify(Path directory) {
    return certify(directory, YEAR);
  }

  /** With a certificate that expires in this time; a negative one has expired. */
  Path certify(Path directory, Duration left) {
    return certify(
        directory, valid(left).addExtendedKeyUsageServerAuth().addExtendedKeyUsageClientAuth());
  }

  /** With a certificate that no client may use, for this machine's name of itself. */
  Path certifyServer(Path directory) {
    return certify(
        directory, valid(YEAR).addExtendedKeyUsageServerAuth().addSanDnsName("localhost"));
  }

  private Path certify(Path directory, CertificateBuilder builder) {
    try {
      X509Bundle own =
          builder
              .subject("CN=" + directory.getFileName())
              .setKeyUsage(true, KeyUsage.digitalSignature)
              .buildIssuedBy(root);
      Files.createDirectories(directory);
      Files.writeString(directory.resolve("tls.crt"), own.getCertificatePEM());
      Files.writeString(directory.resolve("tls.key"), own.getPrivateKeyPEM());
      Files.writeString(directory.resolve("ca.crt"), root.getCertificatePEM());
      return directory;
    } catch (Exception e) {
      throw new AssertionError(e);
    }
  }
}
