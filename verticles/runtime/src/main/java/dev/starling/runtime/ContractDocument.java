package dev.starling.runtime;

import com.fasterxml.jackson.core.JsonProcessingException;
import io.vertx.core.json.JsonObject;
import java.nio.charset.StandardCharsets;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.util.Collection;
import java.util.HexFormat;
import java.util.List;

/**
 * A contract as it travels between nodes: whoever has no class of a service calls it, routes to it
 * and describes it by this.
 *
 * @param service the service
 * @param operations all that it offers
 */
public record ContractDocument(String service, List<Entry> operations) {

  /**
   * One operation with the schemas of its messages.
   *
   * @param operation how to call it
   * @param request schema of the request
   * @param reply schema of the reply
   */
  public record Entry(OperationSpec operation, Schema request, Schema reply) {}

  static ContractDocument of(String service, Collection<? extends Operation<?, ?>> operations) {
    return new ContractDocument(
        service,
        operations.stream()
            .map(o -> new Entry(o.spec(), Schema.of(o.request()), Schema.of(o.reply())))
            .toList());
  }

  /**
   * This contract, if it is one of the service: a service speaks for itself alone.
   *
   * @throws IllegalArgumentException if it is another's
   */
  ContractDocument of(String name) {
    if (!name.equals(service)
        || operations.stream().anyMatch(e -> !name.equals(e.operation().service()))) {
      throw new IllegalArgumentException("It is a contract of another service");
    }
    return this;
  }

  /** As it travels. */
  public JsonObject json() {
    return new JsonObject(Codec.write(this));
  }

  /**
   * Names the content of a contract of this node's own classes: nodes with equal hashes have the
   * same contract and need not ask for it. Nodes of different JDKs may ask without need.
   */
  String hash() {
    try {
      MessageDigest digest = MessageDigest.getInstance("SHA-256");
      for (Entry entry : operations) {
        String text =
            Codec.mapper().writeValueAsString(entry.operation())
                + entry.request().signature()
                + entry.reply().signature();
        digest.update(text.getBytes(StandardCharsets.UTF_8));
      }
      return HexFormat.of().formatHex(digest.digest(), 0, 16);
    } catch (JsonProcessingException | NoSuchAlgorithmException e) {
      throw new IllegalStateException(e);
    }
  }
}
