package dev.starling.console;

import dev.starling.runtime.Call;
import dev.starling.runtime.CallSearch.Question;
import dev.starling.runtime.ContractDocument;
import dev.starling.runtime.ErrorCode;
import dev.starling.runtime.Node;
import dev.starling.runtime.OperationSpec;
import dev.starling.runtime.ServiceException;
import io.vertx.core.Future;
import io.vertx.core.buffer.Buffer;
import io.vertx.core.json.DecodeException;
import io.vertx.core.json.JsonObject;
import java.util.Set;

/**
 * A call that an operator makes by hand.
 *
 * @param request as the operation wants it
 * @param token access token of a user; null for none
 * @param budget milliseconds
 */
record OperatorCall(OperationSpec operation, JsonObject request, String token, long budget) {
  private static final Set<String> MEMBERS = Set.of("operation", "request", "token", "timeout");

  /** Milliseconds; a connection ends a minute after its request. */
  private static final long LONGEST = 50_000;

  private static final int HOPS = 100;

  /**
   * Reads {@code {"operation":"user.login","request":{…},"token":"…","timeout":2000}}; all but the
   * first may be missing.
   *
   * @param budget milliseconds where no timeout is said
   * @throws ServiceException for what is wrong with it
   */
  static OperatorCall of(Buffer body, Node node, long budget) {
    JsonObject wanted;
    try {
      wanted = body.toJsonObject();
    } catch (DecodeException | ClassCastException e) {
      throw new ServiceException(ErrorCode.MALFORMED, "The body is not a JSON object");
    }
    wanted.fieldNames().stream()
        .filter(name -> !MEMBERS.contains(name))
        .findFirst()
        .ifPresent(name -> invalid(name, "unknown", "is not known"));
    return new OperatorCall(
        operation(member(wanted, "operation", String.class), node),
        wanted.containsKey("request")
            ? member(wanted, "request", JsonObject.class)
            : new JsonObject(),
        wanted.containsKey("token") ? member(wanted, "token", String.class) : null,
        wanted.containsKey("timeout") ? timeout(wanted) : budget);
  }

  private static <T> T member(JsonObject wanted, String name, Class<T> type) {
    Object value = wanted.getValue(name);
    if (!type.isInstance(value)) {
      String what = type == String.class ? "a string" : "an object";
      invalid(name, "type", "must be " + what);
    }
    return type.cast(value);
  }

  private static long timeout(JsonObject wanted) {
    if (!(wanted.getValue("timeout") instanceof Integer millis) || millis < 1 || millis > LONGEST) {
      throw ServiceException.ofField(
          ErrorCode.INVALID, "/timeout", "range", "must be 1 to " + LONGEST + " milliseconds");
    }
    return millis;
  }

  private static void invalid(String name, String rule, String detail) {
    throw ServiceException.ofField(ErrorCode.INVALID, "/" + name, rule, detail);
  }

  private static OperationSpec operation(String address, Node node) {
    return node.directory().contracts().stream()
        .flatMap(contract -> contract.operations().stream())
        .map(ContractDocument.Entry::operation)
        .filter(operation -> operation.address().equals(address))
        .findFirst()
        .orElseThrow(
            () -> new ServiceException(ErrorCode.NOT_FOUND, "There is no operation " + address));
  }

  /** Makes it; how it ended, well or not, is the answer, with its steps on all nodes. */
  Future<JsonObject> make(Node node) {
    long begin = System.nanoTime();
    Call call = Call.begin(token, budget).watched();
    return node.client()
        .send(operation, request.toBuffer(), null, call)
        .map(reply -> new JsonObject().put("status", 200).put("reply", reply.body().toJsonObject()))
        .otherwise(
            failure -> {
              ServiceException refusal = ServiceException.of(failure);
              return new JsonObject()
                  .put("status", refusal.code().status())
                  .put("problem", refusal.problem(call.trace()));
            })
        .map(
            answer ->
                answer
                    .put("operation", operation.address())
                    .put("trace", call.trace())
                    .put("millis", (System.nanoTime() - begin) / 10_000 / 100.0))
        .compose(
            answer ->
                node.search()
                    .find(new Question(call.trace(), null, null, false, 0, 0, HOPS))
                    .map(found -> answer.mergeIn(FlockViews.calls(found))));
  }
}
