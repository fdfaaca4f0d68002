package dev.starling.runtime;

import io.vertx.core.buffer.Buffer;
import jakarta.validation.constraints.NotNull;
import jakarta.validation.constraints.Size;
import java.time.Instant;
import java.util.Map;
import java.util.UUID;
import java.util.concurrent.TimeUnit;
import org.openjdk.jmh.annotations.Benchmark;
import org.openjdk.jmh.annotations.BenchmarkMode;
import org.openjdk.jmh.annotations.Mode;
import org.openjdk.jmh.annotations.OutputTimeUnit;
import org.openjdk.jmh.annotations.Scope;
import org.openjdk.jmh.annotations.State;

/** JSON to records and back, in the shapes of the user service; decoding checks the rules too. */
@State(Scope.Benchmark)
@BenchmarkMode(Mode.AverageTime)
@OutputTimeUnit(TimeUnit.NANOSECONDS)
public class CodecBenchmark {
  private final UUID id = UUID.randomUUID();
  private final Map<String, String> parameters = Map.of("id", id.toString());
  private final Buffer body =
      Buffer.buffer("{\"username\":\"ada\",\"password\":\"correct horse battery\"}");
  private final User user = new User(id, "ada", Instant.now());
  private final Buffer reply = Codec.write(user);

  /** A request from the path of an address. */
  public record ById(@NotNull UUID id) {}

  /** A request from a body. */
  public record Login(
      @NotNull @Size(max = 256) String username, @NotNull @Size(max = 1024) String password) {}

  /** A reply. */
  public record User(UUID id, String username, Instant created) {}

  @Benchmark
  public ById decodeParameters() {
    return Codec.request(null, parameters, ById.class);
  }

  @Benchmark
  public Login decodeBody() {
    return Codec.request(body, null, Login.class);
  }

  @Benchmark
  public User decodeReply() {
    return Codec.reply(reply, User.class);
  }

  @Benchmark
  public Buffer encode() {
    return Codec.write(user);
  }
}
