package dev.starling.launcher;

import static com.tngtech.archunit.core.domain.JavaClass.Predicates.resideInAPackage;
import static com.tngtech.archunit.core.domain.JavaClass.Predicates.resideOutsideOfPackage;
import static com.tngtech.archunit.lang.syntax.ArchRuleDefinition.classes;
import static com.tngtech.archunit.lang.syntax.ArchRuleDefinition.noClasses;

import com.tngtech.archunit.core.importer.ImportOption;
import com.tngtech.archunit.junit.AnalyzeClasses;
import com.tngtech.archunit.junit.ArchTest;
import com.tngtech.archunit.lang.ArchRule;
import io.vertx.core.Context;
import io.vertx.core.Vertx;
import io.vertx.core.WorkerExecutor;
import java.util.concurrent.Callable;

/**
 * Holds the table of modules in verticles/README.md: who may know whom, who alone may touch what,
 * and what nobody may leave to a default.
 */
@AnalyzeClasses(packages = "dev.starling", importOptions = ImportOption.DoNotIncludeTests.class)
class ArchitectureTest {
  private static final String[] PARTS = {
    "dev.starling.user.service",
    "dev.starling.gateway",
    "dev.starling.account",
    "dev.starling.console",
    "dev.starling.cli"
  };

  @ArchTest
  static final ArchRule runtimeKnowsNoOtherModule =
      noClasses()
          .that()
          .resideInAPackage("dev.starling.runtime")
          .should()
          .dependOnClassesThat(
              resideInAPackage("dev.starling..")
                  .and(resideOutsideOfPackage("dev.starling.runtime")));

  @ArchTest
  static final ArchRule gatewayAndConsoleKnowNoService =
      noClasses()
          .that()
          .resideInAnyPackage("dev.starling.gateway", "dev.starling.console")
          .should()
          .dependOnClassesThat()
          .resideInAnyPackage("dev.starling.user..", "dev.starling.account");

  @ArchTest
  static final ArchRule pagesKnowContractAndGateway =
      noClasses()
          .that()
          .resideInAPackage("dev.starling.account")
          .should()
          .dependOnClassesThat()
          .resideInAnyPackage("dev.starling.user.service", "dev.starling.console");

  @ArchTest
  static final ArchRule onlyPagesMakeHtml =
      noClasses()
          .that()
          .resideOutsideOfPackage("dev.starling.account")
          .should()
          .dependOnClassesThat()
          .resideInAnyPackage("com.samskivert..", "io.nayuki..")
          .orShould()
          .dependOnClassesThat()
          .haveFullyQualifiedName("io.vertx.core.http.Cookie");

  @ArchTest
  static final ArchRule commandLineKnowsNothingButTheOperatorPort =
      noClasses()
          .that()
          .resideInAPackage("dev.starling.cli")
          .should()
          .dependOnClassesThat(
              resideInAPackage("dev.starling..").and(resideOutsideOfPackage("dev.starling.cli")))
          .orShould()
          .dependOnClassesThat()
          .resideInAnyPackage("io.vertx..", "com.fasterxml.jackson.databind..", "java.net.http..");

  @ArchTest
  static final ArchRule onlyTheCommandLineReadsArguments =
      noClasses()
          .that()
          .resideOutsideOfPackage("dev.starling.cli")
          .should()
          .dependOnClassesThat()
          .resideInAPackage("picocli..");

  @ArchTest
  static final ArchRule onlyTheLauncherKnowsTheParts =
      noClasses()
          .that()
          .resideInAnyPackage("dev.starling.runtime", "dev.starling.user.api")
          .should()
          .dependOnClassesThat()
          .resideInAnyPackage(PARTS);

  @ArchTest
  static final ArchRule contractHoldsNothingButContracts =
      classes()
          .that()
          .resideInAPackage("dev.starling.user.api")
          .should()
          .onlyDependOnClassesThat()
          .resideInAnyPackage(
              "dev.starling.user.api",
              "dev.starling.runtime",
              "java..",
              "jakarta.validation..",
              "org.hibernate.validator.constraints..",
              "com.fasterxml.jackson.annotation..",
              "io.vertx.core.http..");

  @ArchTest
  static final ArchRule onlyTheUserServiceTouchesSql =
      noClasses()
          .that()
          .resideOutsideOfPackage("dev.starling.user.service")
          .should()
          .dependOnClassesThat()
          .resideInAnyPackage("io.vertx.sqlclient..", "io.vertx.pgclient..");

  @ArchTest
  static final ArchRule onlyGatewayAndConsoleTouchHttp =
      noClasses()
          .that()
          .resideOutsideOfPackages("dev.starling.gateway", "dev.starling.console")
          .should()
          .dependOnClassesThat()
          .haveFullyQualifiedName("io.vertx.core.http.HttpServer");

  @ArchTest
  static final ArchRule onlyTheLauncherTouchesHazelcast =
      noClasses()
          .that()
          .resideOutsideOfPackage("dev.starling.launcher")
          .should()
          .dependOnClassesThat()
          .resideInAnyPackage("com.hazelcast..", "io.vertx.spi.cluster..");

  @ArchTest
  static final ArchRule onlyTracesTouchOpenTelemetry =
      noClasses()
          .that()
          .doNotHaveFullyQualifiedName("dev.starling.launcher.Traces")
          .and()
          .doNotHaveFullyQualifiedName("dev.starling.launcher.Collector")
          .should()
          .dependOnClassesThat()
          .resideInAnyPackage("io.opentelemetry..", "io.vertx.tracing..");

  @ArchTest
  static final ArchRule onlyTheRegistryTouchesServiceDiscovery =
      noClasses()
          .that()
          .doNotHaveFullyQualifiedName("dev.starling.runtime.Registry")
          .should()
          .dependOnClassesThat()
          .resideInAPackage("io.vertx.servicediscovery..");

  @ArchTest
  static final ArchRule onlyTheBreakerTouchesTheCircuitBreaker =
      noClasses()
          .that()
          .doNotHaveFullyQualifiedName("dev.starling.runtime.Breaker")
          .should()
          .dependOnClassesThat()
          .resideInAPackage("io.vertx.circuitbreaker..");

  /** Default executeBlocking ordered=true: what one context asks for would wait for its turn. */
  @ArchTest
  static final ArchRule nothingThatBlocksWaitsForItsTurn =
      noClasses()
          .should()
          .callMethod(Vertx.class, "executeBlocking", Callable.class)
          .orShould()
          .callMethod(Context.class, "executeBlocking", Callable.class)
          .orShould()
          .callMethod(WorkerExecutor.class, "executeBlocking", Callable.class);
}
