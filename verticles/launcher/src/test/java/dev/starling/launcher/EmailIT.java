package dev.starling.launcher;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.catchThrowableOfType;
import static org.awaitility.Awaitility.await;

import com.icegreen.greenmail.util.GreenMail;
import com.icegreen.greenmail.util.ServerSetup;
import dev.starling.harness.Harness;
import dev.starling.runtime.Call;
import dev.starling.runtime.ErrorCode;
import dev.starling.runtime.FieldError;
import dev.starling.runtime.Operation;
import dev.starling.runtime.Secrets;
import dev.starling.runtime.ServiceException;
import dev.starling.user.api.UserContract;
import dev.starling.user.api.UserContract.AccountById;
import dev.starling.user.api.UserContract.BeginTotp;
import dev.starling.user.api.UserContract.ChangeEmail;
import dev.starling.user.api.UserContract.ChangeName;
import dev.starling.user.api.UserContract.ChangePassword;
import dev.starling.user.api.UserContract.DeleteMe;
import dev.starling.user.api.UserContract.FinishReset;
import dev.starling.user.api.UserContract.FirstAdministrator;
import dev.starling.user.api.UserContract.Login;
import dev.starling.user.api.UserContract.Me;
import dev.starling.user.api.UserContract.Refresh;
import dev.starling.user.api.UserContract.Register;
import dev.starling.user.api.UserContract.StartReset;
import dev.starling.user.api.UserContract.Tokens;
import dev.starling.user.api.UserContract.User;
import dev.starling.user.api.UserContract.VerifyEmail;
import io.vertx.core.Future;
import io.vertx.core.json.JsonObject;
import jakarta.mail.MessagingException;
import jakarta.mail.internet.MimeMessage;
import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.security.KeyFactory;
import java.security.KeyStore;
import java.security.cert.Certificate;
import java.security.cert.CertificateFactory;
import java.security.spec.PKCS8EncodedKeySpec;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Base64;
import java.util.List;
import java.util.Objects;
import java.util.UUID;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.stream.IntStream;
import java.util.stream.Stream;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.DisplayName;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** Addresses and what is sent to them, on two nodes and a real SMTP server. */
@Timeout(180)
class EmailIT extends UserNodes {
  private static final String ADDRESS = "ada@mail.example";
  private static final String OTHER = "ada@elsewhere.example";
  private static final String NEXT = "an entirely different one";
  private static final Pattern CODE = Pattern.compile("(?m)^([A-Za-z0-9_-]{43})\\r?$");

  @TempDir private Path directory;

  private GreenMail post;
  private Harness one;
  private Harness two;

  @BeforeEach
  void begins() {
    post = new GreenMail(new ServerSetup(0, "127.0.0.1", ServerSetup.PROTOCOL_SMTP));
    post.start();
    one = started(post.getSmtp().getPort());
    two = started(post.getSmtp().getPort());
  }

  @AfterEach
  void ends() {
    post.stop();
  }

  private Harness started(int port) {
    Harness node = node();
    JsonObject config =
        config()
            .put("mail-server", "smtp://127.0.0.1:" + port)
            .put("mail-from", "accounts@starling.example")
            .put("mail-link", "https://starling.example/account");
    Harness.await(deploy(node, config));
    return node;
  }

  private static <I, O> O from(
      Harness node, String source, Operation<I, O> operation, I request, String token) {
    return patiently(
        () ->
            Harness.await(
                node.node()
                    .client()
                    .call(
                        operation,
                        request,
                        Call.begin(token, operation.spec().budget()).from(source))));
  }

  private <I, O> O ask(Operation<I, O> operation, I request) {
    return from(one, null, operation, request, null);
  }

  private <I, O> O ask(Operation<I, O> operation, I request, String token) {
    return from(two, null, operation, request, token);
  }

  private User register(String name, String email) {
    return ask(UserContract.REGISTER, new Register(name, Client.PASSWORD, email));
  }

  private String token(String name, String password) {
    return ask(UserContract.LOGIN, new Login(name, password)).accessToken();
  }

  /** Mails that came to an address, once there are so many. */
  private List<MimeMessage> mails(String address, int count) {
    await()
        .dontCatchUncaughtExceptions()
        .atMost(Duration.ofSeconds(30))
        .untilAsserted(() -> assertThat(received(address)).hasSizeGreaterThanOrEqualTo(count));
    return received(address);
  }

  private List<MimeMessage> received(String address) {
    return Stream.of(post.getReceivedMessages())
        .filter(
            mail -> {
              try {
                return mail.getAllRecipients()[0].toString().equals(address);
              } catch (MessagingException e) {
                throw new AssertionError(e);
              }
            })
        .toList();
  }

  private static String body(MimeMessage mail) {
    try {
      return String.valueOf(mail.getContent());
    } catch (IOException | MessagingException e) {
      throw new AssertionError(e);
    }
  }

  private static String subject(MimeMessage mail) {
    try {
      return mail.getSubject();
    } catch (MessagingException e) {
      throw new AssertionError(e);
    }
  }

  private String code(String address, int count) {
    List<MimeMessage> mails = mails(address, count);
    Matcher code = CODE.matcher(body(mails.get(count - 1)));
    assertThat(code.find()).as(body(mails.get(count - 1))).isTrue();
    return code.group(1);
  }

  /** A user whose address is verified; the mail box is empty then. */
  private User ada() {
    User ada = register("ada", ADDRESS);
    verify("ada", code(ADDRESS, 1));
    try {
      post.purgeEmailFromAllMailboxes();
    } catch (Exception e) {
      throw new AssertionError(e);
    }
    return ada;
  }

  private String resetCode() {
    ask(UserContract.START_RESET, new StartReset(ADDRESS));
    return code(ADDRESS, 1);
  }

  private ErrorCode reset(String code, String password) {
    return refusal(() -> ask(UserContract.FINISH_RESET, new FinishReset(code, password)));
  }

  @Test
  @DisplayName("ID6 OP1 an address is the account's once its code has come back, and not before")
  void verifiesAddresses() throws Exception {
    assertThat(register("ada", ADDRESS).email()).isNull();
    String token = token("ada", Client.PASSWORD);
    String code = code(ADDRESS, 1);
    MimeMessage mail = mails(ADDRESS, 1).get(0);
    assertThat(mail.getFrom()[0]).hasToString("accounts@starling.example");
    assertThat(mail.getHeader("Auto-Submitted")).containsExactly("auto-generated");
    assertThat(body(mail))
        .contains("https://starling.example/account/verify#" + code)
        .doesNotContain("ada");
    assertThat(ask(UserContract.ME, new Me(), token).email()).isNull();

    assertThat(refusal(() -> verify("ada", code.substring(1) + "A"))).isEqualTo(ErrorCode.INVALID);
    verify("ada", code);
    assertThat(ask(UserContract.ME, new Me(), token).email()).isEqualTo(ADDRESS);
    assertThat(refusal(() -> verify("ada", code))).as("again").isEqualTo(ErrorCode.INVALID);
    assertThat(reset(code, NEXT)).as("for another purpose").isEqualTo(ErrorCode.INVALID);
  }

  private void verify(String name, String code) {
    ask(UserContract.VERIFY_EMAIL, new VerifyEmail(code), token(name, Client.PASSWORD));
  }

  @Test
  @DisplayName("OP1 a code is valid for a day, and not when a later one was asked for")
  void codesEnd() {
    register("ada", ADDRESS);
    String first = code(ADDRESS, 1);
    String token = token("ada", Client.PASSWORD);
    ask(UserContract.CHANGE_EMAIL, new ChangeEmail(OTHER, Client.PASSWORD), token);
    String second = code(OTHER, 1);
    assertThat(refusal(() -> verify("ada", first))).isEqualTo(ErrorCode.INVALID);

    execute("UPDATE mails SET expires_at = now() WHERE used_at IS NULL");
    assertThat(refusal(() -> verify("ada", second))).isEqualTo(ErrorCode.INVALID);
    assertThat(text("SELECT email FROM users")).containsOnlyNulls();
  }

  @Test
  @DisplayName("EN4 whether an address is taken is told to the address, not to who registers")
  void hidesAddresses() {
    ada();
    double before = hashes();
    User taken = register("eve", ADDRESS.toUpperCase(java.util.Locale.ROOT));
    double ofTaken = hashes() - before;
    before = hashes();
    User free = register("bob", "bob@mail.example");
    assertThat(hashes() - before).isEqualTo(ofTaken).isEqualTo(1);
    assertThat(taken.email()).isNull();
    assertThat(free.email()).isNull();

    MimeMessage mail = mails(ADDRESS, 1).get(0);
    assertThat(subject(mail)).isEqualTo("You have an account already");
    assertThat(body(mail)).doesNotContainPattern(CODE).doesNotContain("eve");
    assertThat(text("SELECT username FROM users WHERE email IS NOT NULL")).containsExactly("ada");
  }

  @Test
  @DisplayName("ID4 OP1 of two who verify one address one gets it, each by the own code")
  void givesAnAddressOnce() {
    register("ada", ADDRESS);
    register("eve", ADDRESS);
    List<String> codes = List.of(code(ADDRESS, 1), code(ADDRESS, 2));
    assertThat(codes.stream().filter(c -> refusal(() -> verify("ada", c)) == null)).hasSize(1);
    assertThat(codes.stream().map(c -> refusal(() -> verify("eve", c))))
        .containsExactlyInAnyOrder(ErrorCode.CONFLICT, ErrorCode.INVALID);
    assertThat(text("SELECT email FROM users WHERE email IS NOT NULL")).hasSize(1);
  }

  @Test
  @DisplayName(
      "OP1 of 16 uses of one reset code at once on two nodes one counts; it logs nobody in")
  void resetsOnce() {
    ada();
    Tokens before =
        patiently(() -> one.call(UserContract.LOGIN, new Login("ada", Client.PASSWORD)));
    String code = resetCode();
    List<Future<?>> all =
        new ArrayList<>(
            IntStream.range(0, 16)
                .mapToObj(
                    i ->
                        (i % 2 == 0 ? one : two)
                            .node()
                            .client()
                            .call(UserContract.FINISH_RESET, new FinishReset(code, NEXT + i)))
                .toList());
    Harness.await(Future.join(all).otherwiseEmpty());
    assertThat(all.stream().filter(Future::succeeded)).hasSize(1);
    int winner = all.indexOf(all.stream().filter(Future::succeeded).findFirst().orElseThrow());

    assertThat(reset(code, NEXT)).isEqualTo(ErrorCode.INVALID);
    assertThat(refusal(() -> token("ada", Client.PASSWORD))).isEqualTo(ErrorCode.UNAUTHENTICATED);
    assertThat(token("ada", NEXT + winner)).isNotEmpty();
    assertThat(refusal(() -> ask(UserContract.REFRESH, new Refresh(before.refreshToken()))))
        .isEqualTo(ErrorCode.UNAUTHENTICATED);
    assertThat(subject(mails(ADDRESS, 2).get(1))).isEqualTo("Your password was replaced");
  }

  @Test
  @DisplayName("OP1 EN4 the answer is the same for an address that nobody has; no mail goes there")
  void tellsNobody() {
    ada();
    assertThat(ask(UserContract.START_RESET, new StartReset("nobody@mail.example")))
        .isEqualTo(ask(UserContract.START_RESET, new StartReset(ADDRESS)));
    mails(ADDRESS, 1);
    assertThat(text("SELECT address FROM mails WHERE kind = 'reset-password'"))
        .containsExactly(ADDRESS);
    assertThat(received("nobody@mail.example")).isEmpty();
  }

  @Test
  @DisplayName("OP1 asking again leaves the code of before valid; after another password none is")
  void leavesCodesValid() {
    ada();
    String first = resetCode();
    ask(UserContract.START_RESET, new StartReset(ADDRESS));
    String second = code(ADDRESS, 2);
    assertThat(reset(first, NEXT)).isNull();
    assertThat(reset(second, NEXT + "!")).isEqualTo(ErrorCode.INVALID);
  }

  @Test
  @DisplayName("OP1 a reset code ends after 30 minutes, and with the address that it was sent to")
  void resetCodesEnd() {
    ada();
    String code = resetCode();
    assertThat(text("SELECT (expires_at - created_at)::text FROM mails WHERE kind LIKE 'reset%'"))
        .containsExactly("00:30:00");
    String token = token("ada", Client.PASSWORD);
    ask(UserContract.CHANGE_EMAIL, new ChangeEmail(OTHER, Client.PASSWORD), token);
    verify("ada", code(OTHER, 1));
    assertThat(reset(code, NEXT)).as("the address of before").isEqualTo(ErrorCode.INVALID);
    assertThat(subject(mails(ADDRESS, 2).get(1))).isEqualTo("Your account has another address now");

    ask(UserContract.START_RESET, new StartReset(OTHER));
    String late = code(OTHER, 2);
    execute("UPDATE mails SET expires_at = now() WHERE kind = 'reset-password'");
    assertThat(reset(late, NEXT)).isEqualTo(ErrorCode.INVALID);
  }

  @ParameterizedTest
  @DisplayName("OP1 PW5 a new password is held to the rules, and does not cost the code")
  @ValueSource(strings = {"short", "password12345678", "ada-ada-ada-ada-ada"})
  void holdsToTheRules(String password) {
    ada();
    String code = resetCode();
    assertThat(reset(code, password)).isEqualTo(ErrorCode.INVALID);
    assertThat(reset(code, NEXT)).isNull();
  }

  @Test
  @DisplayName("OP1 the database has no code in any form that works")
  void keepsNoCode() {
    ada();
    String code = resetCode();
    String dump = String.join("\n", text("SELECT mails::text FROM mails"));
    assertThat(dump).contains(ADDRESS).doesNotContain(code);
    byte[] bytes = Base64.getUrlDecoder().decode(code);
    String seal = java.util.HexFormat.of().formatHex(bytes).substring(32);
    assertThat(dump.replace("-", "")).doesNotContain(seal);
  }

  @Test
  @DisplayName("OP1 TH5 a reset is the second proof after a hundred wrong passwords")
  void isTheSecondProof() {
    ada();
    assertThat(refusal(() -> token("ada", "not her password")))
        .isEqualTo(ErrorCode.UNAUTHENTICATED);
    execute(
        "UPDATE throttle SET count = 100, blocked_until = expires_at WHERE get_byte(key, 0) = 5");
    assertThat(refusal(() -> token("ada", Client.PASSWORD))).isEqualTo(ErrorCode.FORBIDDEN);
    assertThat(reset(resetCode(), NEXT)).isNull();
    assertThat(token("ada", NEXT)).isNotEmpty();
  }

  @Test
  @DisplayName("OP4 owners are told by mail of what changes how they log in")
  void tellsOwners() {
    ada();
    String token = token("ada", Client.PASSWORD);
    ask(UserContract.CHANGE_NAME, new ChangeName("ada-2", Client.PASSWORD), token);
    assertThat(ask(UserContract.ME, new Me(), token).username()).isEqualTo("ada-2");
    ask(UserContract.CHANGE_PASSWORD, new ChangePassword(Client.PASSWORD, NEXT), token);
    assertThat(mails(ADDRESS, 2).stream().map(EmailIT::subject))
        .containsExactlyInAnyOrder("Your user name was changed", "Your password was changed");
    assertThat(mails(ADDRESS, 2)).allMatch(mail -> !body(mail).contains("ada"));
    assertThat(refusal(() -> token("ada", NEXT))).isEqualTo(ErrorCode.UNAUTHENTICATED);
    assertThat(token("ADA-2", NEXT)).isNotEmpty();
  }

  @Test
  @DisplayName("OP4 what did not happen is told to nobody")
  void tellsNothingElse() {
    ada();
    String token = token("ada", Client.PASSWORD);
    assertThat(
            refusal(
                () ->
                    ask(
                        UserContract.CHANGE_NAME,
                        new ChangeName("ada-2", "not her password"),
                        token)))
        .isEqualTo(ErrorCode.INVALID);
    ask(UserContract.BEGIN_TOTP, new BeginTotp(Client.PASSWORD), token);
    assertThat(text("SELECT kind FROM mails WHERE sent_at IS NULL")).isEmpty();
  }

  @Test
  @DisplayName("ID3 another name is as unique, and as bound to rules, as the first")
  void renames() {
    register("bob", null);
    User ada = ada();
    String token = token("ada", Client.PASSWORD);
    for (String name : List.of("BOB", "root", "correct-horse-battery")) {
      ServiceException refusal =
          catchThrowableOfType(
              ServiceException.class,
              () -> ask(UserContract.CHANGE_NAME, new ChangeName(name, Client.PASSWORD), token));
      assertThat(refusal.code()).isIn(ErrorCode.CONFLICT, ErrorCode.INVALID);
      assertThat(refusal.errors()).extracting(FieldError::rule).doesNotContain("wrong");
    }
    assertThat(ask(UserContract.ME, new Me(), token))
        .isEqualTo(new User(ada.id(), "ada", ada.created(), ADDRESS, false));
  }

  @Test
  @DisplayName("TH10 five mails to one address within ten minutes, and ten codes a minute")
  void boundsMails() {
    ada();
    execute("DELETE FROM throttle");
    for (int i = 0; i < 5; i++) {
      String source = "192.0." + i + ".1";
      from(one, source, UserContract.START_RESET, new StartReset(ADDRESS), null);
    }
    ServiceException refusal =
        catchThrowableOfType(
            ServiceException.class,
            () -> from(two, "192.0.9.1", UserContract.START_RESET, new StartReset(ADDRESS), null));
    assertThat(refusal.code()).isEqualTo(ErrorCode.TOO_MANY_REQUESTS);
    assertThat(refusal.retryAfter()).isBetween(500L, 600L);
    for (int i = 0; i < 5; i++) {
      String nobody = "nobody-" + i + "@mail.example";
      from(one, "192.0.20.1", UserContract.START_RESET, new StartReset(nobody), null);
    }
    assertThat(
            refusal(
                () ->
                    from(
                        one,
                        "192.0.20.9",
                        UserContract.START_RESET,
                        new StartReset("nobody@mail.example"),
                        null)))
        .as("another address of the same network")
        .isEqualTo(ErrorCode.TOO_MANY_REQUESTS);

    String token = token("ada", Client.PASSWORD);
    for (int i = 0; i < 10; i++) {
      assertThat(
              refusal(
                  () ->
                      from(
                          one,
                          "192.0.30.1",
                          UserContract.VERIFY_EMAIL,
                          new VerifyEmail("A".repeat(43)),
                          token)))
          .isEqualTo(ErrorCode.INVALID);
    }
    assertThat(
            refusal(
                () ->
                    from(
                        two,
                        "192.0.30.2",
                        UserContract.FINISH_RESET,
                        new FinishReset("A".repeat(43), NEXT),
                        null)))
        .isEqualTo(ErrorCode.TOO_MANY_REQUESTS);
  }

  @Test
  @DisplayName("OP4 mails wait for a server that is away, and are not lost with a node")
  void mailsWait() {
    int port = post.getSmtp().getPort();
    post.stop();
    register("ada", ADDRESS);
    await()
        .dontCatchUncaughtExceptions()
        .atMost(Duration.ofSeconds(20))
        .untilAsserted(
            () -> assertThat(text("SELECT id::text FROM mails WHERE attempts > 0")).hasSize(1));
    stop(one);
    post = new GreenMail(new ServerSetup(port, "127.0.0.1", ServerSetup.PROTOCOL_SMTP));
    post.start();
    assertThat(text("SELECT (due_at > now())::text FROM mails")).containsExactly("true");
    execute("UPDATE mails SET due_at = now()");
    assertThat(code(ADDRESS, 1)).isNotEmpty();
    await()
        .dontCatchUncaughtExceptions()
        .atMost(Duration.ofSeconds(5))
        .untilAsserted(
            () -> assertThat(text("SELECT id::text FROM mails WHERE sent_at IS NULL")).isEmpty());
  }

  private void tls(String certificate) throws Exception {
    post.stop();
    Authority.create("mail").certify(directory.resolve(certificate));
    Path keys = directory.resolve(certificate).resolve("keys.p12");
    KeyStore store = KeyStore.getInstance("PKCS12");
    store.load(null, null);
    Path pem = directory.resolve(certificate);
    CertificateFactory certificates = CertificateFactory.getInstance("X.509");
    try (InputStream in = Files.newInputStream(pem.resolve("tls.crt"))) {
      String key = Files.readString(pem.resolve("tls.key")).replaceAll("-----[A-Z ]+-----|\\s", "");
      store.setKeyEntry(
          "mail",
          KeyFactory.getInstance("EC")
              .generatePrivate(new PKCS8EncodedKeySpec(Base64.getDecoder().decode(key))),
          "changeit".toCharArray(),
          certificates.generateCertificates(in).toArray(Certificate[]::new));
    }
    try (OutputStream out = Files.newOutputStream(keys)) {
      store.store(out, "changeit".toCharArray());
    }
    System.setProperty("greenmail.tls.keystore.file", keys.toString());
    System.setProperty("greenmail.tls.keystore.password", "changeit");
    post = new GreenMail(new ServerSetup(0, "127.0.0.1", ServerSetup.PROTOCOL_SMTPS));
    post.start();
  }

  private String ca(String certificate) {
    return directory.resolve(certificate).resolve("ca.crt").toString();
  }

  private Harness sends(String server, String ca) {
    Harness node = node();
    JsonObject config =
        config()
            .put("mail-server", server + ":" + post.getSmtps().getPort())
            .put("mail-ca", ca)
            .put("mail-from", "accounts@starling.example");
    Harness.await(deploy(node, config));
    return node;
  }

  @Test
  @DisplayName("OP1 TL1 mails go to a server whose certificate is of the CA and names it, no other")
  void verifiesTheServer() throws Exception {
    stop(one);
    stop(two);
    tls("localhost");
    Authority.create("other").certify(directory.resolve("other"));
    Harness distrusts = sends("smtps://localhost", ca("other"));
    from(
        distrusts,
        null,
        UserContract.REGISTER,
        new Register("ada", Client.PASSWORD, ADDRESS),
        null);
    triedInVain();
    stop(distrusts);
    Harness misnamed = sends("smtps://127.0.0.1", ca("localhost"));
    triedInVain();
    stop(misnamed);

    sends("smtps://localhost", ca("localhost"));
    execute("UPDATE mails SET due_at = now()");
    assertThat(code(ADDRESS, 1)).isNotEmpty();
  }

  /** The mail is due, and is tried once more without success. */
  private void triedInVain() {
    execute("UPDATE mails SET due_at = now(), attempts = 0");
    await()
        .dontCatchUncaughtExceptions()
        .atMost(Duration.ofSeconds(20))
        .untilAsserted(
            () -> assertThat(text("SELECT id::text FROM mails WHERE attempts > 0")).hasSize(1));
    await()
        .dontCatchUncaughtExceptions()
        .during(Duration.ofSeconds(2))
        .atMost(Duration.ofSeconds(4))
        .untilAsserted(() -> assertThat(post.getReceivedMessages()).isEmpty());
  }

  @ParameterizedTest
  @DisplayName("TL4 a mail server that cannot be used ends the start, and no password is told")
  @ValueSource(
      strings = {"smtp://user:sesame@", "smtp://user:ses ame@mail.example", "smtp://:sesame"})
  void refusesServers(String server) {
    JsonObject config = config().put("mail-server", server).put("mail-from", "a@b.example");
    Harness node = node();
    assertThatThrownBy(() -> Harness.await(deploy(node, config)))
        .hasMessageContaining("user.mail-server cannot be read")
        .hasMessageNotContaining("sesame");
  }

  @Test
  @DisplayName("AZ5 an administrator has a code sent, and learns nothing of it")
  void isSentByAdministrators() throws Exception {
    User ada = ada();
    User root = register("root-ada", null);
    String secret = Files.readString(one.node().secrets().file(Secrets.ADMINISTRATOR));
    ask(UserContract.FIRST_ADMINISTRATOR, new FirstAdministrator("root-ada", secret));
    String token = token("root-ada", Client.PASSWORD);
    ask(UserContract.SEND_RESET, new AccountById(ada.id()), token);
    assertThat(reset(code(ADDRESS, 1), NEXT)).isNull();

    assertThat(refusal(() -> ask(UserContract.SEND_RESET, new AccountById(root.id()), token)))
        .isEqualTo(ErrorCode.CONFLICT);
    assertThat(
            refusal(() -> ask(UserContract.SEND_RESET, new AccountById(UUID.randomUUID()), token)))
        .isEqualTo(ErrorCode.NOT_FOUND);
    assertThat(
            refusal(
                () -> ask(UserContract.SEND_RESET, new AccountById(ada.id()), token("ada", NEXT))))
        .isEqualTo(ErrorCode.FORBIDDEN);
  }

  @Test
  @DisplayName("OP1 an address is not verified, nor a password reset, by a code of before")
  void codesOfBeforeAreOfNoUse() {
    ada();
    String token = token("ada", Client.PASSWORD);
    ask(UserContract.CHANGE_EMAIL, new ChangeEmail(OTHER, Client.PASSWORD), token);
    String code = code(OTHER, 1);
    ask(UserContract.CHANGE_PASSWORD, new ChangePassword(Client.PASSWORD, NEXT), token);
    String later = token("ada", NEXT);
    assertThat(refusal(() -> ask(UserContract.VERIFY_EMAIL, new VerifyEmail(code), later)))
        .isEqualTo(ErrorCode.INVALID);
  }

  @Test
  @DisplayName("PW5 what stands before the at is no password either")
  void refusesTheAddressAsPassword() {
    Register request = new Register("alx", "ada.lovelace.1815", "ada.lovelace.1815@mail.example");
    ServiceException refusal =
        catchThrowableOfType(ServiceException.class, () -> ask(UserContract.REGISTER, request));
    assertThat(refusal.errors()).extracting(FieldError::pointer).containsExactly("/password");
  }

  @Test
  @DisplayName("ID5 EN4 TH10 the name of before stays taken, and renaming counts as registering")
  void keepsTheNameOfBefore() {
    ada();
    String token = token("ada", Client.PASSWORD);
    ask(UserContract.CHANGE_NAME, new ChangeName("ada-2", Client.PASSWORD), token);
    assertThat(refusal(() -> register("ada", null))).isEqualTo(ErrorCode.CONFLICT);
    assertThat(text("SELECT username FROM users WHERE username_key = 'ada' OR username = 'ada'"))
        .isEmpty();

    register("taken", null);
    for (int i = 0; i < 10; i++) {
      assertThat(
              refusal(
                  () ->
                      from(
                          one,
                          "192.0.40.1",
                          UserContract.CHANGE_NAME,
                          new ChangeName("taken", Client.PASSWORD),
                          token)))
          .isEqualTo(ErrorCode.CONFLICT);
    }
    assertThat(
            refusal(
                () ->
                    from(
                        two,
                        "192.0.40.2",
                        UserContract.CHANGE_NAME,
                        new ChangeName("taken", Client.PASSWORD),
                        token)))
        .isEqualTo(ErrorCode.TOO_MANY_REQUESTS);
  }

  @Test
  @DisplayName("RT10 MG3 a release that knows no addresses deletes them all the same")
  void goesWithTheAccountForOthers() {
    ada();
    ask(UserContract.START_RESET, new StartReset(ADDRESS));
    execute("UPDATE users SET deleted_at = now(), enabled = false WHERE username = 'ada'");
    assertThat(text("SELECT address FROM mails")).isEmpty();
    assertThat(text("SELECT email FROM users WHERE email IS NOT NULL OR email_key IS NOT NULL"))
        .isEmpty();
  }

  @Test
  @DisplayName("RT10 address and mails go with the account")
  void goesWithTheAccount() {
    ada();
    String token = token("ada", Client.PASSWORD);
    ask(UserContract.DELETE_ME, new DeleteMe(Client.PASSWORD), token);
    assertThat(text("SELECT address FROM mails")).isEmpty();
    assertThat(text("SELECT email FROM users WHERE email IS NOT NULL OR email_key IS NOT NULL"))
        .isEmpty();
  }

  @Test
  @DisplayName("ID6 without a mail server no address is taken, and the reason is told")
  void needsAServer() {
    Harness plain = start();
    stop(one);
    stop(two);
    ServiceException refusal =
        catchThrowableOfType(
            ServiceException.class,
            () ->
                patiently(
                    () ->
                        plain.call(
                            UserContract.REGISTER,
                            new Register("bob", Client.PASSWORD, "bob@mail.example"))));
    assertThat(refusal.errors()).extracting(FieldError::rule).containsExactly("mail");
    assertThat(Objects.requireNonNull(refusal).code()).isEqualTo(ErrorCode.INVALID);
  }
}
