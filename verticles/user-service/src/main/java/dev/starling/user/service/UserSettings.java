package dev.starling.user.service;

import io.vertx.core.json.JsonObject;
import java.nio.file.Path;
import java.time.Duration;
import java.util.Optional;

/** The settings below {@code user} in the configuration; times in milliseconds there. */
record UserSettings(
    Duration accessToken,
    Duration key,
    Sessions.Rules sessions,
    int passwordMinimum,
    Optional<Path> breachedPasswords,
    Argon2.Cost cost,
    Duration deletedNames,
    Duration audit,
    Optional<MailServer> mail) {
  static UserSettings of(JsonObject config) {
    return new UserSettings(
        Duration.ofMillis(config.getLong("access-token-lifetime")),
        Duration.ofMillis(config.getLong("key-lifetime")),
        new Sessions.Rules(
            new Sessions.Times(
                Duration.ofMillis(config.getLong("session-lifetime")),
                Duration.ofMillis(config.getLong("refresh-token-idle"))),
            new Sessions.Times(
                Duration.ofMillis(config.getLong("second-factor-lifetime")),
                Duration.ofMillis(config.getLong("second-factor-idle"))),
            Duration.ofMillis(config.getLong("refresh-token-grace")),
            config.getInteger("sessions")),
        config.getInteger("password-minimum-length"),
        Optional.of(config.getString("breached-passwords"))
            .filter(path -> !path.isEmpty())
            .map(Path::of),
        new Argon2.Cost(config.getInteger("hash-memory"), config.getInteger("hash-iterations"), 1),
        Duration.ofMillis(config.getLong("deleted-names")),
        Duration.ofMillis(config.getLong("audit-kept")),
        MailServer.of(config));
  }
}
