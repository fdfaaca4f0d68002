package dev.starling.launcher;

import java.nio.file.Path;

/** Stands for another node: opens the database, says where, and closes it when its input ends. */
final class EmbeddedDatabaseNode {
  private EmbeddedDatabaseNode() {}

  public static void main(String[] args) throws Exception {
    try (EmbeddedDatabase database = EmbeddedDatabase.open(Path.of(args[0]), Path.of(args[1]))) {
      System.out.println(database.url());
      System.in.read();
    }
  }
}
