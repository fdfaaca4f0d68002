package dev.starling.launcher;

import java.math.BigInteger;
import java.nio.ByteBuffer;
import java.security.GeneralSecurityException;
import java.util.Arrays;
import javax.crypto.Mac;
import javax.crypto.spec.SecretKeySpec;

/** An authenticator app (RFC 6238). */
final class OneTime {
  private static final String BASE32 = "ABCDEFGHIJKLMNOPQRSTUVWXYZ234567";

  private OneTime() {}

  /** What it shows now for a secret of 160 bits. */
  static String password(String secret) throws GeneralSecurityException {
    BigInteger bits = BigInteger.ONE; // keeps zeros at the front
    for (char c : secret.toCharArray()) {
      bits = bits.shiftLeft(5).add(BigInteger.valueOf(BASE32.indexOf(c)));
    }
    byte[] key = Arrays.copyOfRange(bits.toByteArray(), 1, 21);
    Mac mac = Mac.getInstance("HmacSHA1");
    mac.init(new SecretKeySpec(key, "HmacSHA1"));
    byte[] hash =
        mac.doFinal(ByteBuffer.allocate(8).putLong(System.currentTimeMillis() / 30_000).array());
    int number = ByteBuffer.wrap(hash).getInt(hash[19] & 0xf) & 0x7fffffff;
    return "%06d".formatted(number % 1_000_000);
  }
}
