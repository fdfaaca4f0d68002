package dev.starling.runtime;

import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.annotation.JsonProperty;
import com.fasterxml.jackson.databind.JsonNode;
import io.vertx.core.http.HttpMethod;
import jakarta.validation.constraints.NotNull;
import jakarta.validation.constraints.Size;
import java.util.Collections;
import java.util.List;
import java.util.concurrent.CyclicBarrier;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import org.junit.jupiter.api.Test;

class SchemaTest {
  record Short(@NotNull @Size(max = 3) String name) {}

  record Long(@NotNull @Size(max = 300) String name) {}

  record Renamed(@NotNull @Size(max = 3) @JsonProperty("title") String name) {}

  record ManyShort(List<Short> names) {}

  record ManyLong(List<Long> names) {}

  record Fields(List<@Size(max = 3) String> names) {}

  record LongFields(List<@Size(max = 4) String> names) {}

  record AskedByMany(@NotNull @Size(max = 3) String name) {}

  enum Colour {
    RED
  }

  record Painted(Colour colour) {}

  @Test
  void signsWhatTheSchemaIsMadeOf() {
    assertThat(
            List.of(
                    Short.class,
                    Long.class,
                    Renamed.class,
                    ManyShort.class,
                    ManyLong.class,
                    Fields.class,
                    LongFields.class)
                .stream()
                .map(SchemaTest::body))
        .doesNotHaveDuplicates();
    assertThat(Schema.of(ManyShort.class).signature()).contains("max[3]");
    assertThat(Schema.of(Painted.class).signature()).contains("RED");
  }

  /** Without the name of the outermost record, which alone would make a difference. */
  private static String body(Class<?> type) {
    return Schema.of(type).signature().replace(type.getName(), "");
  }

  /**
   * Two JVMs list them in orders of their own, one that runs from an archive of classes above all.
   */
  @Test
  void signsMembersOfAnnotationsInTheOrderOfTheirNames() {
    String signature = Schema.of(Short.class).signature();

    assertThat(signature.substring(signature.indexOf("Size")))
        .matches("Size groups.* max.* message.* min.* payload.*".replace(" ", ""));
  }

  @Test
  void isTheSameAfterTheWayToAnotherNode() {
    Operation<Short, ManyShort> operation =
        Operation.query("names", "list", Short.class, ManyShort.class)
            .at(HttpMethod.GET, "/names/{name}");
    ContractDocument own = ContractDocument.of("names", List.of(operation));

    ContractDocument received = Codec.reply(Codec.write(own), ContractDocument.class);

    assertThat(received).isEqualTo(own).hasSameHashCodeAs(own);
    assertThat(received.operations().get(0).request().json().at("/properties/name/maxLength"))
        .hasToString("3");
  }

  @Test
  void givesEqualContractsEqualHashes() {
    assertThat(hash(Short.class)).isEqualTo(hash(Short.class)).isNotEqualTo(hash(Long.class));
  }

  /** Instances of one service are asked at the same time; the generator is not made for it. */
  @Test
  void isGeneratedOnceForAllThreads() throws Exception {
    int threads = 8;
    CyclicBarrier together = new CyclicBarrier(threads);
    ExecutorService pool = Executors.newFixedThreadPool(threads);
    try {
      List<Future<JsonNode>> schemas =
          pool.invokeAll(
              Collections.nCopies(
                  threads,
                  () -> {
                    together.await();
                    return Schema.of(AskedByMany.class).json();
                  }));
      JsonNode first = schemas.get(0).get();
      for (Future<JsonNode> schema : schemas) {
        assertThat(schema.get()).isSameAs(first);
      }
    } finally {
      pool.shutdown();
    }
  }

  private static String hash(Class<?> request) {
    return ContractDocument.of(
            "names", List.of(Operation.query("names", "list", request, Short.class)))
        .hash();
  }
}
