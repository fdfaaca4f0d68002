package dev.starling.cli;

import java.util.concurrent.Callable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Parameters;

/** All hops of one request. */
@Command(
    name = "trace",
    description = {
      "Show all hops of one request, with their steps, as a tree.",
      "",
      "Asks all nodes for what they remember; no collector is needed. A trace is named by the member"
          + " instance of a problem, the header x-request-id of an answer, each line of the log that"
          + " tells of a call, and starling tail. Nodes remember their latest 1,024 calls, and 256"
          + " more that were slow (the limit calls.slow), failed by a fault or were made by hand:"
          + " steps are kept of those only. Times count from the beginning; those of another node are"
          + " put in the middle of the step that led there, since clocks differ."
    },
    exitCodeList = {
      "0:shown",
      "1:no node remembers it",
      "2:the operator port cannot be reached, or refuses the token",
      "64:the command line is wrong"
    },
    footer = {
      "  starling trace 2890483a5f3b2eab3c0d8e9d5dc5e020",
      "  starling trace urn:starling:trace:2890483a5f3b2eab3c0d8e9d5dc5e020",
      "  starling trace 2890483a5f3b2eab3c0d8e9d5dc5e020 --json | jq '.calls[].steps'"
    })
final class Trace implements Callable<Integer> {
  private static final String PREFIX = "urn:starling:trace:";

  private final Session session;

  Trace(Session session) {
    this.session = session;
  }

  @Parameters(
      paramLabel = "TRACE-ID",
      description = "32 hexadecimal digits, or the member instance of a problem")
  private String id;

  @Override
  public Integer call() {
    String trace = id.startsWith(PREFIX) ? id.substring(PREFIX.length()) : id;
    if (!trace.matches("[0-9a-f]{32}")) {
      throw Failure.usage(
          "'" + id + "' is no trace", "write its 32 hexadecimal digits; starling tail shows some");
    }
    OperatorPort.Answer answer = session.port().view("calls?limit=500&trace=" + trace);
    Hops hops = Hops.of(answer.json());
    if (session.json()) {
      session.out().println(answer.text());
    }
    if (hops.isEmpty()) {
      hops.warn(session.err());
      throw new Failure(
          Exit.NOT_WELL,
          "No node remembers the trace " + trace,
          "nodes keep their latest calls in memory, and forget them when they are restarted",
          "starling tail shows what is called now");
    }
    if (!session.json()) {
      hops.show(session.screen(), session.err());
    }
    return Exit.OK;
  }
}
