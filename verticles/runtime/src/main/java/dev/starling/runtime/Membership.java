package dev.starling.runtime;

import java.util.Set;
import java.util.function.Consumer;

/** stub */
public interface Membership {
  String self();
  Set<String> nodes();
  void onLeft(Consumer<String> listener);
  void onJoined(Consumer<String> listener);
  void onMerged(Runnable listener);

  static Membership alone(String self) {
    return new Membership() {
      public String self() { return self; }
      public Set<String> nodes() { return Set.of(self); }
      public void onLeft(Consumer<String> l) {}
      public void onJoined(Consumer<String> l) {}
      public void onMerged(Runnable l) {}
    };
  }
}
