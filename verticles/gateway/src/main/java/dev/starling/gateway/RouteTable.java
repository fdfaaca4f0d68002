package dev.starling.gateway;

import dev.starling.runtime.ContractDocument;
import dev.starling.runtime.OperationSpec;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Which operation answers which method and path.
 *
 * <p>A route has one owner: the service that announced it first keeps it. A pinned prefix belongs
 * to its service alone, so that a rogue record cannot capture a path. What is at or below the path
 * of pages is theirs, whoever announces it.
 */
final class RouteTable {
  private static final Logger log = LoggerFactory.getLogger(RouteTable.class);
  static final String OPENAPI = "/openapi.json";

  private final Map<String, String> pins;
  private final List<String> pages;
  private final boolean administrative;
  private final Set<String> reported = new HashSet<>();

  /**
   * Makes a table.
   *
   * @param pins as {@code prefix=service}
   * @param pages where they are
   * @param administrative whether it has the routes for administration, or all others
   */
  RouteTable(List<String> pins, List<String> pages, boolean administrative) {
    this.pages = pages;
    this.administrative = administrative;
    this.pins = new HashMap<>();
    for (String pin : pins) {
      int equals = pin.indexOf('=');
      if (!pin.startsWith("/") || equals < 0) {
        throw new IllegalArgumentException(
            "gateway.routes: '" + pin + "' is not of the form /prefix=service");
      }
      this.pins.put(pin.substring(0, equals), pin.substring(equals + 1));
    }
  }

  /** The routes of these contracts, literal segments before parameters. */
  List<ContractDocument.Entry> of(List<ContractDocument> contracts) {
    Map<String, String> owners = new HashMap<>();
    owners.put("GET " + OPENAPI, "the gateway");
    List<ContractDocument.Entry> routes = new ArrayList<>();
    for (ContractDocument contract : contracts) {
      for (ContractDocument.Entry entry : contract.operations()) {
        OperationSpec operation = entry.operation();
        if (operation.path() != null
            && operation.administrative() == administrative
            && isOwner(operation, owners)) {
          routes.add(entry);
        }
      }
    }
    routes.sort(Comparator.comparing(entry -> sortKey(entry.operation().path())));
    return routes;
  }

  private boolean isOwner(OperationSpec operation, Map<String, String> owners) {
    String route = operation.method() + " " + shape(operation.path());
    String owner = paged(operation.path());
    if (owner == null) {
      owner = pinned(operation.path());
    }
    if (owner == null) {
      owner = owners.getOrDefault(route, operation.service());
    }
    if (!owner.equals(operation.service()) || owners.containsKey(route)) {
      if (reported.add(operation.address() + " " + route)) {
        log.warn("{} is not given {}: it belongs to {}", operation.address(), route, owner);
      }
      return false;
    }
    owners.put(route, owner);
    return true;
  }

  private String paged(String path) {
    return pages.stream()
        .filter(root -> path.equals(root) || path.startsWith(root + "/"))
        .map(root -> "the pages at " + root)
        .findFirst()
        .orElse(null);
  }

  private String pinned(String path) {
    String best = null;
    for (String prefix : pins.keySet()) {
      if (path.startsWith(prefix) && (best == null || prefix.length() > best.length())) {
        best = prefix;
      }
    }
    return best == null ? null : pins.get(best);
  }

  private static String shape(String path) {
    return path.replaceAll("\\{[^}]+}", "{}");
  }

  /** A parameter sorts behind every literal. */
  private static String sortKey(String path) {
    return path.replaceAll("\\{[^}]+}", "\uffff");
  }
}
