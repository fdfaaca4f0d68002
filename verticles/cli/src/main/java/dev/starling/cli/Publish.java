package dev.starling.cli;

import java.util.concurrent.Callable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Parameters;

/** A message to all who listen. */
@Command(
    name = "publish",
    description = {
      "Publish a message to all who listen at an address of the event bus.",
      "",
      "Nobody replies, and whether each has got it is not told. No token goes along. Addresses that"
          + " begin with starling., vertx. or __vertx are for nodes themselves, and refused."
    },
    exitCodeList = {
      "0:published",
      "1:nobody listens there, or it was refused; the problem is on standard error",
      "2:the operator port cannot be reached, or refuses the token",
      "64:the command line is wrong"
    },
    footer = {
      "  starling publish billing.paused '{\"until\":\"2026-12-01T00:00:00Z\"}'",
      "  starling publish billing.paused @message.json"
    })
final class Publish implements Callable<Integer> {
  private final Session session;

  Publish(Session session) {
    this.session = session;
  }

  @Parameters(index = "0", paramLabel = "ADDRESS", description = "As billing.paused")
  private String address;

  @Parameters(
      index = "1",
      paramLabel = "JSON",
      description = "The message, any JSON value; @FILE or @- reads it")
  private String body;

  @Override
  public Integer call() {
    return Send.tell("publish", address, body, address + ": published to all who listen", session);
  }
}
