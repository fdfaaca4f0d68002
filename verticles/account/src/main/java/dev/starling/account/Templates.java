package dev.starling.account;

import static java.nio.charset.StandardCharsets.UTF_8;

import com.samskivert.mustache.Mustache;
import com.samskivert.mustache.Template;
import java.io.FileNotFoundException;
import java.io.InputStream;
import java.io.InputStreamReader;
import java.io.Reader;
import java.util.Map;
import java.util.concurrent.ConcurrentHashMap;

/**
 * The pages' HTML, from Mustache: all that is put in is escaped. Each is read when first needed.
 */
final class Templates {
  private final Mustache.Compiler compiler =
      Mustache.compiler().defaultValue("").emptyStringIsFalse(true).withLoader(Templates::open);
  private final Map<String, Template> compiled = new ConcurrentHashMap<>();

  private static Reader open(String name) throws FileNotFoundException {
    InputStream file = Templates.class.getResourceAsStream(name + ".mustache");
    if (file == null) {
      throw new FileNotFoundException(name);
    }
    return new InputStreamReader(file, UTF_8);
  }

  String render(String name, Map<String, ?> model) {
    return compiled.computeIfAbsent(name, compiler::loadTemplate).execute(model);
  }
}
