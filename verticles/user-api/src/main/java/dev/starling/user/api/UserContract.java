package dev.starling.user.api;

import com.fasterxml.jackson.annotation.JsonInclude;
import com.fasterxml.jackson.annotation.JsonInclude.Include;
import com.fasterxml.jackson.annotation.JsonProperty;
import dev.starling.runtime.Contract;
import dev.starling.runtime.Operation;
import io.vertx.core.http.HttpMethod;
import jakarta.validation.constraints.Max;
import jakarta.validation.constraints.Min;
import jakarta.validation.constraints.NotNull;
import jakarta.validation.constraints.Pattern;
import jakarta.validation.constraints.Size;
import java.time.Duration;
import java.time.Instant;
import java.util.List;
import java.util.UUID;
import org.hibernate.validator.constraints.CodePointLength;

/** The user service: whom it knows and how one proves to be one of them. */
public final class UserContract implements Contract {
  private static final String SERVICE = "user";
  private static final String NAME = "[A-Za-z0-9][A-Za-z0-9._-]{2,63}";
  private static final String NAME_RULE =
      "must have 3 to 64 of the characters a-z, 0-9, '.', '_' and '-' and begin with a letter or"
          + " digit";
  private static final String LENGTH_RULE = "must have {min} to {max} characters";

  /**
   * Makes an account. 409 when the name is taken, in whatever spelling. A key is kept for 24 hours
   * at least: the same request with it gets the same answer again, another one 422.
   */
  public static final Operation<Register, User> REGISTER =
      Operation.command(SERVICE, "register", Register.class, User.class)
          .at(HttpMethod.POST, "/api/users")
          .creates("/api/users/{id}")
          .keyed()
          .open();

  /**
   * Begins a session. 401 for an unknown name and for a wrong password alike, 429 after too many
   * wrong ones, 403 when one is not enough any more on a device that the account does not know.
   */
  public static final Operation<Login, Tokens> LOGIN =
      Operation.command(SERVICE, "login", Login.class, Tokens.class)
          .at(HttpMethod.POST, "/api/login")
          .open();

  /**
   * Goes on with a session: the token given is used up, the one in the answer takes its place. The
   * same token again, within seconds and before its successor was used, gets the same successor
   * again: an answer may be lost. At any other time it has been stolen, from the client or by it,
   * so that the session ends. 401 for any token that is not valid.
   */
  public static final Operation<Refresh, Tokens> REFRESH =
      Operation.command(SERVICE, "refresh", Refresh.class, Tokens.class)
          .idempotent()
          .at(HttpMethod.POST, "/api/refresh")
          .open();

  /**
   * Ends the session of a refresh token, whichever of it, and says nothing of one it does not know.
   */
  public static final Operation<Logout, Done> LOGOUT =
      Operation.command(SERVICE, "logout", Logout.class, Done.class)
          .idempotent()
          .at(HttpMethod.POST, "/api/logout")
          .open();

  /** Ends all sessions of the caller, this one too. */
  public static final Operation<LogoutAll, Done> LOGOUT_ALL =
      Operation.command(SERVICE, "logout-all", LogoutAll.class, Done.class)
          .idempotent()
          .at(HttpMethod.POST, "/api/logout-all");

  /** The caller's sessions that have not ended, the one used last first. */
  public static final Operation<MySessions, SessionList> SESSIONS =
      Operation.query(SERVICE, "sessions", MySessions.class, SessionList.class)
          .at(HttpMethod.GET, "/api/users/me/sessions");

  /** Ends a session of the caller. 404 for another's, as for one that does not exist. */
  public static final Operation<EndSession, Done> END_SESSION =
      Operation.command(SERVICE, "end-session", EndSession.class, Done.class)
          .idempotent()
          .at(HttpMethod.DELETE, "/api/users/me/sessions/{id}");

  /**
   * Changes the caller's password, ends all sessions and begins a new one. 422 when the current
   * password is wrong.
   */
  public static final Operation<ChangePassword, Tokens> CHANGE_PASSWORD =
      Operation.command(SERVICE, "change-password", ChangePassword.class, Tokens.class)
          .at(HttpMethod.PUT, "/api/users/me/password");

  /** The caller's own account. */
  public static final Operation<Me, User> ME =
      Operation.query(SERVICE, "me", Me.class, User.class).at(HttpMethod.GET, "/api/users/me");

  /** One account. Another's than the caller's answers 404, as one that does not exist. */
  public static final Operation<ById, User> GET =
      Operation.query(SERVICE, "get", ById.class, User.class).at(HttpMethod.GET, "/api/users/{id}");

  /**
   * Ends the caller's account for good; 422 when the password is wrong, 409 for the only
   * administrator. All sessions end, what is personal is erased, and nobody gets the name for a
   * while.
   */
  public static final Operation<DeleteMe, Done> DELETE_ME =
      Operation.command(SERVICE, "delete-me", DeleteMe.class, Done.class)
          .at(HttpMethod.POST, "/api/users/me/deletion");

  /**
   * Changes the caller's name, by which it logs in from now on. 409 when the name is taken, 422
   * when the password is wrong.
   */
  public static final Operation<ChangeName, User> CHANGE_NAME =
      Operation.command(SERVICE, "change-name", ChangeName.class, User.class)
          .at(HttpMethod.PUT, "/api/users/me/username");

  /**
   * Sends a code to another address of the caller; with the code it is the account's ({@link
   * #VERIFY_EMAIL}). An address that another account has is told so by mail, and nobody else. 422
   * when the password is wrong, or where no mail is sent.
   */
  public static final Operation<ChangeEmail, Done> CHANGE_EMAIL =
      Operation.command(SERVICE, "change-email", ChangeEmail.class, Done.class)
          .at(HttpMethod.PUT, "/api/users/me/email");

  /**
   * Shows by a code that the caller has received a mail: its address is the account's. 422 for any
   * other code, and for one that somebody else asked for.
   */
  public static final Operation<VerifyEmail, Done> VERIFY_EMAIL =
      Operation.command(SERVICE, "verify-email", VerifyEmail.class, Done.class)
          .at(HttpMethod.POST, "/api/users/me/email/verification");

  /** Sends a code to an address, if it is an account's; the answer is the same if it is not. */
  public static final Operation<StartReset, Done> START_RESET =
      Operation.command(SERVICE, "start-reset", StartReset.class, Done.class)
          .at(HttpMethod.POST, "/api/password-reset")
          .open();

  /**
   * Gives the account of a code another password and ends its sessions; begins none. 422 for a code
   * that is not valid.
   */
  public static final Operation<FinishReset, Done> FINISH_RESET =
      Operation.command(SERVICE, "finish-reset", FinishReset.class, Done.class)
          .at(HttpMethod.POST, "/api/password-reset/completion")
          .open();

  /**
   * Makes the secret of one-time passwords (RFC 6238); they are asked for once the first has come
   * ({@link #CONFIRM_TOTP}). 403 when they are already, 422 when the password is wrong.
   */
  public static final Operation<BeginTotp, TotpSecret> BEGIN_TOTP =
      Operation.command(SERVICE, "begin-totp", BeginTotp.class, TotpSecret.class)
          .at(HttpMethod.POST, "/api/users/me/totp");

  /** From now on log-ins need a one-time password. 422 when it is wrong, 409 without a secret. */
  public static final Operation<ConfirmTotp, RecoveryCodes> CONFIRM_TOTP =
      Operation.command(SERVICE, "confirm-totp", ConfirmTotp.class, RecoveryCodes.class)
          .at(HttpMethod.POST, "/api/users/me/totp/confirmation");

  /** From now on the password is enough. 422 when it or the one-time password is wrong. */
  public static final Operation<EndTotp, Done> END_TOTP =
      Operation.command(SERVICE, "end-totp", EndTotp.class, Done.class)
          .at(HttpMethod.POST, "/api/users/me/totp/deletion");

  /**
   * What is kept of the caller: the account, its latest 1,000 sessions and mails, and what happened
   * to it or was done by its owner, newest first, page by page. Nothing of passwords, tokens and
   * codes, and nothing of others.
   */
  public static final Operation<ExportMe, Export> EXPORT =
      Operation.query(SERVICE, "export", ExportMe.class, Export.class)
          .at(HttpMethod.GET, "/api/users/me/export");

  /** Accounts, page by page, in no order that means anything; or the one of a name. */
  public static final Operation<Accounts, AccountPage> ACCOUNTS =
      Operation.query(SERVICE, "accounts", Accounts.class, AccountPage.class)
          .at(HttpMethod.GET, "/admin/users")
          .administrative()
          .only(Operation.ADMINISTRATOR);

  /** One account. */
  public static final Operation<AccountById, Account> ACCOUNT =
      Operation.query(SERVICE, "account", AccountById.class, Account.class)
          .at(HttpMethod.GET, "/admin/users/{id}")
          .administrative()
          .only(Operation.ADMINISTRATOR);

  /**
   * Lets somebody log in or not. It ends all sessions, and wrong passwords of before count no more.
   * 409 for the only administrator.
   */
  public static final Operation<SetEnabled, Account> SET_ENABLED =
      Operation.command(SERVICE, "set-enabled", SetEnabled.class, Account.class)
          .idempotent()
          .at(HttpMethod.PUT, "/admin/users/{id}/enabled")
          .administrative()
          .only(Operation.ADMINISTRATOR);

  /** Gives somebody these roles and no others, and ends all sessions. 409 as above. */
  public static final Operation<SetRoles, Account> SET_ROLES =
      Operation.command(SERVICE, "set-roles", SetRoles.class, Account.class)
          .idempotent()
          .at(HttpMethod.PUT, "/admin/users/{id}/roles")
          .administrative()
          .only(Operation.ADMINISTRATOR);

  /** Ends all sessions of somebody. */
  public static final Operation<AccountById, Done> END_SESSIONS =
      Operation.command(SERVICE, "end-sessions", AccountById.class, Done.class)
          .idempotent()
          .at(HttpMethod.DELETE, "/admin/users/{id}/sessions")
          .administrative()
          .only(Operation.ADMINISTRATOR);

  /** Lets somebody who has lost the second factor log in by password alone. */
  public static final Operation<AccountById, Done> END_SECOND_FACTOR =
      Operation.command(SERVICE, "end-second-factor", AccountById.class, Done.class)
          .idempotent()
          .at(HttpMethod.DELETE, "/admin/users/{id}/totp")
          .administrative()
          .only(Operation.ADMINISTRATOR);

  /** Sends somebody a code for another password. 409 for an account without an address. */
  public static final Operation<AccountById, Done> SEND_RESET =
      Operation.command(SERVICE, "send-reset", AccountById.class, Done.class)
          .at(HttpMethod.POST, "/admin/users/{id}/password-reset")
          .administrative()
          .only(Operation.ADMINISTRATOR);

  /**
   * Makes an account the first administrator's, once: 409 when another is. For the administrator
   * itself, wrong passwords of before count no more: nobody else could let it in. 403 for a wrong
   * secret.
   */
  public static final Operation<FirstAdministrator, Account> FIRST_ADMINISTRATOR =
      Operation.command(SERVICE, "first-administrator", FirstAdministrator.class, Account.class)
          .at(HttpMethod.POST, "/admin/first")
          .administrative()
          .open();

  /** Publishes another key for access tokens; it signs some minutes later, when all know it. */
  public static final Operation<RotateKeys, NextKey> ROTATE_KEYS =
      Operation.command(SERVICE, "rotate-keys", RotateKeys.class, NextKey.class)
          .idempotent()
          .at(HttpMethod.POST, "/admin/keys")
          .administrative()
          .only(Operation.ADMINISTRATOR);

  /** Makes all tokens of a key invalid, for ever: on every node within five seconds. */
  public static final Operation<RevokeKey, Done> REVOKE_KEY =
      Operation.command(SERVICE, "revoke-key", RevokeKey.class, Done.class)
          .idempotent()
          .at(HttpMethod.DELETE, "/admin/keys/{kid}")
          .administrative()
          .only(Operation.ADMINISTRATOR);

  /**
   * Whether the audit log is as its entries were sealed, a portion at a time; names the first that
   * is not.
   */
  public static final Operation<VerifyAudit, AuditVerification> VERIFY_AUDIT =
      Operation.query(SERVICE, "verify-audit", VerifyAudit.class, AuditVerification.class)
          .at(HttpMethod.GET, "/admin/audit/verification")
          .administrative()
          .only(Operation.ADMINISTRATOR);

  /** The public keys of access tokens (RFC 7517). */
  public static final Operation<Keys, KeySet> KEYS =
      Operation.query(SERVICE, "keys", Keys.class, KeySet.class)
          .at(HttpMethod.GET, "/.well-known/jwks.json")
          .open()
          .cacheable(Duration.ofSeconds(300));

  /** Sessions that ended before their access tokens did, for those who verify these. */
  public static final Operation<Since, EndedSessions> REVOCATIONS =
      Operation.query(SERVICE, "revocations", Since.class, EndedSessions.class).open();

  /** What users can do here, so that they are shown nothing else. */
  public static final Operation<AskOffers, Offers> OFFERS =
      Operation.query(SERVICE, "offers", AskOffers.class, Offers.class)
          .within(Duration.ofMillis(500))
          .open();

  @Override
  public List<Operation<?, ?>> operations() {
    return List.of(
        REGISTER,
        LOGIN,
        REFRESH,
        LOGOUT,
        LOGOUT_ALL,
        SESSIONS,
        END_SESSION,
        CHANGE_PASSWORD,
        ME,
        GET,
        DELETE_ME,
        CHANGE_NAME,
        CHANGE_EMAIL,
        VERIFY_EMAIL,
        START_RESET,
        FINISH_RESET,
        BEGIN_TOTP,
        CONFIRM_TOTP,
        END_TOTP,
        EXPORT,
        ACCOUNTS,
        ACCOUNT,
        SET_ENABLED,
        SET_ROLES,
        END_SESSIONS,
        END_SECOND_FACTOR,
        SEND_RESET,
        FIRST_ADMINISTRATOR,
        ROTATE_KEYS,
        REVOKE_KEY,
        VERIFY_AUDIT,
        KEYS,
        REVOCATIONS,
        OFFERS);
  }

  /**
   * Asks for an account.
   *
   * @param username 3 to 64 of a-z, 0-9, dot, underscore and dash, beginning with a letter or
   *     digit; case does not count
   * @param password 8 to 128 characters as Unicode counts them; a node asks for 15 unless
   *     configured otherwise (NIST SP 800-63B-4)
   * @param email null for none; it is the account's once the code that is sent there has come back
   */
  public record Register(
      @NotNull @Pattern(regexp = NAME, message = NAME_RULE) String username,
      @NotNull @CodePointLength(min = 8, max = 128, message = LENGTH_RULE) String password,
      @JsonInclude(Include.NON_NULL) @Size(max = 254) String email) {

    public Register(String username, String password) {
      this(username, password, null);
    }

    @Override
    public String toString() {
      return "Register[]";
    }
  }

  /**
   * Asks for a session.
   *
   * @param username as it was registered, in any case
   * @param password as it was registered
   * @param deviceToken from an earlier log-in to the account on this device, null for none: its
   *     wrong passwords are counted apart from those of everybody else
   * @param oneTimeCode a one-time password of six digits, or a recovery code; needed by accounts
   *     with a second factor, which answer 403 with {@code second-factor} as its rule otherwise
   */
  public record Login(
      @NotNull @Size(max = 256) String username,
      @NotNull @Size(max = 1024) String password,
      @JsonProperty("device_token") @JsonInclude(Include.NON_NULL) @Size(max = 256)
          String deviceToken,
      @JsonProperty("one_time_code") @JsonInclude(Include.NON_NULL) @Size(max = 32)
          String oneTimeCode) {

    public Login(String username, String password) {
      this(username, password, null, null);
    }

    public Login(String username, String password, String deviceToken) {
      this(username, password, deviceToken, null);
    }

    @Override
    public String toString() {
      return "Login[]";
    }
  }

  /**
   * Asks for the next tokens of a session.
   *
   * @param refreshToken the latest of the session
   */
  public record Refresh(
      @JsonProperty("refresh_token") @NotNull @Size(max = 256) String refreshToken) {

    @Override
    public String toString() {
      return "Refresh[]";
    }
  }

  /**
   * Asks for the end of a session.
   *
   * @param refreshToken any of the session
   */
  public record Logout(
      @JsonProperty("refresh_token") @NotNull @Size(max = 256) String refreshToken) {

    @Override
    public String toString() {
      return "Logout[]";
    }
  }

  /** Asks for the end of all sessions of the caller. */
  public record LogoutAll() {}

  /** Asks for the sessions of the caller. */
  public record MySessions() {}

  /**
   * Asks for the end of a session.
   *
   * @param id the session's
   */
  public record EndSession(@NotNull UUID id) {}

  /**
   * Asks for another password.
   *
   * @param currentPassword as it is now
   * @param newPassword 8 to 128 characters as Unicode counts them; a node asks for 15 unless
   *     configured otherwise
   * @param oneTimeCode one of now, or a recovery code, where the account has a second factor
   */
  public record ChangePassword(
      @NotNull @Size(max = 1024) String currentPassword,
      @NotNull @CodePointLength(min = 8, max = 128, message = LENGTH_RULE) String newPassword,
      @JsonProperty("one_time_code") @JsonInclude(Include.NON_NULL) @Size(max = 32)
          String oneTimeCode) {

    public ChangePassword(String currentPassword, String newPassword) {
      this(currentPassword, newPassword, null);
    }

    @Override
    public String toString() {
      return "ChangePassword[]";
    }
  }

  /** It has been done. */
  public record Done() {}

  /**
   * Some sessions.
   *
   * @param sessions that have not ended
   */
  public record SessionList(List<Session> sessions) {}

  /**
   * A session, as its user may see it.
   *
   * @param id the session's
   * @param created when the user logged in
   * @param lastUsed when its tokens were last refreshed, to the minute
   * @param current whether the caller's token is of this one
   * @param network from which the user logged in: the first 24 bits of an IPv4 address, 64 of IPv6;
   *     null where it is not known
   * @param agent what the client called itself then, which may be anything; null for nothing
   */
  public record Session(
      UUID id, Instant created, Instant lastUsed, boolean current, String network, String agent) {

    @Override
    public String toString() {
      return "Session[id=" + id + "]";
    }
  }

  /** Asks what users can do here. */
  public record AskOffers() {}

  /**
   * What depends on how the service is configured.
   *
   * @param mail whether mails are sent: without, no account can have an address
   */
  public record Offers(boolean mail) {}

  /**
   * Asks for the sessions that have ended, from a point on that an answer has named.
   *
   * @param transaction of the database; null for as long ago as an access token can live
   * @param session after which of that transaction; null for all
   */
  public record Since(Long transaction, UUID session) {}

  /**
   * Sessions that have ended, in order.
   *
   * @param sessions their ids
   * @param more with which to ask for the rest; null when there is none
   * @param next with which to ask again later: after a first answer, not after one for the rest
   */
  public record EndedSessions(List<UUID> sessions, Since more, Since next) {}

  /** Asks for the caller's own account. */
  public record Me() {}

  /**
   * Asks for an account.
   *
   * @param id the user's id
   */
  public record ById(@NotNull UUID id) {}

  /**
   * Asks for the end of the caller's account.
   *
   * @param password as it is now
   * @param oneTimeCode one of now, or a recovery code, where the account has a second factor
   */
  public record DeleteMe(
      @NotNull @Size(max = 1024) String password,
      @JsonProperty("one_time_code") @JsonInclude(Include.NON_NULL) @Size(max = 32)
          String oneTimeCode) {

    public DeleteMe(String password) {
      this(password, null);
    }

    @Override
    public String toString() {
      return "DeleteMe[]";
    }
  }

  /**
   * Asks for another name.
   *
   * @param username as for {@link Register}
   * @param password as it is now
   * @param oneTimeCode one of now, or a recovery code, where the account has a second factor
   */
  public record ChangeName(
      @NotNull @Pattern(regexp = NAME, message = NAME_RULE) String username,
      @NotNull @Size(max = 1024) String password,
      @JsonProperty("one_time_code") @JsonInclude(Include.NON_NULL) @Size(max = 32)
          String oneTimeCode) {

    public ChangeName(String username, String password) {
      this(username, password, null);
    }

    @Override
    public String toString() {
      return "ChangeName[]";
    }
  }

  /**
   * Asks for another address.
   *
   * @param email the new one
   * @param password as it is now
   * @param oneTimeCode one of now, or a recovery code, where the account has a second factor
   */
  public record ChangeEmail(
      @NotNull @Size(max = 254) String email,
      @NotNull @Size(max = 1024) String password,
      @JsonProperty("one_time_code") @JsonInclude(Include.NON_NULL) @Size(max = 32)
          String oneTimeCode) {

    public ChangeEmail(String email, String password) {
      this(email, password, null);
    }

    @Override
    public String toString() {
      return "ChangeEmail[]";
    }
  }

  /**
   * Shows that a mail was received.
   *
   * @param code out of the mail
   */
  public record VerifyEmail(@NotNull @Size(max = 256) String code) {

    @Override
    public String toString() {
      return "VerifyEmail[]";
    }
  }

  /**
   * Asks for a mail by which a password can be replaced.
   *
   * @param email address of an account
   */
  public record StartReset(@NotNull @Size(max = 254) String email) {

    @Override
    public String toString() {
      return "StartReset[]";
    }
  }

  /**
   * Replaces a password.
   *
   * @param code out of the mail
   * @param newPassword as for {@link ChangePassword}
   */
  public record FinishReset(
      @NotNull @Size(max = 256) String code,
      @NotNull @CodePointLength(min = 8, max = 128, message = LENGTH_RULE) String newPassword) {

    @Override
    public String toString() {
      return "FinishReset[]";
    }
  }

  /**
   * Asks for the secret of one-time passwords.
   *
   * @param password as it is now
   */
  public record BeginTotp(@NotNull @Size(max = 1024) String password) {

    @Override
    public String toString() {
      return "BeginTotp[]";
    }
  }

  /**
   * What a device that makes one-time passwords is to know.
   *
   * @param secret 160 bits in base32 (RFC 4648)
   * @param uri the same with all else, to be shown as a QR code
   */
  public record TotpSecret(String secret, String uri) {

    @Override
    public String toString() {
      return "TotpSecret[]";
    }
  }

  /**
   * Shows that a device makes the right one-time passwords.
   *
   * @param code the one of now
   */
  public record ConfirmTotp(@NotNull @Size(max = 32) String code) {

    @Override
    public String toString() {
      return "ConfirmTotp[]";
    }
  }

  /**
   * Take the place of one-time passwords, each once.
   *
   * @param codes to be kept by the user; they are told this once only
   */
  public record RecoveryCodes(List<String> codes) {

    @Override
    public String toString() {
      return "RecoveryCodes[]";
    }
  }

  /**
   * Asks for the end of one-time passwords.
   *
   * @param password as it is now
   * @param oneTimeCode one of now, or a recovery code
   */
  public record EndTotp(
      @NotNull @Size(max = 1024) String password,
      @JsonProperty("one_time_code") @NotNull @Size(max = 32) String oneTimeCode) {

    @Override
    public String toString() {
      return "EndTotp[]";
    }
  }

  /**
   * Asks for all that is kept of the caller.
   *
   * @param cursor from the page before; null for the first
   */
  public record ExportMe(@Size(max = 256) String cursor) {}

  /**
   * All that is kept of a user.
   *
   * @param account as an administrator sees it
   * @param sessions that have not been forgotten, the one begun last first; 1,000 at most
   * @param mails of the last two days, newest first; 1,000 at most. Not one with a code for an
   *     address that is not the account's: who has seen that it is there, or not, would know
   *     whether another account has the address
   * @param history what happened, newest first; 1,000 entries at most
   * @param next with which to ask for the rest of the history; null when there is none
   */
  public record Export(
      Account account,
      List<KeptSession> sessions,
      List<KeptMail> mails,
      List<Happening> history,
      String next) {

    @Override
    public String toString() {
      return "Export[id=" + account.id() + "]";
    }
  }

  /**
   * All that is kept of a session.
   *
   * @param id the session's
   * @param created when the user logged in
   * @param lastUsed when its tokens were last refreshed, to the minute
   * @param expires when it ends, come what may
   * @param ended when it has ended; null when it has not
   * @param reason for which it has; null when it has not
   * @param network from which the user logged in, as in {@link Session}
   * @param agent what the client called itself then; null for nothing
   */
  public record KeptSession(
      UUID id,
      Instant created,
      Instant lastUsed,
      Instant expires,
      Instant ended,
      String reason,
      String network,
      String agent) {}

  /**
   * What is kept of a mail.
   *
   * @param at when it was written down
   * @param what it tells of, or what its code is for
   * @param address to which it goes
   * @param sent when it was sent; null when it was not, or not yet
   */
  public record KeptMail(Instant at, String what, String address, Instant sent) {}

  /**
   * Something that happened.
   *
   * @param at when
   * @param what as the audit log names it
   * @param byCaller whether the caller did it; if not, who did is not told
   * @param aboutCaller whether it was done to the caller's account; if not, to whose is not told
   * @param source address from which the caller did it; null where it is not known
   * @param detail JSON; null for none
   */
  public record Happening(
      Instant at,
      String what,
      boolean byCaller,
      boolean aboutCaller,
      String source,
      String detail) {}

  /**
   * Asks for accounts.
   *
   * @param limit of one page, 50 where it is not said
   * @param cursor from the page before; null for the first
   * @param username the one of this name only; null for all
   */
  public record Accounts(
      @Min(1) @Max(200) Integer limit,
      @Size(max = 256) String cursor,
      @Size(max = 256) String username) {}

  /**
   * Some accounts.
   *
   * @param users at most as many as asked for
   * @param next with which to ask for the next page; null after the last
   */
  public record AccountPage(List<Account> users, String next) {}

  /**
   * An account, as an administrator may see it: nothing of its password.
   *
   * @param id the user's
   * @param username as typed
   * @param created when it was registered
   * @param enabled whether the user may log in
   * @param roles what the user may do besides
   * @param email its address, null for none
   * @param secondFactor whether log-ins need a one-time password
   */
  public record Account(
      UUID id,
      String username,
      Instant created,
      boolean enabled,
      List<String> roles,
      @JsonInclude(Include.NON_NULL) String email,
      boolean secondFactor) {

    @Override
    public String toString() {
      return "Account[id=" + id + "]";
    }
  }

  /**
   * Names an account.
   *
   * @param id the user's
   */
  public record AccountById(@NotNull UUID id) {}

  /**
   * Asks for somebody to be let in, or not.
   *
   * @param id the user's
   * @param enabled whether the user may log in
   */
  public record SetEnabled(@NotNull UUID id, @NotNull Boolean enabled) {}

  /**
   * Asks for other roles.
   *
   * @param id the user's
   * @param roles all that the user is to have, ten at most
   */
  public record SetRoles(
      @NotNull UUID id,
      @NotNull @Size(max = 10)
          List<@NotNull @Pattern(regexp = "[a-z][a-z0-9-]{0,31}", message = "is no role") String>
              roles) {}

  /**
   * Asks to make somebody the first administrator.
   *
   * @param username of an account
   * @param secret what is in the file {@code administrator} among the node's secrets
   */
  public record FirstAdministrator(
      @NotNull @Size(max = 256) String username, @NotNull @Size(max = 256) String secret) {

    @Override
    public String toString() {
      return "FirstAdministrator[]";
    }
  }

  /** Asks for another key. */
  public record RotateKeys() {}

  /**
   * The key that is to sign next.
   *
   * @param kid its name
   * @param signsFrom when it begins to
   */
  public record NextKey(String kid, Instant signsFrom) {}

  /**
   * Asks for the end of a key.
   *
   * @param kid its name
   */
  public record RevokeKey(@NotNull @Size(max = 256) String kid) {}

  /**
   * Asks whether the audit log was changed.
   *
   * @param cursor from the portion before, or the end of the log at any earlier time: what is
   *     before it is not looked at; null for the beginning
   */
  public record VerifyAudit(
      @Pattern(regexp = "[0-9]{1,18}:[0-9a-f]{64}", message = "is not from an earlier answer")
          String cursor) {}

  /**
   * A portion of the audit log.
   *
   * @param verified entries that are as they were sealed
   * @param wrong the first that is not; null when all are
   * @param next with which to ask for the next portion; null after the last, and when one is wrong
   * @param end of the log: position and seal of its last entry. Kept elsewhere, it shows later
   *     whether the log still has that entry; null when the log does not say where it ends
   */
  public record AuditVerification(int verified, WrongEntry wrong, String next, String end) {}

  /**
   * An entry of the audit log that is not as it was sealed.
   *
   * @param position in the log; null when it is not known
   * @param entry its id; null when it is not there
   * @param what {@code altered}, {@code removed}, {@code inserted}, or {@code head}: where the log
   *     begins and ends was altered or removed
   */
  public record WrongEntry(Long position, Long entry, String what) {}

  /** Asks for the public keys. */
  public record Keys() {}

  /**
   * An account, as its owner may see it.
   *
   * @param id never changes and is never given again
   * @param username as typed when it was registered
   * @param created when it was registered
   * @param email its address, null for none
   * @param secondFactor whether log-ins need a one-time password
   */
  public record User(
      UUID id,
      String username,
      Instant created,
      @JsonInclude(Include.NON_NULL) String email,
      boolean secondFactor) {

    /** One that has a name and a password only. */
    public User(UUID id, String username, Instant created) {
      this(id, username, created, null, false);
    }

    @Override
    public String toString() {
      return "User[id=" + id + "]";
    }
  }

  /**
   * A session has begun (names of RFC 6749).
   *
   * @param accessToken proves who calls, for {@code expiresIn} seconds
   * @param tokenType always Bearer
   * @param expiresIn seconds
   * @param refreshToken asks for the next access token
   * @param deviceToken to be kept by the device for its next log-in; null except after one, and
   *     after another password
   */
  public record Tokens(
      @JsonProperty("access_token") String accessToken,
      @JsonProperty("token_type") String tokenType,
      @JsonProperty("expires_in") long expiresIn,
      @JsonProperty("refresh_token") String refreshToken,
      @JsonProperty("device_token") @JsonInclude(Include.NON_NULL) String deviceToken) {

    @Override
    public String toString() {
      return "Tokens[expiresIn=" + expiresIn + "]";
    }
  }

  /**
   * A JWK set.
   *
   * @param keys public keys only
   */
  public record KeySet(List<PublicKey> keys) {}

  /**
   * A public key (RFC 8037).
   *
   * @param kty OKP
   * @param crv Ed25519
   * @param x the key
   * @param kid its RFC 7638 thumbprint
   * @param use sig
   * @param alg EdDSA
   */
  public record PublicKey(String kty, String crv, String x, String kid, String use, String alg) {}
}
