package dev.starling.runtime;

import java.util.List;
import java.util.Set;
import java.util.concurrent.ConcurrentSkipListSet;
import java.util.function.Consumer;

/** A cluster whose other nodes come and go as a test says; one is there from the beginning. */
final class Nodes implements Membership {
  final Set<String> now = new ConcurrentSkipListSet<>(List.of("node-1", OneNode.SELF));
  private Consumer<String> left = node -> {};
  private Consumer<String> joined = node -> {};
  Runnable merged;

  void join(String node) {
    now.add(node);
    joined.accept(node);
  }

  void leave(String node) {
    now.remove(node);
    left.accept(node);
  }

  @Override
  public String self() {
    return OneNode.SELF;
  }

  @Override
  public Set<String> nodes() {
    return Set.copyOf(now);
  }

  @Override
  public void onLeft(Consumer<String> node) {
    left = left.andThen(node);
  }

  @Override
  public void onJoined(Consumer<String> node) {
    joined = joined.andThen(node);
  }

  @Override
  public void onMerged(Runnable whole) {
    merged = whole;
  }
}
