package dev.starling.runtime;

import io.vertx.core.Future;
import io.vertx.core.Vertx;
import io.vertx.core.buffer.Buffer;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import java.util.function.Function;
import java.util.stream.Collectors;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * The contracts that this node knows: those on its class path, and those of instances, fetched once
 * for each hash.
 */
final class Contracts {
  private static final Logger log = LoggerFactory.getLogger(Contracts.class);
  private static final long ASK_AGAIN = 500;

  private final Vertx vertx;
  private final Function<Announcement, Future<Buffer>> ask;
  private final Function<String, Optional<Announcement>> holder;
  private final Runnable changed;
  private final Map<String, ContractDocument> byHash = new ConcurrentHashMap<>();
  private final Map<String, Set<String>> operations = new ConcurrentHashMap<>();
  private final Set<String> asked = ConcurrentHashMap.newKeySet();
  private final Map<String, ContractDocument> byService = new LinkedHashMap<>();

  /**
   * Makes an empty set.
   *
   * @param ask fetches the contract of an instance
   * @param holder any instance that has the contract of a hash now
   * @param changed runs after each change, on any thread
   */
  Contracts(
      Vertx vertx,
      Function<Announcement, Future<Buffer>> ask,
      Function<String, Optional<Announcement>> holder,
      Runnable changed) {
    this.vertx = vertx;
    this.ask = ask;
    this.holder = holder;
    this.changed = changed;
  }

  /** Contracts in the order in which they became known, the newest of each service. */
  synchronized List<ContractDocument> all() {
    return List.copyOf(byService.values());
  }

  /** The names of the operations of a contract; none while it is not known. */
  Set<String> operations(String hash) {
    return operations.getOrDefault(hash, Set.of());
  }

  /** Knows a service that may have no instance yet. */
  void know(ContractDocument contract) {
    keep(contract.hash(), contract);
    boolean isNew;
    synchronized (this) {
      isNew = byService.putIfAbsent(contract.service(), contract) == null;
    }
    if (isNew) {
      changed.run();
    }
  }

  /** Keeps a contract of this node's own under its hash. */
  void keep(String hash, ContractDocument contract) {
    byHash.put(hash, contract);
    operations.put(
        hash,
        contract.operations().stream()
            .map(e -> e.operation().name())
            .collect(Collectors.toUnmodifiableSet()));
  }

  /** Makes the contract of an instance that of its service; fetches it if need be. */
  void learn(Announcement announcement) {
    ContractDocument known = byHash.get(announcement.contract());
    if (known != null) {
      adopt(known);
    } else if (asked.add(announcement.contract())) {
      fetch(announcement)
          .onComplete(done -> asked.remove(announcement.contract()))
          .onSuccess(this::adopt)
          .onFailure(e -> later(announcement, e));
    }
  }

  private Future<ContractDocument> fetch(Announcement announcement) {
    return ask.apply(announcement)
        .map(body -> Codec.reply(body, ContractDocument.class).of(announcement.service()))
        .onSuccess(document -> keep(announcement.contract(), document));
  }

  private void later(Announcement announcement, Throwable failure) {
    log.warn(
        "No contract from {} on {}; asking again: {}",
        announcement.service(),
        announcement.nodeName(),
        failure.toString());
    vertx
        .timer(ASK_AGAIN)
        .onSuccess(v -> holder.apply(announcement.contract()).ifPresent(this::learn));
  }

  /** The newest contract of a service counts; an equal one changes nothing to describe. */
  private void adopt(ContractDocument document) {
    synchronized (this) {
      byService.put(document.service(), document);
    }
    changed.run();
  }
}
