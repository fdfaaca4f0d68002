package dev.starling.launcher;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.io.InterruptedIOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.TimeUnit;

/**
 * Two machines with a cable between them, as network namespaces. Needs root and iproute2.
 *
 * @param one name of the first, which has the address {@link #ADDRESS_ONE}
 * @param two name of the second, which has the address {@link #ADDRESS_TWO}
 */
record TwoMachines(String one, String two) implements AutoCloseable {
  static final String ADDRESS_ONE = "10.213.0.1";
  static final String ADDRESS_TWO = "10.213.0.2";

  private static final String ID = Long.toString(ProcessHandle.current().pid(), 36);

  static TwoMachines connect() throws IOException {
    TwoMachines machines = new TwoMachines("starling-1-" + ID, "starling-2-" + ID);
    String cable = "s1-" + ID;
    String end = "s2-" + ID;
    String one = machines.one;
    String two = machines.two;
    ip("netns add " + one);
    ip("netns add " + two);
    ip("link add " + cable + " netns " + one + " type veth peer name " + end + " netns " + two);
    ip("-n " + one + " address add " + ADDRESS_ONE + "/24 dev " + cable);
    ip("-n " + two + " address add " + ADDRESS_TWO + "/24 dev " + end);
    for (String link : List.of(one + " link set lo", one + " link set " + cable)) {
      ip("-n " + link + " up");
    }
    for (String link : List.of(two + " link set lo", two + " link set " + end)) {
      ip("-n " + link + " up");
    }
    return machines;
  }

  /** The cable goes with its ends. */
  @Override
  public void close() throws IOException {
    String there = ip("netns list");
    for (String namespace : List.of(one, two)) {
      if (there.contains(namespace)) {
        ip("netns delete " + namespace);
      }
      Files.deleteIfExists(names(namespace).resolve("hosts"));
      Files.deleteIfExists(names(namespace));
    }
  }

  /** Lets one of them alone know a name, by a line of its {@code /etc/hosts}. */
  static void name(String machine, String line) throws IOException {
    Path directory = Files.createDirectories(names(machine));
    Files.writeString(directory.resolve("hosts"), "127.0.0.1 localhost\n" + line + "\n");
  }

  private static Path names(String machine) {
    return Path.of("/etc/netns", machine);
  }

  /** What a program prints that runs on one of them, and succeeds. */
  static String on(String machine, List<String> program) throws IOException {
    return run(List.of("ip", "netns", "exec", machine), program);
  }

  private static String ip(String arguments) throws IOException {
    return run(List.of("ip"), List.of(arguments.split(" ")));
  }

  @SafeVarargs
  private static String run(List<String>... parts) throws IOException {
    List<String> command = new ArrayList<>();
    for (List<String> part : parts) {
      command.addAll(part);
    }
    Process process = new ProcessBuilder(command).redirectErrorStream(true).start();
    String output = new String(process.getInputStream().readAllBytes(), StandardCharsets.UTF_8);
    try {
      assertThat(process.waitFor(30, TimeUnit.SECONDS)).as(command.toString()).isTrue();
    } catch (InterruptedException e) {
      throw new InterruptedIOException(command.toString());
    }
    assertThat(process.exitValue()).as(command + ": " + output).isZero();
    return output;
  }
}
