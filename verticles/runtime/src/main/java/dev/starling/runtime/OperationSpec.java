package dev.starling.runtime;

import com.fasterxml.jackson.annotation.JsonInclude;
import java.util.function.Consumer;

/**
 * What one must know of an operation to call it without having its classes; part of the contract
 * that travels between nodes.
 *
 * @param service the service that offers it
 * @param name its name within the service
 * @param idempotent whether doing it twice is as good as once
 * @param keyed whether it is as good as once when both times have the same {@link Call#key()}
 * @param open whether it may be called without an access token
 * @param method HTTP method, null when it has no route
 * @param path HTTP path with {@code {parameter}} segments, null when it has no route
 * @param budget time for the whole call, in milliseconds
 * @param location path of what the operation creates, with {@code {member}} of its reply, or null
 * @param maxAge seconds for which any cache may keep the reply, 0 for not at all
 * @param changes whether it changes anything, so that a node which is cut off refuses it
 * @param silent whether the reply says nothing but that it was done: 204 over HTTP
 * @param role that a caller must have, null for none
 * @param administrative whether its route is on the port for administration, and on no other
 */
@JsonInclude(JsonInclude.Include.NON_NULL)
public record OperationSpec(
    String service,
    String name,
    boolean idempotent,
    boolean keyed,
    boolean open,
    String method,
    String path,
    long budget,
    String location,
    long maxAge,
    boolean changes,
    boolean silent,
    String role,
    boolean administrative) {

  /** An idempotent, open operation without a route, known by its name alone. */
  static OperationSpec named(String service, String name, long budget) {
    return new OperationSpec(
        service, name, true, false, true, null, null, budget, null, 0, false, false, null, false);
  }

  /** The same with some components changed. */
  OperationSpec with(Consumer<Change> change) {
    Change changed = new Change(this);
    change.accept(changed);
    return new OperationSpec(
        service,
        name,
        changed.idempotent,
        changed.keyed,
        changed.open,
        changed.method,
        changed.path,
        changed.budget,
        changed.location,
        changed.maxAge,
        changes,
        silent,
        changed.role,
        changed.administrative);
  }

  /** The components that can be said one after the other. */
  static final class Change {
    boolean idempotent;
    boolean keyed;
    boolean open;
    String method;
    String path;
    long budget;
    String location;
    long maxAge;
    String role;
    boolean administrative;

    private Change(OperationSpec spec) {
      idempotent = spec.idempotent;
      keyed = spec.keyed;
      open = spec.open;
      method = spec.method;
      path = spec.path;
      budget = spec.budget;
      location = spec.location;
      maxAge = spec.maxAge;
      role = spec.role;
      administrative = spec.administrative;
    }
  }

  /** Whether a call with this key, or with none if null, may be made twice. */
  boolean isRepeatable(String key) {
    return idempotent || keyed && key != null;
  }

  /** The plain bus address on which any program may send it a JSON object. */
  public String address() {
    return service + "." + name;
  }
}
