package dev.starling.lab;

import io.vertx.core.Vertx;
import java.nio.file.Path;

/**
 * What a fault has to prepare with, before there is a cluster.
 *
 * @param directory of the cluster
 */
record Stage(Project project, Vertx vertx, Path directory) {
  /** The nodes' data.directory. */
  Path data() {
    return directory.resolve("data");
  }
}
