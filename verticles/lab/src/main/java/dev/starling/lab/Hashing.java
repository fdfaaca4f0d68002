package dev.starling.lab;

import dev.starling.user.service.HashAlone;
import java.time.Duration;

/**
 * The password hash alone, in this process: the least that a log-in can cost.
 *
 * @param portable whether by Bouncy Castle
 */
record Hashing(String name, boolean portable) implements Subject {
  @Override
  public Sample round(Pace pace) throws Exception {
    HashAlone.Work work = HashAlone.compute(pace.time(), portable);
    return Sample.closed(work.hashes(), work.seconds(), work.cpuMicros(), 0);
  }

  @Override
  public void warm(Pace pace) throws Exception {
    HashAlone.compute(Duration.ofSeconds(1), portable);
  }

  @Override
  public long resident() {
    return 0;
  }

  @Override
  public long started() {
    return 0;
  }
}
