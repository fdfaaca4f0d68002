package dev.starling.user.service;

import static java.util.concurrent.TimeUnit.SECONDS;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.catchThrowable;

import io.vertx.core.Vertx;
import io.vertx.core.json.JsonObject;
import io.vertx.core.net.NetServer;
import io.vertx.ext.mail.LoginOption;
import io.vertx.ext.mail.MailClient;
import io.vertx.ext.mail.MailConfig;
import io.vertx.ext.mail.MailMessage;
import io.vertx.ext.mail.StartTLSOptions;
import java.util.Queue;
import java.util.concurrent.ConcurrentLinkedQueue;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.DisplayName;
import org.junit.jupiter.api.Test;

class MailServerTest {
  private final Vertx vertx = Vertx.vertx();

  @AfterEach
  void close() throws Exception {
    vertx.close().await(10, SECONDS);
  }

  @Test
  @DisplayName("OP1 Default MailConfig.starttls: a server that does not encrypt gets no mail")
  void sendsNothingInClear() throws Exception {
    Queue<String> heard = new ConcurrentLinkedQueue<>();
    NetServer plain =
        vertx
            .createNetServer()
            .connectHandler(
                socket -> {
                  socket.write("220 mail\r\n");
                  socket.handler(
                      line -> {
                        heard.add(line.toString());
                        socket.write(
                            heard.size() == 1 ? "250-mail\r\n250 PIPELINING\r\n" : "250 ok\r\n");
                      });
                })
            .listen(0, "127.0.0.1")
            .await(10, SECONDS);
    MailConfig connection =
        connection("smtp://mail.example").setHostname("127.0.0.1").setPort(plain.actualPort());
    MailMessage mail =
        new MailMessage().setFrom("a@mail.example").setTo("b@mail.example").setText("secret");

    Throwable refusal =
        catchThrowable(() -> MailClient.create(vertx, connection).sendMail(mail).await(5, SECONDS));
    assertThat(heard).noneMatch(line -> line.startsWith("MAIL"));
    assertThat(refusal).hasMessageContaining("STARTTLS");
  }

  @Test
  @DisplayName(
      "OP1 Default MailConfig.login: who has a password logs in or sends nothing, who has none does not")
  void logsInWhenItHasAPassword() {
    assertThat(connection("smtp://user:sesame@mail.example").getLogin())
        .isEqualTo(LoginOption.REQUIRED);
    assertThat(connection("smtp://mail.example").getLogin()).isEqualTo(LoginOption.DISABLED);
  }

  @Test
  @DisplayName(
      "HT4 Default MailConfig.connectTimeout, idleTimeout and maxPoolSize: a silent server holds"
          + " few connections, and for less time than the next attempt is away")
  void boundsASilentServer() {
    MailConfig connection = connection("smtp://mail.example");

    assertThat(connection.getConnectTimeout()).isBetween(1, 10_000);
    assertThat(connection.getIdleTimeout()).isBetween(1, 25);
    assertThat(connection.getMaxPoolSize()).isEqualTo(MailServer.CONNECTIONS);
    assertThat(connection.isTrustAll()).isFalse();
    assertThat(connection.getStarttls()).isEqualTo(StartTLSOptions.REQUIRED);
  }

  private static MailConfig connection(String server) {
    JsonObject config =
        new JsonObject()
            .put("mail-server", server)
            .put("mail-ca", "")
            .put("mail-from", "accounts@starling.example")
            .put("mail-link", "");
    return MailServer.of(config).orElseThrow().connection();
  }
}
