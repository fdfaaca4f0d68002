package dev.starling.runtime;

import static dev.starling.runtime.OneNode.await;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.catchThrowableOfType;
import static org.awaitility.Awaitility.await;

import io.vertx.core.Future;
import io.vertx.core.buffer.Buffer;
import io.vertx.core.json.JsonObject;
import io.vertx.core.shareddata.AsyncMap;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Queue;
import java.util.concurrent.ConcurrentLinkedQueue;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.atomic.AtomicInteger;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** The view of one node, whose companions are records and consumers in the same Vertx. */
class ServiceDirectoryIT {
  record Text(String text) {}

  private static final Operation<Text, Text> ECHO =
      Operation.query("lab", "echo", Text.class, Text.class).open();
  private static final ContractDocument CONTRACT = ContractDocument.of("lab", List.of(ECHO));

  private static final String ANNOUNCE = "vertx.discovery.announce";

  /** Longer than one reconciliation. */
  private static final Duration PATIENCE = Duration.ofSeconds(9);

  @TempDir private Path secrets;

  private final Nodes nodes = new Nodes();
  private final AtomicInteger fetched = new AtomicInteger();
  private OneNode one;
  private Registry registry;

  @BeforeEach
  void start() {
    one = new OneNode(secrets, nodes);
    registry = one.registry();
  }

  @AfterEach
  void stop() {
    one.close();
  }

  @Test
  void learnsOfAnInstanceAndItsContract() {
    String instance = publish("node-7", "lab");

    await().until(() -> addresses().contains(instance));
    await().until(() -> one.node.directory().contracts().contains(CONTRACT));
    assertThat(one.call(ECHO, new Text("a")).text()).isEqualTo("node-7");
  }

  @Test
  void fetchesAContractOnce() {
    List<Future<String>> published = new ArrayList<>();
    for (String node : List.of("node-1", "node-7", "node-8", "node-9")) {
      consume("lab", node, CONTRACT);
      published.add(registry.publish(announcement("lab", node, CONTRACT.hash())));
    }
    await(Future.all(published));
    await().until(() -> addresses().size() == 4);
    await().until(() -> one.node.directory().contracts().contains(CONTRACT));
    nodes.merged.run();
    publish("node-6", "lab");
    await().until(() -> addresses().size() == 5);

    assertThat(fetched).hasValue(1);
  }

  @Test
  void refusesAContractOfAnotherService() {
    publish("node-7", "lab");
    await().until(() -> one.node.directory().contracts().contains(CONTRACT));
    Operation<Text, Text> rogue = Operation.query("rogue", "take", Text.class, Text.class);
    ContractDocument of = ContractDocument.of("lab", List.of(rogue));
    consume("rogue", "node-8", of);
    await(registry.publish(announcement("rogue", "node-8", of.hash())));
    ContractDocument own = new ContractDocument("rogue", CONTRACT.operations());
    consume("rogue", "node-9", own);
    await(registry.publish(announcement("rogue", "node-9", own.hash())));

    await().until(() -> fetched.get() == 3);
    publish("node-6", "lab");
    await().until(() -> addresses().size() == 4);
    assertThat(one.node.directory().contracts()).containsExactly(CONTRACT);
  }

  @Test
  void dropsTheInstancesOfANodeThatLeavesAtOnce() {
    publish("node-7", "lab");
    String stays = publish("node-8", "lab");
    await().until(() -> addresses().size() == 2);

    nodes.leave("node-7");

    assertThat(addresses()).containsExactly(stays);
    for (int i = 0; i < 20; i++) {
      assertThat(one.call(ECHO, new Text("a")).text()).isEqualTo("node-8");
    }
  }

  @Test
  void refusesCallsWhenTheLastInstanceHasLeft() {
    publish("node-7", "lab");
    await().until(() -> addresses().size() == 1);
    nodes.leave("node-7");

    ServiceException refused =
        catchThrowableOfType(ServiceException.class, () -> one.call(ECHO, new Text("a")));
    assertThat(refused.code()).isEqualTo(ErrorCode.NOT_STARTED);
    assertThat(refused).hasMessage("The service lab has no instance now");
  }

  @Test
  void removesTheRecordsOfTheGoneWhenItHasTheSmallestId() {
    nodes.now.remove("node-1");
    publish("node-7", "lab");
    await().until(() -> addresses().size() == 1);

    nodes.leave("node-7");

    await().atMost(PATIENCE).until(() -> records().isEmpty());
  }

  @Test
  void leavesTheRecordsOfTheGoneToTheNodeWithTheSmallestId() {
    publish("node-7", "lab");
    String stays = publish("node-8", "lab");
    await().until(() -> addresses().size() == 2);

    nodes.leave("node-7");
    // Reconciliations later, by the same code as in the test above.
    awaitReconciliation();

    assertThat(records()).hasSize(2);
    assertThat(addresses()).containsExactly(stays);
  }

  @Test
  void neverListsAnInstanceOfANodeThatIsNoMember() {
    await(registry.publish(announcement("lab", "node-never", CONTRACT.hash())));
    awaitReconciliation();

    assertThat(addresses()).isEmpty();
  }

  @Test
  void keepsAnInstanceThatSomebodySaysHasEnded() {
    Queue<JsonObject> announced = new ConcurrentLinkedQueue<>();
    one.vertx.eventBus().<JsonObject>consumer(ANNOUNCE, message -> announced.add(message.body()));
    String instance = publish("node-7", "lab");
    await().until(() -> addresses().contains(instance) && !announced.isEmpty());
    List<List<String>> views = new CopyOnWriteArrayList<>();
    one.node.directory().onChange(() -> views.add(addresses()));

    for (int i = 0; i < 100; i++) {
      one.vertx.eventBus().publish(ANNOUNCE, announced.peek().copy().put("status", "DOWN"));
    }
    String last = publish("node-8", "lab");
    await().until(() -> addresses().contains(last));
    awaitReconciliation();

    assertThat(views).isNotEmpty().allSatisfy(view -> assertThat(view).contains(instance));
  }

  @Test
  void takesNoCopyOfARecordWhoseNodeHasLeft() {
    Queue<JsonObject> announced = new ConcurrentLinkedQueue<>();
    one.vertx.eventBus().<JsonObject>consumer(ANNOUNCE, message -> announced.add(message.body()));
    String instance = publish("node-7", "lab");
    await().until(() -> addresses().contains(instance) && !announced.isEmpty());
    nodes.leave("node-7");
    List<List<String>> views = new CopyOnWriteArrayList<>();
    one.node.directory().onChange(() -> views.add(addresses()));

    one.vertx.eventBus().publish(ANNOUNCE, announced.peek());
    String last = publish("node-8", "lab");
    await().until(() -> addresses().contains(last));
    awaitReconciliation();

    assertThat(views).isNotEmpty().allSatisfy(view -> assertThat(view).doesNotContain(instance));
  }

  @Test
  void findsAnInstanceThatWasAnnouncedBeforeItsNodeHadJoined() {
    String instance = publish("node-7", "lab");
    await().until(() -> addresses().contains(instance));
    Announcement early = announcement("lab", "node-9", CONTRACT.hash());
    await(registry.publish(early));
    String last = publish("node-8", "lab");
    await().until(() -> addresses().contains(last));
    assertThat(addresses()).doesNotContain(early.address());

    nodes.join("node-9");

    await().atMost(Duration.ofSeconds(2)).until(() -> addresses().contains(early.address()));
  }

  @Test
  void findsWhatWasAnnouncedWhileItDidNotListen() {
    String instance = publish("node-7", "lab");
    await().until(() -> addresses().size() == 1);
    nodes.leave("node-7");
    assertThat(addresses()).isEmpty();

    nodes.now.add("node-7");

    await().atMost(PATIENCE).until(() -> addresses().contains(instance));
  }

  @Test
  void keepsAnInstanceForAWhileWhoseRecordIsLost() {
    String instance = publish("node-7", "lab");
    await().until(() -> addresses().contains(instance));
    lose(instance);
    findAMark();
    assertThat(addresses()).contains(instance);

    await()
        .atMost(PATIENCE)
        .until(
            () -> {
              nodes.merged.run();
              return !addresses().contains(instance);
            });
  }

  @Test
  void dropsAnInstanceAtOnceThatHasWithdrawn() {
    String instance = publish("node-7", "lab");
    await().until(() -> addresses().contains(instance));

    String other = publish("node-8", "lab");
    lose(other);
    await(registry.withdraw(records().keySet().iterator().next()));

    await().atMost(Duration.ofSeconds(2)).until(() -> !addresses().contains(instance));
    assertThat(addresses()).contains(other);
  }

  @Test
  void findsAnotherContractThatWasAnnouncedWhileItDidNotListen() {
    String instance = publish("node-7", "lab");
    await().until(() -> addresses().contains(instance));
    lose(instance);
    nodes.now.remove("node-7");
    Announcement other = announcement("lab", "node-7", "other");
    await(registry.publish(other));
    String last = publish("node-8", "lab");
    await().until(() -> addresses().contains(last));
    nodes.now.add("node-7");
    nodes.merged.run();

    await()
        .atMost(Duration.ofSeconds(2))
        .until(() -> one.node.directory().announcements().contains(other));
  }

  @Test
  void asksAnotherForTheContractWhenTheFirstGivesNoAnswer() {
    nodes.now.addAll(List.of("node-7", "node-8"));
    new Companion(one, "node-7", "lab", ECHO).mute(true).publish();
    await().until(() -> addresses().size() == 1);
    new Companion(one, "node-8", "lab", ECHO).publish();
    await().until(() -> addresses().size() == 2);
    nodes.leave("node-7");

    await().until(() -> one.node.directory().hasOther(ECHO.spec(), List.of()));
  }

  /** Takes a record away without a word. */
  private void lose(String address) {
    AsyncMap<Object, Object> map =
        await(one.vertx.sharedData().<Object, Object>getAsyncMap("service.registry"));
    records().entrySet().stream()
        .filter(e -> e.getValue().address().equals(address))
        .forEach(e -> await(map.remove(e.getKey())));
    assertThat(records().values()).extracting(Announcement::address).doesNotContain(address);
  }

  @Test
  void publishesItselfAgainWhenItsRecordIsGone() {
    one.deploy(new Lab());
    String registration = records().keySet().iterator().next();

    await(registry.withdraw(registration));

    assertThat(one.call(ECHO, new Text("a")).text()).isEqualTo("a");
    await().atMost(PATIENCE).until(() -> records().size() == 1);
    assertThat(records()).doesNotContainKey(registration);
    assertThat(addresses()).containsExactly("lab@" + OneNode.SELF);
  }

  @Test
  void publishesItselfAgainAfterAMerge() {
    one.deploy(new Lab());
    records().keySet().forEach(r -> await(registry.withdraw(r)));

    nodes.merged.run();

    await().atMost(Duration.ofSeconds(2)).until(() -> records().size() == 1);
  }

  @Test
  void withdrawsARecordOfItsOwnThatItDoesNotOffer() {
    await(registry.publish(announcement("lab", OneNode.SELF, CONTRACT.hash())));

    await().atMost(PATIENCE).until(() -> records().isEmpty());
    assertThat(addresses()).isEmpty();
  }

  @Test
  void callsItsOwnInstanceWhileThatIsHealthy() {
    publish("node-7", "lab");
    await().until(() -> addresses().size() == 1);
    Lab own = new Lab();
    one.deploy(own);
    assertThat(answers(20)).contains("a");

    own.broken = true;
    assertThat(answers(40)).containsOnly("node-7");
  }

  @Test
  void choosesAnotherThanItsOwnInstanceWhenThatTakesTwiceAsLong() {
    one.node.options().limits().change(Map.of(Limit.SLOW_START, 0L));
    one.deploy(new Lab());
    publish("node-7", "lab");
    Endpoint own = choose(List.of());
    await().until(() -> one.node.directory().hasOther(ECHO.spec(), List.of(own.instance())));
    Endpoint other = choose(List.of(own.instance()));
    assertThat(own.instance().local()).isTrue();
    long now = System.nanoTime();
    own.observe(now, 1_900_000, null);
    other.observe(now, 1_000_000, null);
    assertThat(choose(List.of())).isSameAs(own);

    own.observe(now, 2_100_000, null);
    assertThat(choose(List.of())).isSameAs(other);
    assertThat(choose(List.of(other.instance()))).isSameAs(own);
  }

  private Endpoint choose(List<Instance> tried) {
    return one.node.directory().choose(ECHO.spec(), true, tried);
  }

  private List<String> answers(int calls) {
    List<String> answers = new ArrayList<>();
    for (int i = 0; i < calls; i++) {
      answers.add(one.call(ECHO, new Text("a")).text());
    }
    return answers;
  }

  private String publish(String node, String service) {
    nodes.now.add(node);
    consume(service, node, CONTRACT);
    Announcement announcement = announcement(service, node, CONTRACT.hash());
    await(registry.publish(announcement));
    return announcement.address();
  }

  private void consume(String service, String node, ContractDocument contract) {
    nodes.now.add(node);
    one.vertx
        .eventBus()
        .<Buffer>consumer(
            Announcement.address(service, node),
            message -> {
              if (message.headers().get(ServiceVerticle.OPERATION).equals("_contract")) {
                fetched.incrementAndGet();
                message.reply(Codec.write(contract));
              } else {
                message.reply(Codec.write(new Text(node)));
              }
            });
  }

  private static Announcement announcement(String service, String node, String contract) {
    return new Announcement(
        service, node, node, Announcement.address(service, node), "1", contract);
  }

  private List<String> addresses() {
    return one.node.directory().announcements().stream().map(Announcement::address).toList();
  }

  private Map<String, Announcement> records() {
    return await(registry.all());
  }

  private void awaitReconciliation() {
    String registration = findAMark();
    nodes.now.remove("node-mark");
    nodes.merged.run();
    await().until(() -> addresses().stream().noneMatch(a -> a.endsWith("node-mark")));
    await(registry.withdraw(registration));
  }

  /** A change that only a reconciliation can find marks that there was one. */
  private String findAMark() {
    String mark = "mark" + System.nanoTime();
    Announcement marked = announcement(mark, "node-mark", CONTRACT.hash());
    String registration = await(registry.publish(marked));
    nodes.now.add("node-mark");
    nodes.merged.run();
    await().until(() -> addresses().contains(marked.address()));
    return registration;
  }

  private static final class Lab extends ServiceVerticle {
    private volatile boolean broken;

    @Override
    protected void operations() {
      handle(
          ECHO,
          request -> broken ? Future.failedFuture("broken") : Future.succeededFuture(request));
    }
  }
}
