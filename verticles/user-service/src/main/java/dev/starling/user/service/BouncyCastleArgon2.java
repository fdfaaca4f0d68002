package dev.starling.user.service;

import java.util.Queue;
import java.util.concurrent.ConcurrentLinkedQueue;
import org.bouncycastle.crypto.generators.Argon2BytesGenerator;
import org.bouncycastle.crypto.generators.Argon2BytesGenerator.FixedBlockPool;
import org.bouncycastle.crypto.params.Argon2Parameters;

/**
 * Computes Argon2id where no native library loads, and what libsodium cannot: more than one lane,
 * unusual salts.
 *
 * <p>Each concurrent computation borrows a pool of blocks and gives it back, so that the heap holds
 * one set of blocks per hash thread; without, the garbage collector takes most of a loaded machine
 * (bc-java issue 1646). A cost above the default draws the rest from the heap and drops it
 * afterwards.
 */
final class BouncyCastleArgon2 implements Argon2 {

  private final Queue<FixedBlockPool> idle = new ConcurrentLinkedQueue<>();

  @Override
  public String name() {
    return "Bouncy Castle";
  }

  @Override
  public byte[] tag(byte[] input, byte[] salt, Cost cost, int length) {
    FixedBlockPool borrowed = idle.poll();
    FixedBlockPool blocks = borrowed == null ? newBlocks() : borrowed;
    try {
      byte[] tag = new byte[length];
      Argon2BytesGenerator generator = new Argon2BytesGenerator();
      generator.init(
          new Argon2Parameters.Builder(Argon2Parameters.ARGON2_id)
              .withVersion(Argon2Parameters.ARGON2_VERSION_13)
              .withMemoryAsKB(cost.memory())
              .withIterations(cost.iterations())
              .withParallelism(cost.lanes())
              .withSalt(salt)
              .withBlockPool(blocks)
              .build());
      generator.generateBytes(input, tag);
      return tag;
    } finally {
      idle.add(blocks);
    }
  }

  /**
   * Not a constant: the first use of Bouncy Castle verifies its jar, which need not delay a start.
   */
  private static FixedBlockPool newBlocks() {
    return new FixedBlockPool(
        Argon2BytesGenerator.getBlockCount(Cost.DEFAULT.memory(), Cost.DEFAULT.lanes()));
  }
}
