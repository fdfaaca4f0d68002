package dev.starling.console;

import dev.starling.runtime.Announcement;
import dev.starling.runtime.Call;
import dev.starling.runtime.CallSearch.Question;
import dev.starling.runtime.ContractDocument;
import dev.starling.runtime.ErrorCode;
import dev.starling.runtime.Node;
import dev.starling.runtime.OperationSpec;
import dev.starling.runtime.ServiceException;
import io.vertx.core.Future;
import io.vertx.core.buffer.Buffer;
import io.vertx.core.json.JsonObject;
import java.util.List;
import java.util.Set;
import java.util.stream.Collectors;

/**
 * A call that an operator makes by hand.
 *
 * @param request as the operation wants it
 * @param token access token of a user; null for none
 * @param budget milliseconds
 * @param instance that is to be called; null for any
 */
record OperatorCall(
    OperationSpec operation, JsonObject request, String token, long budget, String instance) {
  private static final Set<String> MEMBERS =
      Set.of("operation", "request", "token", "timeout", "node");

  private static final int HOPS = 100;

  /**
   * Reads {@code {"operation":"user.login","request":{…},"token":"…","timeout":2000,"node":"n2"}};
   * all but the first may be missing.
   *
   * @param budget milliseconds where no timeout is said
   * @throws ServiceException for what is wrong with it
   */
  static OperatorCall of(Buffer body, Node node, long budget) {
    OperatorBody wanted = OperatorBody.read(body, MEMBERS);
    OperationSpec operation = operation(wanted.text("operation"), node);
    return new OperatorCall(
        operation,
        wanted.has("request") ? wanted.object("request") : new JsonObject(),
        wanted.textOrNull("token"),
        wanted.timeout(budget),
        wanted.has("node") ? instance(operation.service(), wanted.text("node"), node) : null);
  }

  private static String instance(String service, String on, Node node) {
    List<Announcement> there =
        node.directory().announcements().stream().filter(a -> a.service().equals(service)).toList();
    return there.stream()
        .filter(a -> a.nodeName().equals(on))
        .map(Announcement::name)
        .findFirst()
        .orElseThrow(
            () ->
                new ServiceException(
                    ErrorCode.NOT_FOUND,
                    there.isEmpty()
                        ? "The service " + service + " has no instance now"
                        : "The service %s has no instance on %s, but on %s"
                            .formatted(
                                service,
                                on,
                                there.stream()
                                    .map(Announcement::nodeName)
                                    .sorted()
                                    .collect(Collectors.joining(", ")))));
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
    Buffer body = request.toBuffer();
    return (instance == null
            ? node.client().send(operation, body, null, call)
            : node.client().sendTo(instance, operation, body, call))
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
