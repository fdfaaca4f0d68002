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
    node = StarlingProcess.in(directory).onAnyPort().start();
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
  @DisplayName("RT12 the browser keeps the cookies, and shows them to no script")
  void keepsCookiesFromScripts() throws Exception {
    api.register("cookies");
    signIn("cookies");

    assertThat(browser.value("__Host-access")).isNotEmpty();
    assertThat(browser.value("__Secure-refresh")).startsWith("rt_");
    assertThat(browser.run("return document.cookie")).isEqualTo("");
  }

  @ParameterizedTest
  @ValueSource(strings = {"light", "dark"})
  void isReadableForAll(String scheme) throws Exception {
    String name = "grace." + scheme;
    api.register(name);
    api.login(name);
    browser.scheme(scheme);
    look("sign-in", scheme, "/account");
    browser.type("username", name).type("password", "wrong").press("Sign in");
    look("sign-in-wrong", scheme, null);
    look("register", scheme, "/account/register");
    browser.type("username", "a!").type("password", "short").press("Make the account");
    look("register-wrong", scheme, null);
    look("no-page", scheme, "/account/nothing");
    signIn(name);
    look("overview", scheme, "/account?done=password");
    look("password", scheme, "/account/password");
    browser.type("currentPassword", "wrong").type("newPassword", Client.PASSWORD + "s");
    browser.press("Change the password");
    look("password-wrong", scheme, null);
    look("deletion", scheme, "/account/deletion");
  }

  private static void look(String name, String scheme, String path) throws Exception {
    if (path == null) {
      browser.shows("Please look at this again");
    } else {
      browser.open(path);
    }
    for (int width : List.of(1024, 390)) {
      browser.width(width);
      assertThat(browser.findings()).as(name + ", " + scheme).isEmpty();
      assertThat(browser.isTooWide()).as("%s at %d is too wide", name, width).isFalse();
      browser.screenshot("%s-%s-%d".formatted(name, scheme, width));
    }
    browser.width(1024);
  }
}
