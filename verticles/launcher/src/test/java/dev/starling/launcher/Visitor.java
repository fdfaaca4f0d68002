package dev.starling.launcher;

import static java.nio.charset.StandardCharsets.UTF_8;

import java.io.IOException;
import java.net.HttpCookie;
import java.net.URI;
import java.net.URLEncoder;
import java.net.http.HttpRequest;
import java.net.http.HttpRequest.BodyPublishers;
import java.net.http.HttpResponse;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.stream.Collectors;

/**
 * A browser without a screen, at the account pages of a node: it keeps cookies, and sends forms
 * with what is hidden in them.
 */
final class Visitor {
  private static final Pattern TOKEN = Pattern.compile("name=\"form_token\" value=\"([^\"]+)\"");

  private final URI base;
  private final Client client;
  final Map<String, String> cookies = new LinkedHashMap<>();

  Visitor(URI base) {
    this(base, new Client(base));
  }

  Visitor(URI base, Client client) {
    this.base = base;
    this.client = client;
  }

  /** As its own pages send it. */
  String origin() {
    return base.getScheme() + "://" + base.getAuthority();
  }

  HttpRequest.Builder request(String path) {
    HttpRequest.Builder request = client.request(path);
    if (!cookies.isEmpty()) {
      request.header(
          "Cookie",
          cookies.entrySet().stream()
              .map(cookie -> cookie.getKey() + "=" + cookie.getValue())
              .collect(Collectors.joining("; ")));
    }
    return request;
  }

  HttpResponse<String> send(HttpRequest request) throws IOException, InterruptedException {
    HttpResponse<String> response = client.send(request);
    for (String set : response.headers().allValues("Set-Cookie")) {
      HttpCookie cookie = HttpCookie.parse(set).get(0);
      if (cookie.getMaxAge() == 0) {
        cookies.remove(cookie.getName());
      } else {
        cookies.put(cookie.getName(), cookie.getValue());
      }
    }
    return response;
  }

  HttpResponse<String> get(String path) throws IOException, InterruptedException {
    return send(request(path).build());
  }

  /** A form as the page that {@code /account} is has it, with names and values in turn. */
  HttpResponse<String> submit(String path, String... fields)
      throws IOException, InterruptedException {
    return send(form(path, token(), fields).header("Origin", origin()).build());
  }

  /** What a page for this browser has hidden in its forms. */
  String token() throws IOException, InterruptedException {
    Matcher token = TOKEN.matcher(get("/account").body());
    if (!token.find()) {
      throw new AssertionError("There is no form at /account");
    }
    return token.group(1);
  }

  HttpRequest.Builder form(String path, String token, String... fields) {
    StringBuilder form = new StringBuilder(token == null ? "" : "form_token=" + token);
    for (int i = 0; i < fields.length; i += 2) {
      form.append('&')
          .append(fields[i])
          .append('=')
          .append(URLEncoder.encode(fields[i + 1], UTF_8));
    }
    return request(path)
        .header("Content-Type", "application/x-www-form-urlencoded")
        .POST(BodyPublishers.ofString(form.toString()));
  }

  HttpResponse<String> register(String name) throws IOException, InterruptedException {
    return submit("/account/register", "username", name, "password", Client.PASSWORD);
  }
}
