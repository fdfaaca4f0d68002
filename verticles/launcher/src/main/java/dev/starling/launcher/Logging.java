package dev.starling.launcher;

import ch.qos.logback.classic.Level;
import ch.qos.logback.classic.LoggerContext;
import ch.qos.logback.classic.spi.Configurator;
import ch.qos.logback.classic.spi.ConfiguratorRank;
import ch.qos.logback.classic.spi.ILoggingEvent;
import ch.qos.logback.core.Appender;
import ch.qos.logback.core.ConsoleAppender;
import ch.qos.logback.core.encoder.LayoutWrappingEncoder;
import ch.qos.logback.core.spi.ContextAwareBase;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** Says what is logged and how, in a fraction of the time that an XML file takes to read. */
@ConfiguratorRank(ConfiguratorRank.CUSTOM_HIGH_PRIORITY)
public final class Logging extends ContextAwareBase implements Configurator {
  private static final String OWN = "logback.configurationFile";
  private static final String STDERR = "stderr";
  private static final String MAILS = "io.vertx.ext.mail";

  @Override
  public ExecutionStatus configure(LoggerContext logging) {
    if (System.getProperty(OWN) != null) {
      return ExecutionStatus.INVOKE_NEXT_IF_ANY;
    }
    LogLine layout = new LogLine();
    layout.setContext(logging);
    layout.start();
    LayoutWrappingEncoder<ILoggingEvent> encoder = new LayoutWrappingEncoder<>();
    encoder.setContext(logging);
    encoder.setLayout(layout);
    encoder.start();
    ConsoleAppender<ILoggingEvent> stderr = new ConsoleAppender<>();
    stderr.setContext(logging);
    stderr.setName(STDERR);
    stderr.setTarget("System.err");
    stderr.setEncoder(encoder);
    stderr.start();
    logging.getLogger(Logger.ROOT_LOGGER_NAME).setLevel(Level.WARN);
    logging.getLogger(Logger.ROOT_LOGGER_NAME).addAppender(stderr);
    logging.getLogger("dev.starling").setLevel(Level.INFO);
    logging.getLogger("com.hazelcast").setLevel(Level.WARN);
    // A node that goes is told by ServiceDirectory; what each of its sockets says of it is not.
    logging.getLogger("com.hazelcast.internal.server").setLevel(Level.ERROR);
    logging
        .getLogger("com.hazelcast.spi.impl.operationexecutor.slowoperationdetector")
        .setLevel(Level.ERROR);
    // Why a start failed is told by the launcher, in one line.
    logging.getLogger("io.vertx.launcher.application").setLevel(Level.OFF);
    logging.getLogger("io.vertx.core.impl.VertxImpl").setLevel(Level.OFF);
    return ExecutionStatus.DO_NOT_INVOKE_NEXT_IF_ANY;
  }

  static void setLevel(String level) {
    LoggerContext logging = (LoggerContext) LoggerFactory.getILoggerFactory();
    logging.getLogger("dev.starling").setLevel(Level.valueOf(level));
  }

  /** From now on, unless a configuration of logback's own says how. */
  static void writeJson(String node) {
    LoggerContext logging = (LoggerContext) LoggerFactory.getILoggerFactory();
    Appender<ILoggingEvent> stderr = logging.getLogger(Logger.ROOT_LOGGER_NAME).getAppender(STDERR);
    if (System.getProperty(OWN) == null
        && stderr instanceof ConsoleAppender<ILoggingEvent> console) {
      LogJson json = new LogJson();
      json.setContext(logging);
      json.setNode(node);
      json.start();
      console.setEncoder(json);
    }
  }

  /** Whatever is configured: this client would log the addresses and codes of all mails. */
  static void keepMailsSecret() {
    LoggerContext logging = (LoggerContext) LoggerFactory.getILoggerFactory();
    logging.getLogger(MAILS).setLevel(Level.INFO);
  }

  /**
   * All parts have stopped, and event loops end one after the other: what libraries then cannot
   * tell each other any more is no error.
   */
  static void hush() {
    LoggerContext logging = (LoggerContext) LoggerFactory.getILoggerFactory();
    logging.getLogger("io.netty").setLevel(Level.OFF);
    logging.getLogger("io.vertx").setLevel(Level.OFF);
  }
}
