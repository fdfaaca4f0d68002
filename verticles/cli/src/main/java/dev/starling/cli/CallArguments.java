package dev.starling.cli;

import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;

/** What is called, with what, by whom, and for how long: the same wherever calls are made. */
final class CallArguments {
  /** The operator port takes no longer. */
  private static final Duration LONGEST = Duration.ofSeconds(50);

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
      description = "Time that a call may take, up to 50s (default: ${DEFAULT-VALUE})")
  private Duration timeout;

  @Option(
      names = "--token-file",
      paramLabel = "FILE",
      description = "File with the access token of the user who calls; - for standard input")
  private String tokenFile;

  String address() {
    return address;
  }

  Duration timeout() {
    return timeout;
  }

  /** What {@code POST /ops/calls} wants. */
  Map<String, Object> request(Session session) {
    Operation operation = Operation.find(session.port(), address);
    Durations.within(timeout, LONGEST, "--timeout");
    Map<String, Object> request =
        Json.object(
            "operation",
            address,
            "request",
            new Fields(operation, session).request(fields, body),
            "timeout",
            timeout.toMillis());
    if (tokenFile != null) {
      request.put("token", session.text("@" + tokenFile).strip());
    }
    return request;
  }
}
