package dev.starling.cli;

import java.util.Map;
import java.util.concurrent.Callable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Option;

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
      "  starling call user.register --body '{\"username\":\"ada\",\"password\":\"…\"}' --timeout 2s",
      "  starling call user.me --token-file token --node n2 --trace"
    })
final class Call implements Callable<Integer> {
  private final Session session;

  Call(Session session) {
    this.session = session;
  }

  @Mixin private CallArguments arguments;

  @Option(
      names = "--node",
      paramLabel = "NODE",
      description = "Call the instance on this node and no other (default: the cluster chooses)")
  private String node;

  @Option(
      names = "--trace",
      description = "Show all hops with their steps afterwards, on standard error")
  private boolean trace;

  @Override
  public Integer call() {
    Map<String, Object> request = arguments.request(session);
    if (node != null) {
      request.put("node", node);
    }
    OperatorPort.Answer answer = session.port().call(Json.write(request), arguments.timeout());
    if (!answer.good()) {
      throw OperatorPort.refusal(
          answer,
          answer.status() == 404
              ? "starling services lists the instances"
              : "starling describe " + arguments.address());
    }
    int exit = tell(answer, session);
    if (trace && !session.json()) {
      session.out().flush();
      session.err().println();
      Hops.of(answer.json()).show(new Screen(session.err(), session.colour()), session.err());
    }
    return exit;
  }

  /** Shows what came of a call or a message: the reply, or the problem. */
  static int tell(OperatorPort.Answer answer, Session session) {
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
}
