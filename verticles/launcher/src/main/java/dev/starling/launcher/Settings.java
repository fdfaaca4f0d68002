package dev.starling.launcher;

import static dev.starling.launcher.Setting.Type.bytes;
import static dev.starling.launcher.Setting.Type.duration;
import static dev.starling.launcher.Setting.Type.flag;
import static dev.starling.launcher.Setting.Type.integer;
import static dev.starling.launcher.Setting.Type.list;
import static dev.starling.launcher.Setting.Type.oneOf;
import static dev.starling.launcher.Setting.Type.path;
import static dev.starling.launcher.Setting.Type.port;
import static dev.starling.launcher.Setting.Type.share;
import static dev.starling.launcher.Setting.Type.text;

import dev.starling.runtime.Limit;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.function.Function;
import java.util.stream.Collectors;
import java.util.stream.Stream;

/** Everything that can be set, in the order in which it is documented and printed. */
final class Settings {
  private static final String SERVICE = "[a-z][a-z0-9-]*";
  private static final String YEAR = "365d";
  private static final Setting.Type HOST = text("a host name or an address", "[^\\s/@]+");
  private static final Setting.Type NAME = text("a name without spaces", "\\S+");

  static final List<Setting> ALL = Stream.concat(nodes(), limits()).toList();

  private static Stream<Setting> nodes() {
    return Stream.of(
        new Setting(
            "node.name",
            text(
                "up to 63 letters, digits, dots, - and _, the first a letter or digit",
                "[A-Za-z0-9][A-Za-z0-9._-]{0,62}"),
            "",
            "Name of this node; empty: derived"),
        new Setting(
            "services",
            list("service names, gateway or all", SERVICE),
            "all",
            "What runs on this node: service names and `gateway`, or `all`"),
        new Setting("http.host", HOST, "127.0.0.1", "Address on which the gateway listens"),
        new Setting("http.port", port(), "8080", "Port of the gateway; 0: any free port"),
        new Setting(
            "http.tls", path(), "", "Directory with tls.crt and tls.key (PEM); empty: no TLS"),
        new Setting("http.insecure", flag(), "false", "Whether plain HTTP may leave the loopback"),
        new Setting(
            "http.cors",
            list("origins such as https://app.example", "https?://[^\\s/?#@,]+"),
            "",
            "Origins whose pages may call; empty: none"),
        new Setting(
            "http.trusted-proxies",
            list("networks such as 10.0.0.0/8 or fd00::/8", "[0-9A-Fa-f.:]+/\\d{1,3}"),
            "",
            "Proxies whose X-Forwarded-For tells the client's address; empty: none"),
        new Setting(
            "http.pages",
            flag(),
            "true",
            "Whether the gateway has pages for persons, as `/account`"),
        new Setting(
            "http.admin.host",
            HOST,
            "127.0.0.1",
            "Address of the gateway's port for administration"),
        new Setting("http.admin.port", port(), "8090", "Port for administration; 0: any free port"),
        new Setting("operator.host", HOST, "127.0.0.1", "Address of the operator's port"),
        new Setting("operator.port", port(), "9090", "Port for operators; 0: any free port"),
        new Setting(
            "operator.insecure",
            flag(),
            "false",
            "Whether the operator's port may leave the loopback, where its token is sent in clear"),
        new Setting("data.directory", path(), "~/.starling", "Where this node keeps its data"),
        new Setting(
            "secrets.directory",
            path(),
            "",
            "Where keys and passwords are kept; empty: `secrets` below data.directory"),
        new Setting(
            "database.url",
            text("postgresql://user:password@host:port/database", "(?s)postgres(ql)?://.+"),
            "",
            true,
            "PostgreSQL to use; empty: the embedded one"),
        new Setting(
            "database.migration-url",
            text("postgresql://user:password@host:port/database", "(?s)postgres(ql)?://.+"),
            "",
            true,
            "The same database as another role, which owns the tables; empty: one role does all"),
        new Setting(
            "database.ca",
            path(),
            "",
            "CA (PEM) by which the database's certificate and the name in it are verified; empty:"
                + " not at all"),
        new Setting(
            "database.insecure",
            flag(),
            "false",
            "Whether the database may be beyond the loopback without database.ca"),
        new Setting(
            "cluster.config",
            path(),
            "",
            "Hazelcast XML: how nodes find each other; empty: loopback only"),
        new Setting("cluster.name", NAME, "starling", "Only nodes with the same name meet"),
        new Setting(
            "cluster.members",
            list("hosts, each with or without a port", "[^\\s,]+"),
            "",
            "Where other nodes are looked for, for tcp-ip.xml"),
        new Setting(
            "cluster.member-port",
            port(),
            "5701",
            "Port of member traffic, for tcp-ip.xml and kubernetes.xml"),
        new Setting(
            "cluster.dns",
            text("a DNS name", "[^\\s/@]+"),
            "",
            "Name of the headless service, for kubernetes.xml"),
        new Setting(
            "cluster.host", HOST, "127.0.0.1", "Address at which other nodes reach this one"),
        new Setting("cluster.port", port(), "0", "Port of the event bus; 0: any free port"),
        new Setting(
            "cluster.minimum-size",
            integer(1, 1_000),
            "1",
            "Nodes below which a node takes itself for cut off and changes nothing; 1: never"),
        new Setting(
            "cluster.tls",
            path(),
            "",
            "Directory with tls.crt, tls.key and ca.crt (PEM) for mutual TLS on the event bus;"
                + " empty: no TLS"),
        new Setting(
            "cluster.insecure",
            flag(),
            "false",
            "Whether the cluster may leave the loopback without TLS"),
        new Setting("auth.issuer", NAME, "starling", "Issuer (`iss`) of access tokens"),
        new Setting("auth.audience", NAME, "starling", "Audience (`aud`) of access tokens"),
        new Setting(
            "auth.keys",
            text("service.operation", SERVICE + "\\.[A-Za-z][A-Za-z0-9-]*"),
            "user.keys",
            "Operation that publishes the keys (JWK set) of access tokens"),
        new Setting(
            "auth.revocations",
            text("service.operation", "(" + SERVICE + "\\.[A-Za-z][A-Za-z0-9-]*)?"),
            "user.revocations",
            "Operation that tells which sessions have ended before their access tokens; empty: none"),
        new Setting(
            "user.access-token-lifetime",
            duration("1s", "900s"),
            "300s",
            "How long an access token is valid"),
        new Setting(
            "user.key-lifetime",
            duration("1d", YEAR),
            "30d",
            "Time after which another key signs access tokens"),
        new Setting(
            "user.refresh-token-idle",
            duration("1s", YEAR),
            "7d",
            "Time after which an unused refresh token expires"),
        new Setting(
            "user.refresh-token-grace",
            duration("0s", "60s"),
            "10s",
            "Time in which a refresh token that was used gets the same successor again"),
        new Setting(
            "user.session-lifetime",
            duration("1s", YEAR),
            "30d",
            "Time after which a user logs in again, come what may"),
        new Setting(
            "user.second-factor-lifetime",
            duration("1s", YEAR),
            "12h",
            "The same for sessions that began with a one-time password"),
        new Setting(
            "user.second-factor-idle",
            duration("1s", YEAR),
            "30m",
            "Time after which an unused refresh token of such a session expires"),
        new Setting(
            "user.sessions",
            integer(1, 1_000),
            "20",
            "Sessions of one user at a time; the one used longest ago makes room for another"),
        new Setting(
            "user.hash-memory",
            integer(12_288, 262_144),
            "19456",
            "KiB of memory that hashing a password takes (Argon2id)"),
        new Setting(
            "user.hash-iterations",
            integer(1, 10),
            "2",
            "Passes over that memory: 1 from 47104 KiB on, 2 from 19456, more below"),
        new Setting(
            "user.password-minimum-length",
            integer(8, 64),
            "15",
            "Characters a new password needs at least"),
        new Setting(
            "user.breached-passwords",
            path(),
            "",
            "File of breached passwords, SHA-1 in order (Pwned Passwords); empty: none"),
        new Setting(
            "user.deleted-names",
            duration("0s", "3650d"),
            "90d",
            "Time for which nobody gets the name of a user who was deleted"),
        new Setting(
            "user.mail-server",
            text("smtp://user:password@host:port, or smtps://", "(?s)smtps?://.+"),
            "",
            true,
            "Server that takes mails: smtp changes to TLS, smtps begins with it; empty: no mail"),
        new Setting(
            "user.mail-ca",
            path(),
            "",
            "CA (PEM) by which its certificate is verified; empty: those that Java knows"),
        new Setting(
            "user.mail-from",
            text("an address", "[^\\s@]+@[^\\s@]+"),
            "",
            "Address that mails come from; needed with user.mail-server"),
        new Setting(
            "user.mail-link",
            text("an address such as https://example.com/account", "https?://[^\\s?#]+[^\\s?#/]"),
            "",
            "Where the account pages are, for links in mails; empty: mails have codes only"),
        new Setting(
            "user.audit-kept",
            duration("1d", "3650d"),
            "365d",
            "Time for which the audit log is kept"),
        new Setting(
            "gateway.routes",
            list("prefix=service, such as /api/login=user", "/[^\\s=,]*=" + SERVICE),
            "",
            "Path prefixes that only the given service may serve; empty: none"),
        new Setting(
            "faults.enabled",
            flag(),
            "false",
            "Whether operators may make calls of this node fail or wait, to test the others"),
        new Setting(
            "traces.otlp",
            text("an address such as http://127.0.0.1:4318/v1/traces", "https?://[^\\s?#@]+"),
            "",
            "Where the spans of calls are sent (OTLP over HTTP); empty: nowhere"),
        new Setting(
            "traces.insecure",
            flag(),
            "false",
            "Whether they may go to another host over plain HTTP"),
        new Setting(
            "traces.sample",
            share(),
            "1",
            "Share of the traces that is sent, and 10 a second more where clients ask for it"),
        new Setting(
            "log.level",
            oneOf("trace", "debug", "info", "warn", "error"),
            "info",
            "Least level that is logged"),
        new Setting(
            "log.format",
            oneOf("text", "json"),
            "text",
            "How it is logged: for people, or one JSON object a line"));
  }

  private static Stream<Setting> limits() {
    return Stream.of(Limit.values()).map(Settings::limit);
  }

  private static Setting limit(Limit limit) {
    if (limit.unit() == Limit.Unit.MILLISECONDS) {
      Setting.Type type = duration(time(limit.least()), time(limit.most()));
      return new Setting(limit.key(), type, time(limit.standard()), limit.meaning());
    }
    if (limit.unit() == Limit.Unit.BYTES) {
      Setting.Type type = bytes(size(limit.least()), size(limit.most()));
      return new Setting(limit.key(), type, size(limit.standard()), limit.meaning());
    }
    Setting.Type type = integer((int) limit.least(), (int) limit.most());
    String percent = limit.unit() == Limit.Unit.PERCENT ? ", in percent" : "";
    return new Setting(
        limit.key(), type, Long.toString(limit.standard()), limit.meaning() + percent);
  }

  private static String size(long bytes) {
    return bytes % (1 << 20) == 0 ? bytes / (1 << 20) + "MiB" : bytes / (1 << 10) + "KiB";
  }

  private static String time(long millis) {
    if (millis % 86_400_000 == 0 && millis > 0) {
      return millis / 86_400_000 + "d";
    }
    if (millis % 3_600_000 == 0 && millis > 0) {
      return millis / 3_600_000 + "h";
    }
    if (millis % 60_000 == 0 && millis > 0) {
      return millis / 60_000 + "m";
    }
    return millis % 1_000 == 0 ? millis / 1_000 + "s" : millis + "ms";
  }

  private Settings() {}

  /** All settings by the name they have in one layer. */
  static Map<String, Setting> by(Function<Setting, String> name) {
    Map<String, Setting> named = new LinkedHashMap<>();
    ALL.forEach(setting -> named.put(name.apply(setting), setting));
    return named;
  }

  /** The settings as a Markdown table. */
  static String table() {
    return ALL.stream()
        .map(
            setting ->
                "| `%s` | %s | %s (%s) |\n"
                    .formatted(
                        setting.path(),
                        setting.standard().isEmpty() ? "" : "`" + setting.standard() + "`",
                        setting.meaning(),
                        setting.type().expected()))
        .collect(
            Collectors.joining(
                "",
                "| key | default | meaning |\n|---|---|---|\n",
                "| `config.<service>` | | What that service's verticle is given (a mapping, only in"
                    + " the file) |\n"));
  }
}
