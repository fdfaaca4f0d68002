package dev.starling.cli;

import java.io.IOException;
import java.time.Duration;
import java.util.Map;
import java.util.concurrent.Callable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;

/** A message to one of those who listen. */
@Command(
    name = "send",
    description = {
      "Send a message to an address of the event bus.",
      "",
      "One of those who listen there gets it; its reply is printed if --wait says how long to wait.",
      "",
      "It goes past choice, retries and breakers: starling call is"
          + " for operations, this for any other program on the bus. No token goes along. Addresses"
          + " that begin with starling., vertx. or __vertx are for nodes themselves, and refused."
    },
    exitCodeList = {
      "0:sent; with --wait, the reply is on standard output",
      "1:nobody listens there, no reply came, or it was refused; the problem is on standard error",
      "2:the operator port cannot be reached, or refuses the token",
      "64:the command line is wrong"
    },
    footer = {
      "  starling send user.keys '{}' --wait 2s",
      "  starling send billing.invoices '{\"id\":17}'",
      "  starling send billing.invoices @invoice.json"
    })
final class Send implements Callable<Integer> {
  private static final Duration LONGEST = Duration.ofSeconds(50);

  private final Session session;

  Send(Session session) {
    this.session = session;
  }

  @Parameters(index = "0", paramLabel = "ADDRESS", description = "As user.keys")
  private String address;

  @Parameters(
      index = "1",
      paramLabel = "JSON",
      description = "The message, any JSON value; @FILE or @- reads it")
  private String body;

  @Option(
      names = "--wait",
      paramLabel = "TIME",
      converter = Durations.class,
      description = "Wait so long for a reply, up to 50s (default: none is waited for)")
  private Duration patience;

  @Override
  public Integer call() {
    if (patience == null) {
      return tell("send", address, body, address + ": sent to one of those who listen", session);
    }
    Durations.within(patience, LONGEST, "--wait");
    Map<String, Object> message = message("request", address, body, session);
    message.put("timeout", patience.toMillis());
    return Call.tell(sent(message, patience, session), session);
  }

  /** Sends a message that has no reply, and says so. */
  static int tell(String kind, String address, String body, String said, Session session) {
    OperatorPort.Answer answer =
        sent(message(kind, address, body, session), Duration.ZERO, session);
    boolean isSent = !answer.json().has("problem");
    if (session.json() || !isSent) {
      return Call.tell(answer, session);
    }
    session.screen().line(said);
    return Exit.OK;
  }

  /** What {@code POST /ops/messages} wants. */
  private static Map<String, Object> message(
      String kind, String address, String body, Session session) {
    try {
      Json json = Json.read(session.text(body));
      return Json.object("address", address, "kind", kind, "body", json);
    } catch (IOException e) {
      throw Failure.usage(
          "The message is no JSON", "write it as '{\"name\":\"value\"}', in quotes for the shell");
    }
  }

  private static OperatorPort.Answer sent(
      Map<String, Object> message, Duration patience, Session session) {
    OperatorPort.Answer answer = session.port().message(Json.write(message), patience);
    if (!answer.good()) {
      throw OperatorPort.refusal(answer, "starling send --help says what can be sent");
    }
    return answer;
  }
}
