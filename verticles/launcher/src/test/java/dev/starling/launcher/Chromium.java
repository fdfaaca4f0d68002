package dev.starling.launcher;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import java.io.File;
import java.io.IOException;
import java.io.InputStream;
import java.io.UncheckedIOException;
import java.net.URI;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import org.openqa.selenium.By;
import org.openqa.selenium.Keys;
import org.openqa.selenium.OutputType;
import org.openqa.selenium.WebElement;
import org.openqa.selenium.chrome.ChromeDriver;
import org.openqa.selenium.chrome.ChromeDriverService;
import org.openqa.selenium.chrome.ChromeOptions;
import org.openqa.selenium.interactions.Actions;

/**
 * The browser of the machine, at the pages of a node: Debian's {@code chromium}, without a screen.
 */
final class Chromium implements AutoCloseable {
  private static final Path PROGRAM = program("chromium");
  private static final Path DRIVER = program("chromedriver");
  private static final Path SCREENSHOTS = Path.of("target", "screenshots");

  private final URI base;
  private final ChromeDriver driver;

  Chromium(URI base) {
    this.base = base;
    ChromeOptions options = new ChromeOptions();
    options.setBinary(PROGRAM.toFile());
    options.setAcceptInsecureCerts(true);
    options.addArguments(
        "--headless=new",
        "--no-sandbox",
        "--disable-dev-shm-usage",
        "--disable-gpu",
        "--enable-precise-memory-info",
        "--js-flags=--expose-gc",
        "--hide-scrollbars");
    File executable = DRIVER.toFile();
    driver =
        new ChromeDriver(
            new ChromeDriverService.Builder().usingDriverExecutable(executable).build(), options);
    driver.manage().timeouts().pageLoadTimeout(Duration.ofSeconds(60));
    driver.manage().timeouts().scriptTimeout(Duration.ofSeconds(60));
    driver.manage().timeouts().implicitlyWait(Duration.ofSeconds(10));
  }

  /** A test that needs a program fails without it. */
  private static Path program(String name) {
    return List.of(System.getenv("PATH").split(File.pathSeparator)).stream()
        .map(directory -> Path.of(directory, name))
        .filter(Files::isExecutable)
        .findFirst()
        .orElseThrow(() -> new AssertionError(name + " is not there: see programs() in .ci/run"));
  }

  /** As if it had never been here. */
  Chromium anew() {
    command("Network.clearBrowserCookies", Map.of());
    scripts(true);
    scheme("light");
    width(1024);
    return this;
  }

  private void command(String name, Map<String, Object> arguments) {
    driver.executeCdpCommand(name, arguments);
  }

  /** Whether pages may run scripts. */
  Chromium scripts(boolean allowed) {
    command("Emulation.setScriptExecutionDisabled", Map.of("value", !allowed));
    return this;
  }

  /** What the user likes: light or dark. */
  Chromium scheme(String scheme) {
    command(
        "Emulation.setEmulatedMedia",
        Map.of("features", List.of(Map.of("name", "prefers-color-scheme", "value", scheme))));
    return this;
  }

  /** CSS pixels. */
  Chromium width(int pixels) {
    command(
        "Emulation.setDeviceMetricsOverride",
        Map.of("width", pixels, "height", 900, "deviceScaleFactor", 1, "mobile", false));
    return this;
  }

  Chromium open(String path) {
    driver.get(base.resolve(path).toString());
    return this;
  }

  /** Waits for a page with this text: what a key does is not waited for. */
  Chromium shows(String text) {
    await()
        .atMost(Duration.ofSeconds(30))
        .ignoreExceptions()
        .untilAsserted(() -> assertThat(find("main").getText()).contains(text));
    return this;
  }

  WebElement find(String css) {
    return driver.findElement(By.cssSelector(css));
  }

  List<WebElement> all(String css) {
    return driver.findElements(By.cssSelector(css));
  }

  /** What has the focus. */
  WebElement focused() {
    return driver.switchTo().activeElement();
  }

  Chromium type(String field, String text) {
    find("#" + field).clear();
    find("#" + field).sendKeys(text);
    return this;
  }

  /** By the keyboard alone, wherever the focus is. */
  Chromium keys(CharSequence... keys) {
    new Actions(driver).sendKeys(keys).perform();
    return this;
  }

  Chromium tab() {
    return keys(Keys.TAB);
  }

  Chromium press(String button) {
    driver.findElement(By.xpath("//button[normalize-space()='" + button + "']")).click();
    return this;
  }

  String value(String cookie) {
    return driver.manage().getCookieNamed(cookie).getValue();
  }

  Object run(String script, Object... arguments) {
    return driver.executeScript(script, arguments);
  }

  /** What the script hands to its last argument, a function. */
  Object runLater(String script, Object... arguments) {
    return driver.executeAsyncScript(script, arguments);
  }

  /**
   * What axe-core finds to be wrong for those who cannot see or hear well, its serious findings.
   */
  List<?> findings() {
    return (List<?>)
        driver.executeAsyncScript(
            axe()
                + """
            ;const done = arguments[arguments.length - 1];
            axe.run().then(found => done(found.violations
              .filter(each => ["serious", "critical"].includes(each.impact))
              .map(each => each.id + ": " + each.nodes.map(node => node.html).join(" "))));""");
  }

  private static String axe() {
    try (InputStream file = Chromium.class.getResourceAsStream("/axe.min.js")) {
      return new String(file.readAllBytes(), UTF_8);
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  /** Whether one must scroll sideways. */
  boolean isTooWide() {
    return (Boolean)
        run("return document.scrollingElement.scrollWidth > document.scrollingElement.clientWidth");
  }

  /** Kept below target, for people to look at. */
  void screenshot(String name) throws IOException {
    Files.createDirectories(SCREENSHOTS);
    long height = (Long) run("return Math.max(500, document.documentElement.scrollHeight)");
    long width = (Long) run("return window.innerWidth");
    command(
        "Emulation.setDeviceMetricsOverride",
        Map.of("width", width, "height", height, "deviceScaleFactor", 1, "mobile", false));
    Files.write(SCREENSHOTS.resolve(name + ".png"), driver.getScreenshotAs(OutputType.BYTES));
  }

  @Override
  public void close() {
    driver.quit();
  }
}
