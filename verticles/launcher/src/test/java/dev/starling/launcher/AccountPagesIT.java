package dev.starling.launcher;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import io.vertx.core.json.JsonObject;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.DisplayName;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;
import org.openqa.selenium.Keys;
import org.openqa.selenium.WebElement;

/** The account pages in a real browser, as persons use them. */
@Tag("machine")
@Timeout(300)
class AccountPagesIT {
  @TempDir private static Path directory;
  private static StarlingProcess node;
  private static Client api;
  private static Chromium browser;

  @BeforeAll
  static void start() throws Exception {
    node = StarlingProcess.in(directory).onAnyPort().withMail().start();
    api = new Client(node.api());
    await().atMost(Duration.ofSeconds(60)).until(() -> api.register("warm").statusCode() == 409);
    await().atMost(Duration.ofSeconds(60)).until(() -> api.login("warm").statusCode() == 200);
    browser = new Chromium(node.api());
  }

  @AfterAll
  static void stop() {
    if (browser != null) {
      browser.close();
    }
    node.close();
  }

  @BeforeEach
  void begins() {
    browser.anew();
  }

  private static void signIn(String name) {
    browser
        .open("/account")
        .type("username", name)
        .type("password", Client.PASSWORD)
        .press("Sign in");
    browser.shows("Your account");
  }

  private static String elsewhere(String name) throws Exception {
    return new JsonObject(api.login(name).body()).getString("refresh_token");
  }

  private static int refreshed(String token) throws Exception {
    String body = new JsonObject().put("refresh_token", token).encode();
    return api.send(api.post("/api/refresh", body)).statusCode();
  }

  @ParameterizedTest
  @ValueSource(booleans = {true, false})
  @DisplayName("PW5 RT8 registers, is told why a password is weak, and signs out elsewhere")
  void registersAndSignsOutElsewhere(boolean scripts) throws Exception {
    String name = "ada." + scripts;
    browser.scripts(scripts).open("/account/register");
    browser.type("username", name).type("password", "password123456789");
    browser.press("Make the account").shows("Please look at this again");

    assertThat(browser.find("#password-problem").getText())
        .isEqualTo("Password is too easy to guess, being made of common passwords.");
    assertThat(browser.focused().getDomAttribute("class")).isEqualTo("problems");
    assertThat(browser.find("#password").getDomAttribute("aria-invalid")).isEqualTo("true");
    assertThat(browser.find("#username").getDomProperty("value")).isEqualTo(name);
    assertThat(browser.find("#password").getDomProperty("value")).isEmpty();

    browser.type("password", Client.PASSWORD).press("Make the account");
    browser.shows("Your account");
    browser.shows(name).shows("Your account has been made.");
    browser.press("Sign out").shows("You are signed out.");

    signIn(name);
    String other = elsewhere(name);
    browser.open("/account").shows("Sign out everywhere else");
    assertThat(browser.all(".sessions li")).hasSize(2);
    assertThat(browser.all(".sessions form")).hasSize(1);
    browser.press("Sign out everywhere else");
    browser.shows("You are signed out everywhere else.");
    assertThat(browser.all(".sessions li")).hasSize(1);
    assertThat(refreshed(other)).isEqualTo(401);

    browser.find("a[href='/account/password']").click();
    browser.type("currentPassword", Client.PASSWORD).type("newPassword", "another correct horse");
    browser.press("Change the password");
    browser.shows("Your password has been changed.");
    browser.find("a[href='/account/deletion']").click();
    browser.type("password", "another correct horse");
    browser.find("#agreed").click();
    browser.press("Delete the account");
    browser.shows("Your account has been deleted.");
  }

  @Test
  void isUsedByTheKeyboardAlone() throws Exception {
    api.register("keys");
    browser.open("/account").tab();
    assertThat(browser.focused().getDomAttribute("id")).isEqualTo("username");
    browser.keys("keys").tab();
    assertThat(browser.focused().getDomAttribute("id")).isEqualTo("password");
    browser.keys("wrong").tab();
    assertThat(browser.focused().getText()).isEqualTo("Sign in");
    assertThat(browser.focused().getCssValue("outline-style")).isEqualTo("solid");
    browser.keys(Keys.ENTER);
    browser.shows("Username or password is wrong.");

    browser.tab().tab();
    assertThat(browser.focused().getDomAttribute("id")).isEqualTo("password");
    browser.keys(Client.PASSWORD, Keys.ENTER);
    browser.shows("Your account");
    browser.tab().keys(Keys.ENTER);
    browser.shows("Current password");
  }

  @Test
  @DisplayName("OP2 asks for a code besides the password, once the app has shown the first")
  void asksForASecondFactor() throws Exception {
    api.register("factor");
    signIn("factor");
    browser.open("/account/second-factor").type("password", Client.PASSWORD).press("Go on");
    look("second-factor-secret", "light", "Add this account to your app");
    String secret = browser.find("dd code").getText().replace(" ", "");
    assertThat(browser.find("dd a").getDomAttribute("href")).contains(secret);
    browser.type("code", "000000").press("Confirm").shows("is not a code of now");
    browser.type("code", OneTime.password(secret)).press("Confirm");
    look("recovery-codes", "light", "Your recovery codes");
    List<String> codes = browser.all(".codes li").stream().map(WebElement::getText).toList();
    assertThat(codes).hasSize(10);
    browser
        .open("/account")
        .shows("codes of an app")
        .press("Sign out")
        .shows("You are signed out.");

    browser.type("username", "factor").type("password", Client.PASSWORD).press("Sign in");
    look("sign-in-code", "light", "Code of your authenticator app");
    assertThat(browser.focused().getDomAttribute("id")).isEqualTo("one_time_code");
    browser.keys(codes.get(0), Keys.ENTER);
    browser.shows("Your account").press("Sign out").shows("You are signed out.");

    browser.scripts(false).open("/account");
    browser.type("username", "factor").type("password", Client.PASSWORD).press("Sign in");
    browser.shows("Code of your authenticator app");
    assertThat(browser.find("#password").getDomProperty("value")).isEmpty();
    browser.type("password", Client.PASSWORD).type("one_time_code", codes.get(1));
    browser.press("Sign in").shows("Your account");
    browser.open("/account/second-factor/end");
    browser.type("password", Client.PASSWORD).type("one_time_code", codes.get(2));
    browser.press("Ask for no code").shows("You are asked for no code any more.");
  }

  @Test
  @DisplayName("HT8 the code of a mail is behind the link's #, and goes into the field")
  void takesTheCodeOutOfTheAddress() throws Exception {
    api.register("mailed");
    signIn("mailed");
    for (String path : List.of("/account/verify", "/account/reset")) {
      browser.open(path + "#code-123_x");
      assertThat(browser.find("#code").getDomProperty("value")).isEqualTo("code-123_x");
      assertThat(browser.run("return location.hash")).isEqualTo("");
    }
  }

  @Test
  @DisplayName("RT12 the browser keeps the cookies, and shows them to no script")
  void keepsCookiesFromScripts() throws Exception {
    api.register("cookies");
    signIn("cookies");

    assertThat(browser.value("__Host-access")).isNotEmpty();
    assertThat(browser.value("__Host-refresh")).startsWith("rt_");
    assertThat(browser.run("return document.cookie")).isEqualTo("");
  }

  @ParameterizedTest
  @ValueSource(strings = {"light", "dark"})
  void isReadableForAll(String scheme) throws Exception {
    String name = "grace." + scheme;
    api.register(name);
    api.login(name);
    browser.scheme(scheme);
    open("sign-in", scheme, "/account");
    browser.type("username", name).type("password", "wrong").press("Sign in");
    look("sign-in-wrong", scheme, "Please look at this again");
    open("register", scheme, "/account/register");
    browser.type("username", "a!").type("password", "short").press("Make the account");
    look("register-wrong", scheme, "Please look at this again");
    open("no-page", scheme, "/account/nothing");
    signIn(name);
    open("overview", scheme, "/account?done=password");
    open("password", scheme, "/account/password");
    browser.type("currentPassword", "wrong").type("newPassword", Client.PASSWORD + "s");
    browser.press("Change the password");
    look("password-wrong", scheme, "Please look at this again");
    for (String page :
        List.of(
            "name",
            "email",
            "verify",
            "forgotten",
            "reset",
            "second-factor",
            "second-factor/confirm",
            "second-factor/end",
            "deletion")) {
      open(page.replace('/', '-'), scheme, "/account/" + page);
    }
  }

  private static void open(String name, String scheme, String path) throws Exception {
    browser.open(path);
    look(name, scheme, "");
  }

  private static void look(String name, String scheme, String text) throws Exception {
    browser.shows(text);
    for (int width : List.of(1024, 390)) {
      browser.width(width);
      assertThat(browser.findings()).as(name + ", " + scheme).isEmpty();
      assertThat(browser.isTooWide()).as("%s at %d is too wide", name, width).isFalse();
      browser.screenshot("%s-%s-%d".formatted(name, scheme, width));
    }
    browser.width(1024);
  }
}
