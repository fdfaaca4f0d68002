package dev.starling.launcher;

import java.util.Map;
import java.util.Set;
import java.util.TreeMap;
import java.util.TreeSet;
import java.util.regex.Pattern;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Variables that Kubernetes and Docker put into an environment, uninvited, for every service they
 * know: one that is called starling makes STARLING_SERVICE_HOST, STARLING_PORT and more, none of
 * them a setting.
 *
 * <p>Name and value must both have the form of such a link ({@code enableServiceLinks} of
 * Kubernetes, {@code --link} of Docker), so that no mistake of an operator is taken for one.
 */
final class ServiceLinks {
  private static final String ADDRESS = "(?:[\\d.]+|[\\p{XDigit}:.]*:[\\p{XDigit}:.]*)";
  private static final String URL = "(?:tcp|udp|sctp)://(?:[\\d.]+|\\[[\\p{XDigit}:.]+]):\\d{1,5}";
  private static final Pattern LINK =
      Pattern.compile(
          "STARLING(?:_[A-Z0-9_]+)?_"
              + ("(?:SERVICE_HOST=" + ADDRESS)
              + "|SERVICE_PORT(?:_[A-Z0-9_]+)?=\\d{1,5}"
              + ("|PORT=" + URL)
              + "|PORT_\\d{1,5}_(?:TCP|UDP|SCTP)(?:"
              + ("=" + URL)
              + "|_PROTO=(?:tcp|udp|sctp)"
              + "|_PORT=\\d{1,5}"
              + ("|_ADDR=" + ADDRESS)
              + "))");
  private static final Logger log = LoggerFactory.getLogger(ServiceLinks.class);

  private ServiceLinks() {}

  /** The environment without the links in it, which are logged. */
  static Map<String, String> removedFrom(Map<String, String> environment, Set<String> settings) {
    Map<String, String> ours = new TreeMap<>(environment);
    ours.entrySet()
        .removeIf(v -> !settings.contains(v.getKey()) && isLink(v.getKey(), v.getValue()));
    Set<String> links = new TreeSet<>(environment.keySet());
    links.removeAll(ours.keySet());
    if (!links.isEmpty()) {
      log.info("Links to a service, not settings of this node: {}", String.join(", ", links));
    }
    return ours;
  }

  private static boolean isLink(String name, String value) {
    return LINK.matcher(name + "=" + value).matches();
  }
}
