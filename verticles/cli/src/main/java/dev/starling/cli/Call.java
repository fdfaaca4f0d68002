package dev.starling.cli;

import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.concurrent.Callable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;

/** A call by hand. */
@Command(
    name = "call",
    description = {
      "Call an operation and print its reply.",
      "",
      "Values get the type that the contract says (starling describe). A value @- is read from"
          + " standard input and @FILE from a file, without their last line break (@@ for a value"
          + " that begins with @): secrets belong there, since everybody on this machine can read"
          + " arguments. The operator's token opens nothing that a caller's does not; give that with"
          + " --token-file."
    },
    exitCodeList = {
      "0:answered; the reply is on standard output",
      "1:refused or failed; the problem (RFC 9457) is on standard error",
      "2:the operator port cannot be reached, or refuses the token",
      "64:the command line is wrong"
    },
    footer = {
      "  starling call user.login username=ada password=@-",
      "  starling call user.login username=ada password=@password.txt | jq -r .access_token > token",
      "  starling call user.me --token-file token",
      "  starling call user.register --body '{\"username\":\"ada\",\"password\":\"…\"}' --timeout 2s"
    })
final class Call implements Callable<Integer> {
  private final Session session;

  Call(Session session) {
    this.session = session;
  }

  @Parameters(index = "0", paramLabel = "OPERATION", description = "As user.login")
  private String address;

  @Parameters(
      index = "1..*",
      paramLabel = "FIELD=VALUE",
      description = "A field of the request; @FILE or @- as value reads it")
  private List<String> fields = new ArrayList<>();

  @Option(
      names = "--body",
      paramLabel = "JSON",
      description = "The whole request instead of fields; @FILE or @- reads it")
  private String body;

  @Option(
      names = "--timeout",
      paramLabel = "TIME",
      defaultValue = "5s",
      converter = Durations.class,
      description = "Time that it may take, up to 60s (default: ${DEFAULT-VALUE})")
  private Duration timeout;

  @Option(
      names = "--token-file",
      paramLabel = "FILE",
      description = "File with the access token of the user who calls; - for standard input")
  private String tokenFile;

  @Override
  public Integer call() {
    Operation operation = Operation.find(session.port(), address);
    Map<String, Object> call = call(operation, fields, body, timeout, tokenFile, session);
    OperatorPort.Answer answer = session.port().call(Json.write(call), timeout);
    if (!answer.good()) {
      throw OperatorPort.refusal(answer, "starling describe " + address);
    }
    Json outcome = answer.json();
    boolean good = !outcome.has("problem");
    if (session.json()) {
      session.out().println(answer.text());
    } else if (good) {
      session.out().println(Json.pretty(outcome.get("reply")));
    } else {
      session.err().println(Json.pretty(outcome.get("problem")));
      session.err().println("  next: starling explain " + Explain.kind(outcome.get("problem")));
    }
    return good ? Exit.OK : Exit.NOT_WELL;
  }

  /** What {@code POST /ops/calls} wants. */
  static Map<String, Object> call(
      Operation operation,
      List<String> fields,
      String body,
      Duration timeout,
      String tokenFile,
      Session session) {
    if (timeout.isZero() || timeout.compareTo(Duration.ofSeconds(60)) > 0) {
      throw Failure.usage("--timeout is out of range", "take 1ms to 60s");
    }
    Map<String, Object> call =
        Json.object(
            "operation",
            operation.address(),
            "request",
            new Fields(operation, session).request(fields, body),
            "timeout",
            timeout.toMillis());
    if (tokenFile != null) {
      call.put("token", session.text("@" + tokenFile).strip());
    }
    return call;
  }
}
