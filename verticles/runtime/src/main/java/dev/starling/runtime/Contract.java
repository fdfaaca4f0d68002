package dev.starling.runtime;

import java.util.List;

/**
 * Makes the operations of a service known to every node that has its jar on the class path, also to
 * one that does not run it: a gateway alone then answers 503 for them, not 404.
 *
 * <p>Named in {@code META-INF/services/dev.starling.runtime.Contract}. Optional: without it a
 * service becomes known when its first instance announces itself.
 */
public interface Contract {
  List<Operation<?, ?>> operations();
}
