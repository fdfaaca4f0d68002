package dev.starling.cli;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermission;
import java.nio.file.attribute.PosixFilePermissions;
import java.util.List;
import java.util.Set;

/** Whoever reads the token gives orders to all nodes. */
final class TokenCheck implements Check {
  private static final Set<PosixFilePermission> OWNERS =
      PosixFilePermissions.fromString("rwx------");

  @Override
  public List<Finding> look(Evidence evidence) {
    Path file = evidence.port().tokenFile();
    try {
      Set<PosixFilePermission> permissions = Files.getPosixFilePermissions(file);
      return List.of(
          OWNERS.containsAll(permissions)
              ? Finding.fine("token", file + " is read by its owner only")
              : Finding.problem(
                  "token",
                  "others may read " + file,
                  "its mode is " + PosixFilePermissions.toString(permissions),
                  "chmod 600 " + file + ", and replace it if somebody may have read it"));
    } catch (IOException | UnsupportedOperationException e) {
      return List.of(
          Finding.note(
              "token",
              file + " cannot be looked at",
              e.toString(),
              "see the finding on the operator port"));
    }
  }
}
