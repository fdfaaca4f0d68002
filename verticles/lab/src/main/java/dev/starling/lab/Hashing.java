package dev.starling.lab;

import dev.starling.user.service.HashAlone;
import java.time.Duration;

/** The password hash alone, in this process: the least that a log-in can cost. */
record Hashing(String name) implements Subject {
  @Override
  public Sample round(Pace pace) throws Exception {
    HashAlone.Work work = HashAlone.compute(pace.time());
    return Sample.closed(work.hashes(), work.seconds(), work.cpuMicros(), 0);
  }

  @Override
  public void warm(Pace pace) throws Exception {
    HashAlone.compute(Duration.ofSeconds(1));
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
