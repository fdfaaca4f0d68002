package dev.starling.launcher;

import io.vertx.config.ConfigRetriever;
import io.vertx.config.ConfigRetrieverOptions;
import io.vertx.config.ConfigStoreOptions;
import io.vertx.core.Vertx;
import io.vertx.core.VertxOptions;
import io.vertx.core.file.FileSystemOptions;
import io.vertx.core.json.JsonObject;
import java.io.IOException;
import java.io.InputStream;
import java.nio.ByteBuffer;
import java.nio.charset.CharacterCodingException;
import java.nio.charset.StandardCharsets;
import java.nio.file.AccessDeniedException;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.nio.file.attribute.BasicFileAttributes;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import org.yaml.snakeyaml.LoaderOptions;
import org.yaml.snakeyaml.Yaml;
import org.yaml.snakeyaml.constructor.DuplicateKeyException;
import org.yaml.snakeyaml.constructor.SafeConstructor;
import org.yaml.snakeyaml.error.MarkedYAMLException;
import org.yaml.snakeyaml.error.YAMLException;
import org.yaml.snakeyaml.reader.ReaderException;

/**
 * Reads a YAML file through vertx-config, after a stricter look at it.
 *
 * <p>vertx-config-yaml lets the last of two equal keys win, follows aliases without end, fails on a
 * key that is nothing and says only "Failed to decode YAML". So the same parser reads the file
 * first with its strict options, and no message repeats anything from the file but its keys.
 */
final class ConfigurationFile {
  static final int MAX_BYTES = 256 * 1024;
  private static final int MAX_DEPTH = 20;
  private static final int READ_SECONDS = 10;

  private ConfigurationFile() {}

  /** What the file holds; a file of comments only is an empty configuration. */
  static JsonObject read(Path file) throws ConfigurationException {
    Object root = parse(file, content(file));
    if (root == null) {
      return new JsonObject();
    }
    if (!(root instanceof Map)) {
      throw mistake(file + ": the file holds no settings; expected lines such as 'name: value'");
    }
    List<String> mistakes = new ArrayList<>();
    check(file, "", root, mistakes);
    if (!mistakes.isEmpty()) {
      throw new ConfigurationException(mistakes);
    }
    return retrieve(file);
  }

  private static String content(Path file) throws ConfigurationException {
    try {
      BasicFileAttributes attributes = Files.readAttributes(file, BasicFileAttributes.class);
      if (!attributes.isRegularFile()) {
        String kind = attributes.isDirectory() ? "a directory" : "no regular file";
        throw mistake(file + ": this is " + kind + "; expected a YAML file");
      }
      byte[] bytes;
      try (InputStream in = Files.newInputStream(file)) {
        bytes = in.readNBytes(MAX_BYTES + 1);
      }
      if (bytes.length > MAX_BYTES) {
        throw mistake(file + ": the file is larger than " + MAX_BYTES / 1024 + " KiB");
      }
      return StandardCharsets.UTF_8.newDecoder().decode(ByteBuffer.wrap(bytes)).toString();
    } catch (NoSuchFileException e) {
      throw mistake(file + ": no such file; looked for " + file.toAbsolutePath());
    } catch (AccessDeniedException e) {
      throw mistake(file + ": this user may not read the file");
    } catch (CharacterCodingException e) {
      throw mistake(file + ": the file is not UTF-8 text");
    } catch (IOException e) {
      throw mistake(file + ": the file cannot be read (" + e.getClass().getSimpleName() + ")");
    }
  }

  private static Object parse(Path file, String content) throws ConfigurationException {
    LoaderOptions strict = new LoaderOptions();
    strict.setAllowDuplicateKeys(false);
    strict.setMaxAliasesForCollections(0);
    strict.setNestingDepthLimit(MAX_DEPTH);
    try {
      return new Yaml(new SafeConstructor(strict)).load(content);
    } catch (MarkedYAMLException e) {
      throw mistake(
          "%s, line %d, column %d: %s"
              .formatted(
                  file,
                  e.getProblemMark().getLine() + 1,
                  e.getProblemMark().getColumn() + 1,
                  problem(e)));
    } catch (ReaderException e) {
      throw mistake(file + ": control character at position " + e.getPosition());
    } catch (YAMLException e) {
      throw mistake(file + ": " + Setting.oneLine(e.getMessage()));
    } catch (RuntimeException e) {
      throw mistake(file + ": the file is not valid YAML");
    }
  }

  /** Without the names of tags and aliases: who forgot the quotes meant them as values. */
  private static String problem(MarkedYAMLException e) {
    String problem = e.getProblem();
    if (!(e instanceof DuplicateKeyException) && problem.matches("(?s).*\\b(tag|alias)\\b.*")) {
      return "found a tag (!...) or an undefined alias (*...); put the value in quotes";
    }
    return Setting.oneLine(problem);
  }

  /** JSON has text keys only, and neither dates nor what tags make. */
  private static void check(Path file, String path, Object value, List<String> mistakes) {
    if (value instanceof Map<?, ?> map) {
      map.forEach(
          (key, child) -> {
            String childPath = (path.isEmpty() ? "" : path + ".") + key;
            if (!(key instanceof String)) {
              mistakes.add(at(childPath, file) + "this key is no text in YAML: put it in quotes");
            }
            check(file, childPath, child, mistakes);
          });
    } else if (value instanceof List<?> list) {
      list.forEach(element -> check(file, path, element, mistakes));
    } else if (!(value == null
        || value instanceof String
        || value instanceof Number
        || value instanceof Boolean)) {
      mistakes.add(at(path, file) + "found a date or a tag; put the value in quotes");
    }
  }

  private static String at(String path, Path file) {
    return Setting.oneLine(path) + " (file " + file + "): ";
  }

  private static JsonObject retrieve(Path file) throws ConfigurationException {
    Vertx vertx =
        Vertx.vertx(
            new VertxOptions()
                .setEventLoopPoolSize(1)
                .setWorkerPoolSize(1)
                .setInternalBlockingPoolSize(1)
                .setFileSystemOptions(
                    new FileSystemOptions()
                        .setClassPathResolvingEnabled(false)
                        .setFileCachingEnabled(false)));
    try {
      ConfigStoreOptions store =
          new ConfigStoreOptions()
              .setType("file")
              .setFormat("yaml")
              .setConfig(new JsonObject().put("path", file.toAbsolutePath().toString()));
      return ConfigRetriever.create(
              vertx, new ConfigRetrieverOptions().setScanPeriod(-1).addStore(store))
          .getConfig()
          .toCompletionStage()
          .toCompletableFuture()
          .get(READ_SECONDS, TimeUnit.SECONDS);
    } catch (ExecutionException | TimeoutException e) {
      throw mistake(file + ": the file changed or vanished while it was read");
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
      throw mistake(file + ": interrupted while reading");
    } finally {
      vertx.close();
    }
  }

  private static ConfigurationException mistake(String line) {
    return new ConfigurationException(List.of(line));
  }
}
