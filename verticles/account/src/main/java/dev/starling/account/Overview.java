package dev.starling.account;

import dev.starling.runtime.ErrorCode;
import dev.starling.runtime.ServiceException;
import dev.starling.user.api.UserContract;
import dev.starling.user.api.UserContract.Done;
import dev.starling.user.api.UserContract.EndSession;
import dev.starling.user.api.UserContract.Me;
import dev.starling.user.api.UserContract.MySessions;
import dev.starling.user.api.UserContract.Session;
import dev.starling.user.api.UserContract.SessionList;
import dev.starling.user.api.UserContract.User;
import io.vertx.core.Future;
import java.time.Instant;
import java.time.ZoneOffset;
import java.time.format.DateTimeFormatter;
import java.util.HashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.UUID;
import java.util.function.Supplier;

/** The account as it is, and where its user is signed in. */
final class Overview {
  private static final DateTimeFormatter TIME =
      DateTimeFormatter.ofPattern("d MMMM uuuu, HH:mm 'UTC'", Locale.ENGLISH)
          .withZone(ZoneOffset.UTC);

  Future<Void> show(Visit visit) {
    Future<User> user = visit.call(UserContract.ME, new Me());
    Future<SessionList> sessions = visit.call(UserContract.SESSIONS, new MySessions());
    Future<Boolean> mail = visit.sendsMail();
    return Future.all(user, sessions, mail)
        .compose(
            v -> {
              Map<String, Object> model = model(visit, user.result(), sessions.result());
              model.put("mail", mail.result());
              return visit.show(200, "overview", model);
            });
  }

  private static Map<String, Object> model(Visit visit, User user, SessionList sessions) {
    Map<String, Object> model = new HashMap<>();
    model.put("title", "Your account");
    model.put("notice", Notices.text(visit.asked("done")));
    model.put("username", user.username());
    model.put("email", user.email());
    model.put("secondFactor", user.secondFactor());
    model.put("since", time(user.created()));
    model.put("sessions", sessions.sessions().stream().map(Overview::session).toList());
    model.put("elsewhere", sessions.sessions().stream().anyMatch(session -> !session.current()));
    return model;
  }

  private static Map<String, Object> session(Session session) {
    Map<String, Object> model = new HashMap<>();
    model.put("id", session.id());
    model.put("current", session.current());
    model.put("began", time(session.created()));
    model.put("used", time(session.lastUsed()));
    model.put("network", session.network());
    model.put("agent", session.agent());
    return model;
  }

  private static Map<String, String> time(Instant instant) {
    return Map.of("exact", instant.toString(), "text", TIME.format(instant));
  }

  /** Ends the session that the form names. */
  Future<Void> end(Visit visit) {
    return own(
        visit, () -> end(visit, id(visit.field("id"))).compose(v -> visit.done(Notices.ENDED)));
  }

  /** Ends all but the one that asks, each by itself: some may end when others cannot. */
  Future<Void> endOthers(Visit visit) {
    return own(
        visit,
        () ->
            visit
                .call(UserContract.SESSIONS, new MySessions())
                .compose(
                    list ->
                        Future.join(
                            list.sessions().stream()
                                .filter(session -> !session.current())
                                .map(session -> end(visit, session.id()))
                                .toList()))
                .compose(v -> visit.done(Notices.OTHERS_ENDED)));
  }

  private static Future<Void> own(Visit visit, Supplier<Future<Void>> answer) {
    return visit.isSignedIn().compose(signedIn -> signedIn ? answer.get() : visit.go(""));
  }

  /** One that has gone has ended. */
  private static Future<Done> end(Visit visit, UUID id) {
    return visit
        .call(UserContract.END_SESSION, new EndSession(id))
        .recover(
            e ->
                ServiceException.of(e).code() == ErrorCode.NOT_FOUND
                    ? Future.succeededFuture(new Done())
                    : Future.failedFuture(e));
  }

  private static UUID id(String text) {
    try {
      return UUID.fromString(text);
    } catch (IllegalArgumentException e) {
      throw new ServiceException(ErrorCode.NOT_FOUND, "There is no such session", List.of(), e);
    }
  }
}
