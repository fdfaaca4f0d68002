package dev.starling.runtime;

import io.vertx.core.http.HttpMethod;
import java.time.Duration;
import java.util.function.Consumer;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.stream.Stream;

/**
 * One constant of this type is the whole contract between a caller and a callee.
 *
 * <pre>{@code
 * Operation<Greet, Greeted> GREET =
 *     Operation.query("greeting", "greet", Greet.class, Greeted.class)
 *         .at(HttpMethod.GET, "/greetings/{name}")
 *         .open();
 * }</pre>
 *
 * Request and reply are records. Jakarta Validation annotations on the components of the request
 * say what is valid; errors, JSON Schema and OpenAPI all follow from them. An operation needs an
 * access token unless it is {@link #open()}, and has 2.5 s unless {@link #within} says otherwise. A
 * reply without components is 204 over HTTP.
 *
 * @param <I> the request
 * @param <O> the reply
 */
public final class Operation<I, O> {
  /** The role of those who administer the system. */
  public static final String ADMINISTRATOR = "admin";

  private static final Pattern NAME = Pattern.compile("[a-z][a-z0-9-]{0,31}");
  private static final Pattern PATH =
      Pattern.compile("(/((?!\\.{1,2}(/|$))[A-Za-z0-9._~-]+|\\{[A-Za-z0-9_]+}))+");
  private static final Pattern MEMBER = Pattern.compile("\\{([^}]+)}");
  private static final Duration BUDGET = Duration.ofMillis(2500);

  private final OperationSpec spec;
  private final Class<I> request;
  private final Class<O> reply;

  private Operation(OperationSpec spec, Class<I> request, Class<O> reply) {
    this.spec = spec;
    this.request = request;
    this.reply = reply;
  }

  /** An operation that changes nothing, so that it may be repeated. */
  public static <I, O> Operation<I, O> query(
      String service, String name, Class<I> request, Class<O> reply) {
    return create(service, name, request, reply, true);
  }

  /**
   * An operation that changes something and is therefore sent once only, unless it is called with a
   * key or says that it is {@link #idempotent()}.
   */
  public static <I, O> Operation<I, O> command(
      String service, String name, Class<I> request, Class<O> reply) {
    return create(service, name, request, reply, false);
  }

  private static <I, O> Operation<I, O> create(
      String service, String name, Class<I> request, Class<O> reply, boolean idempotent) {
    requireMatch(NAME, service, "a service name");
    requireMatch(NAME, name, "an operation name");
    if (!request.isRecord()) {
      throw new IllegalArgumentException(
          "The request of " + service + "." + name + " is not a record: " + request.getName());
    }
    OperationSpec spec =
        new OperationSpec(
            service,
            name,
            idempotent,
            false,
            false,
            null,
            null,
            BUDGET.toMillis(),
            null,
            0,
            !idempotent,
            reply.isRecord() && reply.getRecordComponents().length == 0,
            null,
            false);
    return new Operation<>(spec, request, reply);
  }

  /**
   * Puts the operation on HTTP.
   *
   * @param path segments in braces are members of the request
   */
  public Operation<I, O> at(HttpMethod method, String path) {
    requireMatch(PATH, path, "an HTTP path");
    requireMembers(path);
    return with(
        change -> {
          change.method = method.name();
          change.path = path;
        });
  }

  /**
   * Says that doing it twice is as good as once, though it changes something: it is sent again, to
   * another instance, when one does not answer in time.
   */
  public Operation<I, O> idempotent() {
    return with(change -> change.idempotent = true);
  }

  /**
   * Lets a caller give a key ({@link Call#keyed}): doing it twice with the same key is as good as
   * once, which the handler sees to.
   */
  public Operation<I, O> keyed() {
    return with(change -> change.keyed = true);
  }

  /**
   * Lets anyone call it, without an access token.
   *
   * @throws IllegalStateException when it is {@link #only} for some
   */
  public Operation<I, O> open() {
    return with(change -> change.open = true).checked();
  }

  /**
   * Lets only those call it whose access token has this role among its {@code roles}; 403 for
   * others.
   */
  public Operation<I, O> only(String role) {
    requireMatch(NAME, role, "a role");
    return with(change -> change.role = role).checked();
  }

  private Operation<I, O> checked() {
    if (spec.open() && spec.role() != null) {
      throw new IllegalStateException(this + " cannot be for a role and open at once");
    }
    return this;
  }

  /** Puts its route on the port for administration instead of the public one. */
  public Operation<I, O> administrative() {
    return with(change -> change.administrative = true);
  }

  /** Sets the time for the whole call, all attempts and hops included: 1 ms to 10 minutes. */
  public Operation<I, O> within(Duration budget) {
    if (budget.toMillis() < 1 || budget.toMillis() > Duration.ofMinutes(10).toMillis()) {
      throw new IllegalArgumentException("A budget is between 1 ms and 10 min, not " + budget);
    }
    return with(change -> change.budget = budget.toMillis());
  }

  /**
   * Makes HTTP answer 201 with a {@code Location}.
   *
   * @param location path whose segments in braces are members of the reply
   */
  public Operation<I, O> creates(String location) {
    requireMatch(PATH, location, "a location");
    return with(change -> change.location = location);
  }

  /** Lets any cache keep the reply, which must be the same for every caller. */
  public Operation<I, O> cacheable(Duration maxAge) {
    return with(change -> change.maxAge = maxAge.toSeconds());
  }

  private Operation<I, O> with(Consumer<OperationSpec.Change> change) {
    return new Operation<>(spec.with(change), request, reply);
  }

  private void requireMembers(String path) {
    Matcher names = MEMBER.matcher(path);
    while (names.find()) {
      String name = names.group(1);
      if (Stream.of(request.getRecordComponents()).noneMatch(c -> c.getName().equals(name))) {
        throw new IllegalArgumentException(
            "{" + name + "} in '" + path + "' is not a member of " + request.getName());
      }
    }
  }

  private static void requireMatch(Pattern pattern, String value, String what) {
    if (!pattern.matcher(value).matches()) {
      throw new IllegalArgumentException(
          "'" + value + "' is not " + what + " (" + pattern.pattern() + ")");
    }
  }

  public OperationSpec spec() {
    return spec;
  }

  public Class<I> request() {
    return request;
  }

  public Class<O> reply() {
    return reply;
  }

  @Override
  public String toString() {
    return spec.address();
  }
}
