package dev.starling.launcher;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import dev.starling.gateway.GatewayVerticle;
import dev.starling.harness.Harness;
import dev.starling.runtime.ServiceVerticle;
import dev.starling.user.api.UserContract;
import io.vertx.core.Future;
import io.vertx.core.json.JsonObject;
import java.net.URI;
import java.net.http.HttpRequest;
import java.net.http.HttpRequest.BodyPublishers;
import java.net.http.HttpResponse;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import java.util.concurrent.CompletableFuture;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.DisplayName;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.FieldSource;
import org.junit.jupiter.params.provider.ValueSource;

/** The account pages of a node, as browsers and others speak to them. */
@Timeout(180)
class AccountFormsIT {
  private static final String POLICY =
      "default-src 'none'; style-src 'self'; script-src 'self'; img-src 'self'; form-action 'self';"
          + " frame-ancestors 'none'; base-uri 'none'";
  private static final String OTHER = "another correct horse";
  private static final String SCRIPT = "\"'><script>alert(1)</script>";

  /** Where one needs no session. */
  static final List<String> OPEN =
      List.of("/account", "/account/register", "/account/forgotten", "/account/reset");

  /** Where one does, and what it asks for. */
  static final List<String> OWN =
      List.of(
          "/account/password",
          "/account/name",
          "/account/email",
          "/account/verify",
          "/account/second-factor",
          "/account/second-factor/confirm",
          "/account/second-factor/end",
          "/account/deletion");

  /** What takes forms only. */
  static final List<String> ACTIONS =
      List.of("/account/sign-out", "/account/sessions/end", "/account/sessions/end-others");

  static final List<String> ALL = all();

  @TempDir private static Path directory;
  private static StarlingProcess node;
  private static Client api;

  /** Of somebody who is signed in, for tests that change nothing. */
  private static Map<String, String> cookies;

  private static List<String> all() {
    List<String> all = new ArrayList<>(OPEN);
    all.addAll(OWN);
    all.addAll(ACTIONS);
    return all;
  }

  @BeforeAll
  static void start() throws Exception {
    node = StarlingProcess.in(directory.resolve("node")).onAnyPort().withMail().start();
    api = warm(node);
    cookies = signedIn("reader").cookies;
  }

  @AfterAll
  static void stop() {
    node.close();
  }

  /** The first calls of a node that has just started may come too late on a busy machine. */
  private static Client warm(StarlingProcess node) {
    Client client = new Client(node.api());
    await().atMost(Duration.ofSeconds(60)).until(() -> client.register("warm").statusCode() == 409);
    await().atMost(Duration.ofSeconds(60)).until(() -> client.login("warm").statusCode() == 200);
    return client;
  }

  private static Visitor visitor() {
    return new Visitor(node.api());
  }

  private static Visitor signedIn(String name) throws Exception {
    Visitor visitor = visitor();
    assertGone(visitor.register(name), "/account?done=registered");
    return visitor;
  }

  private static void assertGone(HttpResponse<String> response, String where) {
    assertThat(response.statusCode()).as(response.body()).isEqualTo(303);
    assertThat(response.headers().firstValue("Location")).contains(where);
  }

  private static int refreshed(String token) throws Exception {
    String body = new JsonObject().put("refresh_token", token).encode();
    return api.send(api.post("/api/refresh", body)).statusCode();
  }

  private static JsonObject elsewhere(String name) throws Exception {
    return new JsonObject(api.login(name).body());
  }

  @Test
  void registersShowsTheAccountAndSignsOut() throws Exception {
    Visitor ada = signedIn("ada");
    String page = ada.get("/account?done=registered").body();
    assertThat(page).contains("<dd>ada</dd>", "Your account has been made.", "This session");
    String refresh = ada.cookies.get("__Host-refresh");

    assertGone(ada.submit("/account/sign-out"), "/account?done=signed-out");
    assertThat(ada.cookies).containsOnlyKeys("__Host-form", "__Host-device");
    assertThat(ada.get("/account?done=signed-out").body()).contains("<h1>Sign in</h1>");
    assertThat(refreshed(refresh)).isEqualTo(401);

    HttpResponse<String> wrong = ada.submit("/account", "username", "ada", "password", "wrong");
    assertThat(wrong.statusCode()).isEqualTo(403);
    assertThat(wrong.body())
        .contains("Username or password is wrong.", "value=\"ada\"")
        .doesNotContain("value=\"wrong\"");
    assertGone(ada.submit("/account", "username", "ADA", "password", Client.PASSWORD), "/account");
  }

  @Test
  @DisplayName("EN1 the page says of an unknown name what it says of a wrong password")
  void tellsNoNames() throws Exception {
    signedIn("known");
    Visitor visitor = visitor();
    HttpResponse<String> wrong =
        visitor.submit("/account", "username", "known", "password", "wrong");
    HttpResponse<String> unknown =
        visitor.submit("/account", "username", "xxxxx", "password", "wrong");

    assertThat(unknown.statusCode()).isEqualTo(wrong.statusCode());
    assertThat(unknown.body().replace("xxxxx", "known")).isEqualTo(wrong.body());
  }

  @Test
  @DisplayName("RT12 cookies are for this host, these paths and this site, and for no script")
  void bindsItsCookies() throws Exception {
    Visitor visitor = visitor();
    List<String> set = new ArrayList<>(visitor.get("/account").headers().allValues("Set-Cookie"));
    set.addAll(visitor.register("cookie").headers().allValues("Set-Cookie"));
    Map<String, String> attributes = new TreeMap<>();
    set.forEach(each -> attributes.put(each.replaceAll("=.*", ""), each.replaceAll("^[^;]*;", "")));

    assertThat(attributes)
        .containsOnlyKeys("__Host-access", "__Host-form", "__Host-device", "__Host-refresh");
    assertThat(attributes.values())
        .allSatisfy(
            each ->
                assertThat(each)
                    .contains("Secure", "HTTPOnly", "SameSite=Lax", "Path=/;")
                    .doesNotContain("Domain"));
    for (String name : List.of("__Host-access", "__Host-form", "__Host-refresh")) {
      assertThat(attributes.get(name)).doesNotContain("Max-Age");
    }
    assertThat(attributes.get("__Host-device")).contains("Max-Age=7776000;");
  }

  @Test
  @DisplayName("RT12 the API takes no cookie for a token")
  void letsNoCookieIntoTheApi() throws Exception {
    Visitor visitor = signedIn("notoken");

    assertThat(visitor.get("/api/users/me").statusCode()).isEqualTo(401);
  }

  @ParameterizedTest
  @FieldSource("ALL")
  @DisplayName("RT12 a form that our page did not make for this browser changes nothing")
  void refusesForeignForms(String path) throws Exception {
    Visitor visitor = visitor();
    String name = "form" + ALL.indexOf(path);
    visitor.register(name);
    Visitor other = visitor();
    String token = visitor.token();
    String[] fields = {
      "username",
      "made." + name,
      "password",
      Client.PASSWORD,
      "currentPassword",
      Client.PASSWORD,
      "newPassword",
      OTHER,
      "agreed",
      "yes"
    };
    List<HttpRequest.Builder> foreign =
        List.of(
            visitor.form(path, null, fields).header("Origin", visitor.origin()),
            visitor.form(path, "", fields).header("Origin", visitor.origin()),
            visitor.form(path, other.token(), fields).header("Origin", visitor.origin()),
            visitor
                .form(path, visitor.cookies.get("__Host-form"), fields)
                .header("Origin", visitor.origin()),
            visitor.form(path, token, fields),
            visitor.form(path, token, fields).header("Origin", "null"),
            visitor.form(path, token, fields).header("Origin", "https://evil.example"),
            visitor.form(path, token, fields).header("Origin", visitor.origin() + ".evil.example"),
            visitor
                .form(path, token, fields)
                .header("Origin", visitor.origin())
                .header("Sec-Fetch-Site", "cross-site"),
            visitor
                .form(path, token, fields)
                .header("Origin", visitor.origin())
                .header("Sec-Fetch-Site", "same-site"),
            visitor
                .form(path + "?form_token=" + token, null, fields)
                .header("Origin", visitor.origin()));
    for (HttpRequest.Builder request : foreign) {
      HttpResponse<String> refused = api.send(request.build());
      assertThat(refused.statusCode()).as(request.build().headers().toString()).isEqualTo(403);
      assertThat(refused.body()).contains("This form is not valid any more");
    }

    assertThat(visitor.get("/account").body()).contains("<dd>" + name + "</dd>");
    assertThat(api.login("made." + name).statusCode()).isEqualTo(401);
    assertThat(api.login(name).statusCode()).isEqualTo(200);
  }

  @ParameterizedTest
  @FieldSource("ALL")
  @DisplayName("RT12 who only reads changes nothing, whatever the address says")
  void changesNothingForWhoReads(String path) throws Exception {
    String name = "read" + ALL.indexOf(path);
    Visitor visitor = signedIn(name);
    String query =
        "?form_token=%s&username=made.%s&password=%s&currentPassword=%3$s&newPassword=x%3$s&agreed=yes"
            .formatted(visitor.token(), name, "correct+horse+battery");
    for (String method : List.of("GET", "HEAD")) {
      HttpResponse<String> read =
          visitor.send(
              visitor.request(path + query).method(method, BodyPublishers.noBody()).build());
      assertThat(read.statusCode()).isIn(200, 303);
      assertThat(read.body()).doesNotContain("correct+horse", "correct horse");
    }
    for (String method : List.of("PUT", "DELETE", "PATCH", "OPTIONS", "TRACE")) {
      HttpResponse<String> other =
          visitor.send(visitor.request(path).method(method, BodyPublishers.noBody()).build());
      assertThat(other.statusCode()).as(method).isEqualTo(405);
      assertThat(other.headers().firstValue("Allow")).contains("GET, HEAD, POST");
    }

    assertThat(visitor.get("/account").body()).contains("<dd>" + name + "</dd>");
    assertThat(api.login("made." + name).statusCode()).isEqualTo(401);
    assertThat(api.login(name).statusCode()).isEqualTo(200);
  }

  @ParameterizedTest
  @FieldSource("OWN")
  void sendsWhoIsNotSignedInToSignIn(String path) throws Exception {
    assertGone(visitor().get(path), "/account");
    assertGone(visitor().submit(path, "password", "x", "agreed", "yes"), "/account");
    Visitor forger = visitor();
    forger.cookies.put("__Host-access", "a.b.c");
    forger.cookies.put("__Host-refresh", "rt_" + "x".repeat(300));
    assertGone(forger.get(path), "/account");
    assertThat(forger.cookies).doesNotContainKeys("__Host-access", "__Host-refresh");
  }

  @ParameterizedTest
  @FieldSource("ACTIONS")
  void sendsWhoReadsWhereOneOnlyActsToTheAccount(String path) throws Exception {
    assertGone(visitor().get(path), "/account");
    assertThat(visitor().submit(path, "id", "x").headers().firstValue("Location").orElseThrow())
        .startsWith("/account");
  }

  @ParameterizedTest
  @ValueSource(
      strings = {
        "/account",
        "/account/",
        "/account/register",
        "/account/password",
        "/account/deletion",
        "/account/nothing",
        "/account/assets/none.css"
      })
  @DisplayName(
      "HT5 pages have the headers of all answers, and a policy that lets in only our files")
  void sendsItsHeaders(String path) throws Exception {
    Visitor visitor = visitor();
    visitor.cookies.putAll(cookies);
    HttpResponse<String> page = visitor.get(path);

    assertThat(page.headers().firstValue("Content-Type")).contains("text/html; charset=utf-8");
    assertThat(page.headers().allValues("Content-Security-Policy")).containsExactly(POLICY);
    if (path.equals("/account")) {
      assertThat(visitor().get(path).headers().allValues("Content-Security-Policy"))
          .containsExactly(POLICY + "; connect-src 'self'");
    }
    assertThat(page.headers().firstValue("Cache-Control")).contains("no-store");
    assertThat(page.headers().firstValue("X-Content-Type-Options")).contains("nosniff");
    assertThat(page.headers().firstValue("Referrer-Policy")).contains("same-origin");
    assertThat(page.headers().firstValue("Cross-Origin-Resource-Policy")).contains("same-origin");
    assertThat(page.headers().firstValue("X-Request-Id")).isPresent();
    assertThat(page.body()).doesNotContain("style=", "onclick", "<style", "<script>");
  }

  @Test
  void letsBrowsersKeepStyleAndScript() throws Exception {
    String page = visitor().get("/account").body();
    Matcher files = Pattern.compile("(?:href|src)=\"(/account/assets/[^\"]+)\"").matcher(page);
    int found = 0;
    while (files.find()) {
      HttpResponse<String> file = api.get(files.group(1));
      assertThat(file.statusCode()).isEqualTo(200);
      assertThat(file.headers().firstValue("Cache-Control"))
          .contains("public, max-age=31536000, immutable");
      assertThat(file.headers().firstValue("Content-Security-Policy").orElseThrow())
          .startsWith("default-src 'none'");
      HttpResponse<String> otherVersion =
          api.get(files.group(1).replaceAll("\\.[0-9a-f]{16}\\.", ".0123456789abcdef."));
      assertThat(otherVersion.body()).isEqualTo(file.body());
      assertThat(otherVersion.headers().firstValue("Cache-Control")).contains("no-store");
      found++;
    }
    assertThat(found).isEqualTo(3);
    assertThat(api.get("/account/assets/../form.mustache").statusCode()).isEqualTo(404);
    assertThat(api.get("/account/assets/%2e%2e/form.mustache").statusCode()).isEqualTo(404);
    assertThat(api.get("/account/assets/account.0123456789abcdef.class").statusCode())
        .isEqualTo(404);
  }

  @Test
  @DisplayName("HT1 what is typed comes back as text, never as HTML")
  void escapesWhatIsTyped() throws Exception {
    Visitor visitor = visitor();
    List<HttpResponse<String>> pages = new ArrayList<>();
    for (String path : OPEN) {
      pages.add(visitor.submit(path, "username", SCRIPT, "password", SCRIPT, "id", SCRIPT));
    }
    visitor.register("script");
    for (String path : OWN) {
      pages.add(
          visitor.submit(
              path, "currentPassword", SCRIPT, "newPassword", SCRIPT, "password", SCRIPT));
    }
    pages.add(visitor.submit("/account/sessions/end", "id", SCRIPT));
    String encoded = "%22%27%3E%3Cscript%3Ealert(1)%3C/script%3E";
    pages.add(visitor.get("/account?done=" + encoded));
    pages.add(visitor.get("/account/" + encoded));
    pages.add(visitor().get("/account?done=" + encoded + "&username=" + encoded));

    assertThat(pages).allSatisfy(page -> assertThat(page.body()).doesNotContain("<script>alert"));
    assertThat(pages.get(0).body()).contains("&lt;script&gt;");
  }

  @Test
  @DisplayName("PW5 says at the field why a password is refused, and shows none again")
  void saysWhyAPasswordIsWeak() throws Exception {
    HttpResponse<String> page =
        visitor().submit("/account/register", "username", "weak", "password", "password123456789");

    assertThat(page.statusCode()).isEqualTo(422);
    assertThat(page.body())
        .contains(
            "<title>Error: Make an account",
            "<a href=\"#password\">Password is too easy to guess, being made of common passwords.",
            "aria-describedby=\"password-hint password-problem\" aria-invalid=\"true\"",
            "value=\"weak\"")
        .doesNotContain("password123456789");
    assertThat(visitor().register("weak").statusCode()).isEqualTo(303);
    assertThat(visitor().register("WEAK").body()).contains("This username is taken.");
  }

  @Test
  @DisplayName("RT8 ends a session elsewhere, and all of them, and no other's")
  void endsSessionsElsewhere() throws Exception {
    Visitor visitor = signedIn("many");
    String first = elsewhere("many").getString("refresh_token");
    String page = visitor.get("/account").body();
    Matcher ids = Pattern.compile("name=\"id\" value=\"([^\"]+)\"").matcher(page);
    assertThat(ids.find()).isTrue();
    Visitor eve = signedIn("eve");
    eve.submit("/account/sessions/end", "id", ids.group(1));
    String second = elsewhere("many").getString("refresh_token");
    String third = elsewhere("many").getString("refresh_token");
    assertThat(visitor.get("/account").body().split("name=\"id\"")).hasSize(4);

    assertGone(visitor.submit("/account/sessions/end", "id", ids.group(1)), "/account?done=ended");
    assertThat(refreshed(first)).isEqualTo(401);
    assertThat(visitor.get("/account").body().split("name=\"id\"")).hasSize(3);
    assertGone(visitor.submit("/account/sessions/end-others"), "/account?done=others-ended");
    assertThat(refreshed(second)).isEqualTo(401);
    assertThat(refreshed(third)).isEqualTo(401);
    assertThat(visitor.get("/account").body())
        .contains("This session")
        .doesNotContain("name=\"id\"", "Sign out everywhere else");
    assertThat(eve.get("/account").body()).contains("<dd>eve</dd>");
  }

  @Test
  @DisplayName("RT9 changes the password, and goes on with a new session")
  void changesThePassword() throws Exception {
    Visitor visitor = signedIn("change");
    String before = elsewhere("change").getString("refresh_token");
    HttpResponse<String> wrong =
        visitor.submit("/account/password", "currentPassword", "wrong", "newPassword", OTHER);
    assertThat(wrong.statusCode()).isEqualTo(422);
    assertThat(wrong.body()).contains("This is not your password.").doesNotContain(OTHER);
    assertThat(
            visitor
                .submit(
                    "/account/password", "currentPassword", Client.PASSWORD, "newPassword", "short")
                .body())
        .contains("<a href=\"#newPassword\">New password must have");

    assertGone(
        visitor.submit(
            "/account/password", "currentPassword", Client.PASSWORD, "newPassword", OTHER),
        "/account?done=password");
    assertThat(visitor.get("/account").body()).contains("<dd>change</dd>");
    assertThat(refreshed(before)).isEqualTo(401);
    assertThat(api.login("change").statusCode()).isEqualTo(401);
  }

  @Test
  void deletesTheAccount() throws Exception {
    Visitor visitor = signedIn("gone");
    assertThat(visitor.submit("/account/deletion", "password", Client.PASSWORD).body())
        .contains("Please confirm that you understand.");
    assertThat(visitor.submit("/account/deletion", "password", "x", "agreed", "yes").body())
        .contains("This is not your password.");
    assertThat(api.login("gone").statusCode()).isEqualTo(200);

    assertGone(
        visitor.submit("/account/deletion", "password", Client.PASSWORD, "agreed", "yes"),
        "/account?done=deleted");
    assertThat(visitor.cookies).containsOnlyKeys("__Host-form");
    assertThat(visitor.get("/account?done=deleted").body())
        .contains("<h1>Sign in</h1>", "Your account has been deleted.");
    assertThat(api.login("gone").statusCode()).isEqualTo(401);
  }

  @Test
  @DisplayName("RT2 an access token that has ended is renewed, for all who ask at once")
  void renewsTheAccessToken() throws Exception {
    Visitor visitor = signedIn("renew");
    String refresh = visitor.cookies.get("__Host-refresh");
    visitor.cookies.remove("__Host-access");
    List<CompletableFuture<HttpResponse<String>>> visits = new ArrayList<>();
    for (int i = 0; i < 4; i++) {
      visits.add(api.sendLater(visitor.request("/account").build()));
    }
    for (CompletableFuture<HttpResponse<String>> visit : visits) {
      assertThat(visit.get().body()).contains("<dd>renew</dd>");
    }
    String token = visitor.token();
    assertThat(visitor.cookies).containsKeys("__Host-access");
    assertThat(visitor.cookies.get("__Host-refresh")).isNotEqualTo(refresh);

    visitor.cookies.put("__Host-access", "ended");
    HttpResponse<String> changed =
        visitor.send(
            visitor
                .form(
                    "/account/password",
                    token,
                    "currentPassword",
                    Client.PASSWORD,
                    "newPassword",
                    OTHER)
                .header("Origin", visitor.origin())
                .build());
    assertGone(changed, "/account?done=password");
    assertThat(visitor.get("/account").body()).contains("<dd>renew</dd>");
  }

  @Test
  @DisplayName("RT8 a session that was ended elsewhere is over on its next visit")
  void noticesThatTheSessionHasEnded() throws Exception {
    Visitor visitor = signedIn("over");
    String token = elsewhere("over").getString("access_token");
    HttpRequest all =
        api.request("/api/logout-all")
            .header("Authorization", "Bearer " + token)
            .POST(BodyPublishers.noBody())
            .build();
    assertThat(api.send(all).statusCode()).isEqualTo(204);

    await()
        .atMost(Duration.ofSeconds(30))
        .until(() -> visitor.get("/account").body().contains("<h1>Sign in</h1>"));
    assertThat(visitor.cookies).doesNotContainKeys("__Host-access", "__Host-refresh");
  }

  @Test
  @DisplayName("TH1 says how long to wait, by the client's address")
  void saysHowLongToWait() throws Exception {
    Visitor visitor = signedIn("guess");
    HttpRequest guess =
        HttpRequest.newBuilder(
                visitor
                    .form("/account", visitor.token(), "username", "guess", "password", "x")
                    .build(),
                (name, value) -> !name.matches("(?i)x-forwarded-for|cookie"))
            .header("X-Forwarded-For", "192.0.2.1")
            .header("Cookie", "__Host-form=" + visitor.cookies.get("__Host-form"))
            .header("Origin", visitor.origin())
            .build();
    HttpResponse<String> last = api.send(guess);
    for (int i = 0; i < 15 && last.statusCode() != 429; i++) {
      last = api.send(guess);
    }

    assertThat(last.statusCode()).isEqualTo(429);
    assertThat(last.headers().firstValueAsLong("Retry-After")).isPresent();
    assertThat(last.body())
        .containsPattern("Too many attempts. Please try again in \\d+ seconds?\\.");
    assertGone(
        visitor.submit("/account", "username", "guess", "password", Client.PASSWORD), "/account");
  }

  @ParameterizedTest
  @CsvSource({
    "application/json, {}, 415",
    "multipart/form-data; boundary=x, --x--, 415",
    "text/plain, form_token=a, 415",
    "application/x-www-form-urlencoded; charset=utf-16, form_token=a, 415",
    "application/x-www-form-urlencoded, form_token=%zz, 400",
  })
  @DisplayName("HT3 pages read forms only")
  void readsNothingButForms(String type, String body, int status) throws Exception {
    HttpRequest post =
        api.request("/account")
            .header("Content-Type", type)
            .POST(BodyPublishers.ofString(body))
            .build();

    assertThat(api.send(post).statusCode()).isEqualTo(status);
  }

  @Test
  @DisplayName("HT4 a form has 16 KiB at most")
  void refusesLargeForms() throws Exception {
    Visitor visitor = visitor();
    assertThat(visitor.submit("/account", "username", "x".repeat(17_000)).statusCode())
        .isEqualTo(413);
    assertThat(visitor.submit("/account", "username", "x".repeat(7_000)).statusCode())
        .isEqualTo(422);
  }

  @Test
  @DisplayName("AZ7 the port for administration has no pages")
  void hasNoPagesForAdministrators() throws Exception {
    assertThat(new Client(node.admin()).get("/account").statusCode()).isEqualTo(404);
  }

  @Test
  void showsNothingOfMailsWhereNoneIsSent() throws Exception {
    Visitor here = visitor();
    assertThat(here.get("/account").body()).contains("/account/forgotten");
    assertThat(here.get("/account/register").body()).contains("name=\"email\"");
    here.register("mails");
    assertThat(here.get("/account").body()).contains("/account/email", "<dt>E-mail</dt>");
    try (StarlingProcess without =
        StarlingProcess.in(directory.resolve("without")).onAnyPort().start()) {
      Visitor visitor = new Visitor(without.api(), warm(without));
      assertThat(visitor.get("/account").body())
          .contains("/account/register")
          .doesNotContain("/account/forgotten", "mail");
      assertThat(visitor.submit("/account", "username", "ada", "password", "x").body())
          .contains("Username or password is wrong.")
          .doesNotContain("/account/forgotten", "mail");
      assertThat(visitor.get("/account/register").body())
          .contains("name=\"username\"")
          .doesNotContain("mail");
      HttpResponse<String> old =
          visitor.submit(
              "/account/register",
              "username",
              "ada",
              "password",
              Client.PASSWORD,
              "email",
              "ada@mail.example");
      assertThat(old.statusCode()).isEqualTo(422);
      assertThat(old.body()).contains("<li>No mail is sent here").doesNotContain("name=\"email\"");
      visitor.register("ada");
      assertThat(visitor.get("/account").body())
          .contains("<dd>ada</dd>", "/account/password")
          .doesNotContain("/account/email", "mail");
      for (String path : List.of("/account/email", "/account/forgotten")) {
        assertThat(visitor.get(path).statusCode()).isEqualTo(404);
        assertThat(visitor.submit(path, "email", "ada@mail.example").statusCode()).isEqualTo(404);
      }
    }
  }

  @Test
  void showsWhatAnOlderServiceDoesNotRuleOut() throws Exception {
    ServiceVerticle older =
        new ServiceVerticle() {
          @Override
          protected void operations() {
            handle(UserContract.KEYS, request -> Future.failedFuture("not asked for"));
          }
        };
    try (Harness harness = Harness.start(older)) {
      GatewayVerticle gateway = new GatewayVerticle();
      harness.deploy(gateway, new JsonObject().put("port", 0));
      Client client = new Client(URI.create("http://127.0.0.1:" + gateway.port()));
      assertThat(client.get("/account").body()).contains("/account/forgotten");
      assertThat(client.get("/account/forgotten").statusCode()).isEqualTo(200);
    }
  }

  @Test
  void hasNoPagesWhenTheyAreSwitchedOff() throws Exception {
    try (StarlingProcess without =
        StarlingProcess.in(directory.resolve("pageless"))
            .onAnyPort()
            .with("services", "gateway")
            .with("http.pages", false)
            .start()) {
      for (String path : List.of("/account", "/account/register", "/account/assets/account.css")) {
        HttpResponse<String> nothing = new Client(without.api()).get(path);
        assertThat(nothing.statusCode()).isEqualTo(404);
        assertThat(nothing.headers().firstValue("Content-Type"))
            .contains("application/problem+json");
      }
    }
  }

  @Test
  @DisplayName("HT1 says that accounts are away when no node runs the user service")
  void saysThatAccountsAreAway() throws Exception {
    try (StarlingProcess alone =
        StarlingProcess.in(directory.resolve("gateway"))
            .onAnyPort()
            .with("services", "gateway")
            .start()) {
      Visitor visitor = new Visitor(alone.api());
      HttpResponse<String> form =
          visitor.submit("/account", "username", "ada", "password", Client.PASSWORD);
      assertThat(form.statusCode()).isEqualTo(503);
      assertThat(form.headers().firstValue("Retry-After")).isPresent();
      assertThat(form.body()).contains("This cannot be done at the moment.");
      visitor.cookies.put("__Host-refresh", "rt_x");
      HttpResponse<String> page = visitor.get("/account");
      assertThat(page.statusCode()).isEqualTo(503);
      assertThat(page.body()).contains("Not available at the moment");
      assertThat(visitor.cookies).containsKey("__Host-refresh");
    }
  }
}
