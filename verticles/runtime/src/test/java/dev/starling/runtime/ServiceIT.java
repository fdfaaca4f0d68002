package dev.starling.runtime;

import static dev.starling.runtime.OneNode.await;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.catchThrowableOfType;
import static org.awaitility.Awaitility.await;

import io.vertx.core.Future;
import io.vertx.core.Promise;
import io.vertx.core.Vertx;
import io.vertx.core.WorkerExecutor;
import io.vertx.core.buffer.Buffer;
import io.vertx.core.eventbus.DeliveryOptions;
import io.vertx.core.eventbus.Message;
import io.vertx.core.eventbus.ReplyException;
import io.vertx.core.internal.VertxInternal;
import io.vertx.core.json.JsonObject;
import java.nio.file.Path;
import java.security.KeyPair;
import java.security.KeyPairGenerator;
import java.security.Signature;
import java.security.interfaces.EdECPublicKey;
import java.time.Clock;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Base64;
import java.util.List;
import java.util.Map;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.stream.IntStream;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.DisplayName;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** A service on a real bus: what its handlers do and what its callers see of it. */
class ServiceIT {
  record Text(String text) {}

  record Keys(List<Key> keys) {}

  record Key(String kty, String crv, String kid, String x) {}

  record Nothing() {}

  private static final Operation<Text, Text> ECHO =
      Operation.query("lab", "echo", Text.class, Text.class).open();
  private static final Operation<Text, Text> MAKE =
      Operation.command("lab", "make", Text.class, Text.class).open().creates("/things/{text}");
  private static final Operation<Text, Text> FAIL =
      Operation.query("lab", "fail", Text.class, Text.class).open();
  private static final Operation<Text, Text> WAIT =
      Operation.query("lab", "wait", Text.class, Text.class).open().within(Duration.ofSeconds(20));
  private static final Operation<Text, Text> BRIEF =
      Operation.query("lab", "brief", Text.class, Text.class).open().within(Duration.ofMillis(100));
  private static final Operation<Text, Text> THROW =
      Operation.query("lab", "throw", Text.class, Text.class).open();
  private static final Operation<Text, Text> NULL =
      Operation.query("lab", "null", Text.class, Text.class).within(Duration.ofSeconds(20));
  private static final Operation<Text, Text> FOREIGN =
      Operation.query("lab", "foreign", Text.class, Text.class)
          .open()
          .within(Duration.ofSeconds(20));
  private static final Operation<Text, Text> WHO =
      Operation.query("lab", "who", Text.class, Text.class);
  private static final Operation<Text, Text> RELAY =
      Operation.query("relay", "relay", Text.class, Text.class);
  private static final Operation<Text, Text> TRACE =
      Operation.query("lab", "trace", Text.class, Text.class).open();
  private static final Operation<Text, Text> KEYED =
      Operation.command("lab", "keyed", Text.class, Text.class).open().keyed();
  private static final Operation<Text, Text> UNKEYED =
      Operation.command("lab", "unkeyed", Text.class, Text.class).open();
  private static final Operation<Text, Text> HAND_ON =
      Operation.command("relay", "hand-on", Text.class, Text.class).open().keyed();
  private static final Operation<Text, Text> LATE =
      Operation.query("late", "late", Text.class, Text.class).open();
  private static final Operation<Nothing, Keys> KEYS =
      Operation.query("keys", "get", Nothing.class, Keys.class).open();

  private static final String ADDRESS = Announcement.address("lab", OneNode.SELF);

  @TempDir private Path secrets;

  private final KeyPair pair = KeyPairGenerator.getInstance("Ed25519").generateKeyPair();
  private final Lab lab = new Lab();
  private OneNode one;

  ServiceIT() throws Exception {}

  @BeforeEach
  void start() {
    one = new OneNode(secrets);
    one.deploy(lab);
  }

  @AfterEach
  void stop() {
    lab.gate.tryComplete();
    one.close();
  }

  @Test
  void answers() {
    assertThat(one.call(ECHO, new Text("a\u20ac"))).isEqualTo(new Text("a\u20ac"));
    assertThat(one.call(ECHO, new Text(null))).isEqualTo(new Text(null));
  }

  @Test
  void changesNothingWhileItIsCutOff() {
    Nodes nodes = new Nodes();
    try (OneNode node = new OneNode(secrets, nodes, 2)) {
      node.deploy(new Lab());
      assertThat(node.call(UNKEYED, new Text("a"))).isNotNull();
      nodes.leave("node-1");
      assertThat(node.call(ECHO, new Text("a"))).isEqualTo(new Text("a"));
      assertThatThrownBy(() -> node.call(UNKEYED, new Text("a")))
          .isInstanceOfSatisfying(
              ServiceException.class, e -> assertThat(e.code()).isEqualTo(ErrorCode.NOT_STARTED))
          .hasMessageContaining("cut off");
      assertThat(await(node.node.health().readiness()).stream().filter(check -> !check.up()))
          .extracting(Health.Check::reason)
          .containsExactly("this node sees 1 of at least 2 nodes and refuses to change anything");

      nodes.join("node-1");
      assertThat(node.call(UNKEYED, new Text("a"))).isNotNull();
    }
  }

  @Test
  void handsOnARefusalAsItIs() {
    ServiceException refused = refused(FAIL, "CONFLICT");

    assertThat(refused.code()).isEqualTo(ErrorCode.CONFLICT);
    assertThat(refused).hasMessage("No");
    assertThat(refused.errors()).containsExactly(new FieldError("/text", "rule", "is wrong"));
  }

  @Test
  void refusesARequestThatCannotBeRead() {
    OperationSpec spec = ECHO.spec();

    assertThat(code(send(spec, "{\"more\":1}"))).isEqualTo(ErrorCode.MALFORMED);
    assertThat(code(send(spec, ""))).isEqualTo(ErrorCode.MALFORMED);
    assertThat(code(send(spec, "{\"text\":\"" + "a".repeat(1024) + "\"}")))
        .isEqualTo(ErrorCode.TOO_LARGE);
    assertThat(lab.handled).hasValue(0);
  }

  @Test
  void keepsTheTextOfAFaultToItself() {
    for (Operation<Text, Text> operation : List.of(THROW, FAIL)) {
      ServiceException fault = refused(operation, "secret");

      assertThat(fault.code()).isEqualTo(ErrorCode.INTERNAL);
      assertThat(fault.problem("").encode()).doesNotContain("secret");
    }
  }

  @Test
  void endsACallInTime() {
    assertThat(refused(BRIEF, "").code()).isEqualTo(ErrorCode.TIMED_OUT);
  }

  @Test
  void worksOnOthersAfterCallsThatNeverEnd() {
    one.node.options().limits().change(Map.of(Limit.CONCURRENCY, 1L));
    Future<Text> stuck = one.node.client().call(BRIEF, new Text("1"));
    assertThat(refused(BRIEF, "2").code()).isEqualTo(ErrorCode.OVERLOADED);

    assertThat(code(stuck)).isEqualTo(ErrorCode.TIMED_OUT);
    await().until(() -> refused(BRIEF, "3").code() == ErrorCode.TIMED_OUT);
    assertThat(lab.handled).hasValue(2);
  }

  @Test
  void endsACallWhoseHandlerGivesNoFuture() throws Exception {
    one.deploy(keys());

    assertThat(code(one.node.client().call(NULL, new Text(""), Call.begin(token(), 20_000))))
        .isEqualTo(ErrorCode.INTERNAL);
  }

  @Test
  void refusesAnOperationThatItDoesNotHave() {
    Operation<Text, Text> unknown =
        Operation.query("lab", "unknown", Text.class, Text.class).open();

    assertThat(refused(unknown, "").code()).isEqualTo(ErrorCode.NOT_STARTED);
    assertThat(code(request(ADDRESS, Buffer.buffer("{}"), options(unknown))))
        .isEqualTo(ErrorCode.NOT_FOUND);
  }

  @Test
  void refusesAServiceThatNobodyOffers() {
    OperationSpec unknown = OperationSpec.named("unknown", "echo", 1_000);

    assertThat(code(send(unknown, "{}"))).isEqualTo(ErrorCode.NOT_STARTED);
  }

  @ParameterizedTest
  @ValueSource(strings = {"0", "-1", "-9223372036854775808"})
  void dropsACallThatNobodyWaitsFor(String budget) {
    assertThat(code(raw(ECHO, Buffer.buffer("{}"), options(ECHO).addHeader(Call.BUDGET, budget))))
        .isEqualTo(ErrorCode.TIMED_OUT);
    assertThat(lab.handled).hasValue(0);
  }

  @Test
  void sendsNoCallWhoseTimeIsOver() {
    assertThat(code(one.node.client().call(ECHO, new Text(""), Call.begin(null, 0))))
        .isEqualTo(ErrorCode.TIMED_OUT);
    assertThat(lab.handled).hasValue(0);
  }

  @ParameterizedTest
  @ValueSource(strings = {"", "a", "1e9", "99999999999999999999", "9223372036854775807"})
  void readsABudgetThatIsNoneAsItsOwn(String budget) {
    assertThat(
            await(raw(ECHO, Buffer.buffer("{}"), options(ECHO).addHeader(Call.BUDGET, budget)))
                .body())
        .isEqualTo(Buffer.buffer("{\"text\":null}"));
  }

  @ParameterizedTest
  @ValueSource(strings = {"", "[]", "{\"text\":1}", "{\"text\":[\"a\"]}", "x"})
  void survivesParametersThatAreNone(String parameters) {
    DeliveryOptions options = options(ECHO).addHeader(ServiceVerticle.PARAMETERS, parameters);

    Future<Message<Buffer>> reply = raw(ECHO, Buffer.buffer("{}"), options);
    await(reply.otherwiseEmpty());
    if (reply.failed()) {
      assertThat(code(reply)).isEqualTo(ErrorCode.MALFORMED);
    }
  }

  @Test
  void survivesAnyKindOfBody() {
    for (Object body :
        new Object[] {null, 5, 5L, true, "x", 'c', new byte[] {1}, Buffer.buffer("\0"), 1.5}) {
      assertThat(code(raw(ECHO, body, options(ECHO)))).isEqualTo(ErrorCode.MALFORMED);
    }
    assertThat(one.call(ECHO, new Text("still there")).text()).isEqualTo("still there");
  }

  @Test
  void takesAJsonObjectAtItsPlainAddress() {
    Message<JsonObject> reply =
        await(one.vertx.eventBus().request("lab.echo", new JsonObject().put("text", "a")));

    assertThat(reply.body()).isEqualTo(new JsonObject().put("text", "a"));
  }

  @Test
  @DisplayName("AT8 who says in a header of the bus whom it calls for is refused without a token")
  void demandsATokenAtItsPlainAddressToo() {
    Future<Message<Object>> reply =
        one.vertx.eventBus().request("lab.who", new JsonObject().put("text", "a"));
    assertThat(code(reply)).isEqualTo(ErrorCode.UNAUTHENTICATED);

    DeliveryOptions forged = new DeliveryOptions();
    for (String name : List.of("userId", "user", "sub", "subject", "caller", "x-user-id")) {
      forged.addHeader(name, "ada");
    }
    assertThat(
            code(
                one.vertx.eventBus().request("lab.who", new JsonObject().put("text", "a"), forged)))
        .isEqualTo(ErrorCode.UNAUTHENTICATED);
    assertThat(lab.handled).hasValue(0);
  }

  @Test
  void answersAPingAndTellsItsContract() {
    DeliveryOptions ping =
        new DeliveryOptions().addHeader(ServiceVerticle.OPERATION, ServiceVerticle.PING);
    DeliveryOptions contract =
        new DeliveryOptions().addHeader(ServiceVerticle.OPERATION, ServiceVerticle.CONTRACT);

    assertThat(await(raw(ECHO, Buffer.buffer(), ping)).body().length()).isZero();
    ContractDocument document =
        Codec.reply(await(raw(ECHO, Buffer.buffer(), contract)).body(), ContractDocument.class);
    assertThat(document.service()).isEqualTo("lab");
    assertThat(document.operations())
        .allSatisfy(
            entry -> assertThat(entry.request().json().path("type").asText()).isEqualTo("object"));
    assertThat(document.operations())
        .extracting(ContractDocument.Entry::operation)
        .contains(ECHO.spec(), MAKE.spec(), WHO.spec());
  }

  @Test
  void tellsWhereItsCreationIs() {
    assertThat(location("a")).isEqualTo("/things/a");
    assertThat(location("a b/\u00e4?#%")).isEqualTo("/things/a%20b%2F%C3%A4%3F%23%25");
    assertThat(location("$1\\")).isEqualTo("/things/%241%5C");
    assertThat(location("a\r\nset-cookie: b")).isEqualTo("/things/a%0D%0Aset-cookie%3A%20b");
    assertThat(location("+~-._")).isEqualTo("/things/%2B~-._");
  }

  private String location(String text) {
    Message<Buffer> reply =
        await(
            one.node
                .client()
                .send(MAKE.spec(), Codec.write(new Text(text)), null, Call.begin(null, 2000)));
    return reply.headers().get(Node.LOCATION);
  }

  @Test
  @DisplayName("AT8 a service takes a caller for whom the token names, and verifies that itself")
  void knowsItsCallerByTheToken() throws Exception {
    one.deploy(keys());

    assertThat(await(one.node.client().call(WHO, new Text(""), Call.begin(token(), 2000))).text())
        .isEqualTo("ada");
    assertThat(refused(WHO, "").code()).isEqualTo(ErrorCode.UNAUTHENTICATED);
    assertThat(code(one.node.client().call(WHO, new Text(""), Call.begin("x.y.z", 2000))))
        .isEqualTo(ErrorCode.UNAUTHENTICATED);
  }

  @Test
  void blamesNobodyWhenTheKeysAreAway() throws Exception {
    assertThat(code(one.node.client().call(WHO, new Text(""), Call.begin(token(), 2000))))
        .isEqualTo(ErrorCode.NOT_STARTED);
  }

  @Test
  void goesOnWithEachCallInItsOwnThreadWhenTheKeysCome() throws Exception {
    Promise<JsonObject> keys = Promise.promise();
    TokenVerifier verifier =
        new TokenVerifier("issuer", "audience", Clock.systemUTC(), keys::future);
    String token = token();
    List<Future<Boolean>> calls =
        IntStream.range(0, 4).mapToObj(i -> goesOnInItsThread(verifier, token)).toList();
    keys.complete(OneNode.noKeys());

    assertThat(calls.stream().map(OneNode::await)).containsOnly(true);
  }

  private Future<Boolean> goesOnInItsThread(TokenVerifier verifier, String token) {
    Promise<Boolean> same = Promise.promise();
    Promise<Void> asked = Promise.promise();
    ((VertxInternal) one.vertx)
        .createEventLoopContext()
        .runOnContext(
            v -> {
              Thread thread = Thread.currentThread();
              verifier
                  .verify(token)
                  .onComplete(done -> same.complete(thread == Thread.currentThread()));
              asked.complete();
            });
    await(asked.future());
    return same.future();
  }

  /** Vert.x closes what belongs to it in any order, so that one pool would prove nothing. */
  @Test
  void keepsWhatIsSharedWhileTheServicesFinish() {
    Pools pools = await(one.node.shared(Pools.class, () -> new Pools(one.vertx)));
    Promise<Void> finished = Promise.promise();
    ((VertxInternal) one.vertx)
        .addCloseHook(
            closed -> {
              pools.work().onComplete(finished);
              finished.future().onComplete(closed);
            });
    one.close();

    assertThat(finished.future().succeeded()).isTrue();
  }

  private record Pools(List<WorkerExecutor> pools) implements AutoCloseable {
    Pools(Vertx vertx) {
      this(
          IntStream.range(0, 20)
              .mapToObj(i -> vertx.createSharedWorkerExecutor("pool-" + i, 1))
              .toList());
    }

    Future<Void> work() {
      return Future.all(pools.stream().map(pool -> pool.executeBlocking(() -> pool)).toList())
          .mapEmpty();
    }

    @Override
    public void close() {
      pools.forEach(WorkerExecutor::close);
    }
  }

  @Test
  void passesTraceAndTokenToTheNextHop() throws Exception {
    one.deploy(keys());
    one.deploy(new Relay());
    Call call = Call.begin(token(), 2000);

    assertThat(await(one.node.client().call(RELAY, new Text(""), call)).text())
        .isEqualTo("ada " + call.trace());
  }

  @Test
  void givesTheKeyOfACallToTheOperationCalledAndNoFurther() {
    one.deploy(new Relay());
    Call call = Call.begin(null, 2000).keyed("k~!");

    assertThat(await(one.node.client().call(KEYED, new Text(""), call)).text()).isEqualTo("k~!");
    assertThat(await(one.node.client().call(UNKEYED, new Text(""), call)).text()).isNull();
    assertThat(await(one.node.client().call(HAND_ON, new Text(""), call)).text())
        .isEqualTo("k~! null");
    assertThat(one.call(KEYED, new Text("")).text()).isNull();
  }

  @ParameterizedTest
  @ValueSource(strings = {"", " ", "a b", "a\u007f", "\u00e4", "a\n", "LONG"})
  void refusesAKeyThatIsNone(String key) {
    String text = key.equals("LONG") ? "k".repeat(256) : key;
    assertThatThrownBy(() -> Call.begin(null, 2000).keyed(text))
        .isInstanceOf(ServiceException.class)
        .hasMessageContaining("Idempotency-Key");

    DeliveryOptions options = options(KEYED).addHeader(Call.KEY, text);
    assertThat(code(raw(KEYED, Buffer.buffer("{}"), options))).isEqualTo(ErrorCode.MALFORMED);
    options = new DeliveryOptions().addHeader(Call.KEY, text);
    assertThat(code(request("lab.keyed", new JsonObject(), options)))
        .isEqualTo(ErrorCode.MALFORMED);
    assertThat(await(request("lab.unkeyed", new JsonObject(), options).map(true))).isTrue();
  }

  @Test
  void takesAKeyOf255CharactersFromAnyProgram() {
    DeliveryOptions options = new DeliveryOptions().addHeader(Call.KEY, "k".repeat(255));
    Object reply =
        one.vertx.eventBus().request("lab.keyed", new JsonObject(), options).await().body();
    assertThat(((JsonObject) reply).getString("text")).hasSize(255);
  }

  @Test
  void isCalledHoweverItFailsWhenItIsTheOnlyOne() {
    for (int i = 0; i < 50; i++) {
      assertThat(refused(THROW, "").code()).isEqualTo(ErrorCode.INTERNAL);
    }

    assertThat(one.call(ECHO, new Text("a")).text()).isEqualTo("a");
  }

  @Test
  void fallsBackOnWhatTheCallerGivesAndSaysSo() {
    Call call = Call.begin(null, 2_000);
    ServiceClient client = one.node.client();

    Reply<Text> own = await(client.call(ECHO, new Text("a"), call, e -> new Text("b")));
    assertThat(own.value().text()).isEqualTo("a");
    assertThat(own.isFallback()).isFalse();
    Reply<Text> other = await(client.call(THROW, new Text("a"), call, e -> new Text("b")));
    assertThat(other.value().text()).isEqualTo("b");
    assertThat(other.isFallback()).isTrue();
    assertThat(other.failure().code()).isEqualTo(ErrorCode.INTERNAL);
    Future<Reply<Text>> refused = client.call(FAIL, new Text("CONFLICT"), call, e -> new Text("b"));
    assertThat(code(refused)).isEqualTo(ErrorCode.CONFLICT);
  }

  @Test
  void keepsItsBreakerClosedWhateverItsCallersDoWrong() {
    for (ErrorCode code : ErrorCode.values()) {
      for (int i = 0; i < 6 && !code.isFault(); i++) {
        assertThat(refused(FAIL, code.name()).code()).isEqualTo(code);
      }
    }
    assertThat(one.call(ECHO, new Text("a")).text()).isEqualTo("a");
  }

  @Test
  void finishesWhatIsInFlightWhenItStops() {
    Future<Text> inFlight = one.node.client().call(WAIT, new Text("a"));
    await().until(() -> lab.handled.get() == 1);

    Future<Void> stopped = one.vertx.undeploy(lab.deploymentID());
    await().until(() -> one.node.directory().announcements().isEmpty());
    await()
        .untilAsserted(
            () ->
                assertThat(code(request(ADDRESS, Buffer.buffer("{}"), options(ECHO))))
                    .isEqualTo(ErrorCode.NOT_STARTED));
    assertThat(refused(ECHO, "").code()).isEqualTo(ErrorCode.NOT_STARTED);
    assertThat(stopped.isComplete()).isFalse();
    assertThat(lab.closed).isFalse();

    lab.gate.complete();
    assertThat(await(inFlight)).isEqualTo(new Text("a"));
    await(stopped);
    assertThat(lab.closed).isTrue();
  }

  @Test
  void stopsAtOnceWhenNothingIsInFlightOnAnyThread() throws Exception {
    List<Future<?>> calls = new ArrayList<>();
    IntStream.range(0, 200).forEach(i -> calls.add(one.node.client().call(FOREIGN, new Text("a"))));
    await(Future.all(calls));

    long begin = System.nanoTime();
    await(one.vertx.undeploy(lab.deploymentID()));
    assertThat(Duration.ofNanos(System.nanoTime() - begin)).isLessThan(Duration.ofSeconds(3));
  }

  @Test
  void leavesTheRegistryWhenItStops() {
    assertThat(one.node.directory().announcements()).hasSize(1);
    await(one.vertx.undeploy(lab.deploymentID()));

    assertThat(one.node.directory().announcements()).isEmpty();
    assertThat(await(one.registry().all())).isEmpty();
    assertThat(one.node.directory().contracts()).hasSize(1);
    assertThat(refused(ECHO, "").code()).isEqualTo(ErrorCode.NOT_STARTED);
  }

  @Test
  void isOneInstanceHoweverManyVerticlesItHas() {
    Lab second = new Lab();
    one.deploy(second);

    assertThat(one.node.directory().announcements()).hasSize(1);
    assertThat(await(one.registry().all())).hasSize(1);
    for (int i = 0; i < 10; i++) {
      one.call(ECHO, new Text("a"));
    }
    assertThat(lab.handled).hasValue(5);
    assertThat(second.handled).hasValue(5);
  }

  @Test
  void isNotAnnouncedWhenItCannotOpen() {
    OperationSpec spec = OperationSpec.named("shut", "echo", 1_000);
    ServiceVerticle shut =
        new ServiceVerticle() {
          @Override
          protected void operations() {
            handle(
                Operation.query("shut", "echo", Text.class, Text.class).open(),
                Future::succeededFuture);
          }

          @Override
          protected Future<?> open() {
            return Future.failedFuture("no database");
          }
        };

    assertThat(one.vertx.deployVerticle(shut)).satisfies(f -> await(f.otherwiseEmpty()));
    assertThat(one.node.directory().announcements()).hasSize(1);
    assertThat(code(send(spec, "{}"))).isEqualTo(ErrorCode.NOT_STARTED);
  }

  @Test
  void servesOnceItCanOpenAndSaysWhyItCannot() {
    Late late = new Late(2);
    one.deploy(late);

    assertThat(await(one.node.health().readiness()))
        .contains(new Health.Check("late", false, "not there yet"));
    assertThat(code(one.node.client().call(LATE, new Text("a")))).isEqualTo(ErrorCode.NOT_STARTED);
    await()
        .until(() -> await(one.node.client().call(LATE, new Text("a")).map(true).otherwise(false)));
    assertThat(late.opened).hasValue(3);
    assertThat(await(one.node.health().readiness())).allMatch(Health.Check::up);
  }

  @Test
  void opensNoMoreOnceItStops() {
    Late late = new Late(Integer.MAX_VALUE);
    one.deploy(late);
    await().until(() -> late.opened.get() > 1);
    await(one.vertx.undeploy(late.deploymentID()));
    int opened = late.opened.get();

    await().during(Duration.ofMillis(1200)).until(() -> late.opened.get() == opened);
  }

  private Future<Message<Buffer>> send(OperationSpec operation, String body) {
    return one.node.client().send(operation, Buffer.buffer(body), null, Call.begin(null, 2000));
  }

  private static DeliveryOptions options(Operation<?, ?> operation) {
    return new DeliveryOptions().addHeader(ServiceVerticle.OPERATION, operation.spec().name());
  }

  private Future<Message<Buffer>> raw(
      Operation<?, ?> operation, Object body, DeliveryOptions options) {
    return request(Announcement.address(operation.spec().service(), OneNode.SELF), body, options);
  }

  private Future<Message<Buffer>> request(String address, Object body, DeliveryOptions options) {
    return one.vertx.eventBus().request(address, body, options.setSendTimeout(5000));
  }

  private ServiceException refused(Operation<Text, Text> operation, String text) {
    return catchThrowableOfType(ServiceException.class, () -> one.call(operation, new Text(text)));
  }

  private static ErrorCode code(Future<?> future) {
    await(future.mapEmpty().otherwiseEmpty());
    assertThat(future.failed()).isTrue();
    assertThat(future.cause()).isInstanceOfAny(ServiceException.class, ReplyException.class);
    return ServiceException.of(future.cause()).code();
  }

  private String token() throws Exception {
    Base64.Encoder base64 = Base64.getUrlEncoder().withoutPadding();
    long now = System.currentTimeMillis() / 1000;
    String header = "{\"typ\":\"at+jwt\",\"alg\":\"EdDSA\",\"kid\":\"k1\"}";
    JsonObject claims =
        new JsonObject()
            .put("iss", "issuer")
            .put("aud", "audience")
            .put("sub", "ada")
            .put("jti", "1")
            .put("iat", now)
            .put("exp", now + 60);
    String signed =
        base64.encodeToString(header.getBytes())
            + "."
            + base64.encodeToString(claims.encode().getBytes());
    Signature signature = Signature.getInstance("Ed25519");
    signature.initSign(pair.getPrivate());
    signature.update(signed.getBytes());
    return signed + "." + base64.encodeToString(signature.sign());
  }

  private ServiceVerticle keys() {
    byte[] encoded = ((EdECPublicKey) pair.getPublic()).getEncoded();
    String x =
        Base64.getUrlEncoder()
            .withoutPadding()
            .encodeToString(java.util.Arrays.copyOfRange(encoded, 12, 44));
    return new ServiceVerticle() {
      @Override
      protected void operations() {
        handle(
            KEYS,
            nothing ->
                Future.succeededFuture(new Keys(List.of(new Key("OKP", "Ed25519", "k1", x)))));
      }
    };
  }

  private static final class Lab extends ServiceVerticle {
    private final AtomicInteger handled = new AtomicInteger();
    private final Promise<Void> gate = Promise.promise();
    private final ExecutorService threads = Executors.newFixedThreadPool(4);
    private volatile boolean closed;

    @Override
    protected void operations() {
      handle(ECHO, this::echo);
      handle(MAKE, this::echo);
      handle(WHO, (request, call) -> Future.succeededFuture(new Text(call.caller().subject())));
      handle(FAIL, this::fail);
      handle(WAIT, request -> counted(gate.future().map(request)));
      handle(BRIEF, request -> counted(gate.future().map(request)));
      handle(NULL, request -> null);
      handle(FOREIGN, this::foreign);
      handle(TRACE, (request, call) -> Future.succeededFuture(new Text(call.trace())));
      handle(KEYED, (request, call) -> Future.succeededFuture(new Text(call.key())));
      handle(UNKEYED, (request, call) -> Future.succeededFuture(new Text(call.key())));
      handle(
          THROW,
          request -> {
            handled.incrementAndGet();
            throw new IllegalStateException("secret of " + request);
          });
    }

    private Future<Text> echo(Text request) {
      return counted(Future.succeededFuture(request));
    }

    private <T> Future<T> counted(Future<T> reply) {
      handled.incrementAndGet();
      return reply;
    }

    private Future<Text> fail(Text request) {
      if (request.text().equals("secret")) {
        return Future.failedFuture(new IllegalStateException("secret"));
      }
      return Future.failedFuture(
          new ServiceException(
              ErrorCode.valueOf(request.text()),
              "No",
              List.of(new FieldError("/text", "rule", "is wrong"))));
    }

    private Future<Text> foreign(Text request) {
      Promise<Text> promise = Promise.promise();
      threads.execute(() -> promise.complete(request));
      return promise.future();
    }

    @Override
    protected Future<?> close() {
      closed = true;
      threads.shutdown();
      return Future.succeededFuture();
    }
  }

  /** What it needs is away for some attempts, and in between fails in another way. */
  private static final class Late extends ServiceVerticle {
    private final AtomicInteger opened = new AtomicInteger();
    private final int away;

    Late(int away) {
      this.away = away;
    }

    @Override
    protected void operations() {
      handle(LATE, Future::succeededFuture);
    }

    @Override
    protected Future<?> open() {
      int attempt = opened.incrementAndGet();
      if (attempt == 2) {
        throw new IllegalStateException("not there yet");
      }
      return attempt > away
          ? Future.succeededFuture()
          : Future.failedFuture(new ServiceException(ErrorCode.UNAVAILABLE, "not there yet"));
    }
  }

  private static final class Relay extends ServiceVerticle {
    @Override
    protected void operations() {
      handle(
          RELAY,
          (request, call) ->
              node()
                  .client()
                  .call(WHO, request, call)
                  .compose(
                      who ->
                          node()
                              .client()
                              .call(TRACE, request, call)
                              .map(trace -> new Text(who.text() + " " + trace.text()))));
      handle(
          HAND_ON,
          (request, call) ->
              node()
                  .client()
                  .call(KEYED, request, call)
                  .map(next -> new Text(call.key() + " " + next.text())));
    }
  }
}
