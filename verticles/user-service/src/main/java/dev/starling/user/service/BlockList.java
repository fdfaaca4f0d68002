package dev.starling.user.service;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.Collections;
import java.util.EnumSet;
import java.util.List;
import java.util.Locale;
import java.util.Optional;
import java.util.Set;
import java.util.stream.Collectors;
import java.util.stream.Stream;

/**
 * Finds passwords that are among the first that somebody would guess.
 *
 * <p>Hardly any common password has 15 characters (72 of the 100,000 most common), but many are put
 * together from common ones. So a password is cut into parts in the way that leaves it the fewest
 * characters, and refused when those are too few:
 *
 * <ul>
 *   <li>a common password counts as many characters as its place in the list has digits, since that
 *       is what finding it takes; one more where digits stand for letters (p4ssw0rd);
 *   <li>the username, a part of it, and the service's name count 1;
 *   <li>what follows the alphabet, the digits or the keyboard, in either direction, counts 2;
 *   <li>what stood earlier in the password counts 1, however long it is;
 *   <li>any other character counts 1.
 * </ul>
 *
 * <p>Ten characters that count are asked for: by the measure of zxcvbn (Wheeler, USENIX Security
 * 2016), where each such character makes ten times as many guesses, its highest mark begins at
 * 10<sup>10</sup>. "correct horse battery" has 17 of them, "password1234567!" has 3. It is no rule
 * of composition: no kind of character counts more than another. Case does not count.
 *
 * <p>128 characters take 0.2 ms of CPU; of more than 256 UTF-16 units the first 256 are looked at.
 */
final class BlockList {
  /** What a password is made of that is easy to guess. */
  private enum Part {
    NAME("the username or the service's name"),
    COMMON("common passwords"),
    SEQUENCE("a sequence of the keyboard or the alphabet"),
    REPETITION("a repetition"),
    OTHER("few characters");

    private final String meaning;

    Part(String meaning) {
      this.meaning = meaning;
    }
  }

  private static final int ENOUGH = 10;
  private static final int LONGEST = 256;

  /** Of a sequence or a repetition: two characters may follow each other by chance. */
  private static final int SHORTEST = 3;

  private static final String SERVICE = "starling";

  /** Digits and signs, and the letters for which they often stand. */
  private static final String LEET = "0134578@$!|+";

  private static final String LETTERS = "oieastbasiit";

  /**
   * What fingers follow: alphabets, rows and columns of keyboards (QWERTY, QWERTZ, AZERTY, ЙЦУКЕН),
   * and two of them in turn.
   */
  private static final String WALKS = walks();

  private static String walks() {
    String forwards =
        """
        abcdefghijklmnopqrstuvwxyz
        абвгдеёжзийклмнопрстуфхцчшщъыьэюя
        012345678901234567890-=
        00112233445566778899
        000111222333444555666777888999
        !@#$%^&*()_+
        qwertyuiop[]
        asdfghjkl;'
        zxcvbnm,./
        qwertzuiopü+
        asdfghjklöä#
        yxcvbnm,.-
        azertyuiop
        qsdfghjklm
        wxcvbn
        йцукенгшщзхъ
        фывапролджэ
        ячсмитьбю
        1qaz2wsx3edc4rfv5tgb6yhn7ujm8ik,9ol.0p;/
        1qazxsw23edcvfr45tgbnhy67ujm,ki89ol./;p0
        qazwsxedcrfvtgbyhnujmikolp
        qweasdzxc
        1q2w3e4r5t6y7u8i9o0p
        q1w2e3r4t5y6u7i8o9p0
        1a2b3c4d5e6f7g8h9i0j
        a1b2c3d4e5f6g7h8i9j0
        """;
    return forwards + new StringBuilder(forwards).reverse();
  }

  private final int enough;

  /**
   * Never more than two characters fewer than a password needs, so that one of which all count may
   * have two that follow from others by chance.
   *
   * @param minimum characters that a password needs
   */
  BlockList(int minimum) {
    enough = Math.min(ENOUGH, minimum - 2);
  }

  /**
   * Why the password is refused, fit for the user; empty if it is not. Blocks the first time, when
   * the list is read.
   */
  Optional<String> refusal(String password, String username) {
    String folded = folded(password);
    Cut cut = new Cut(folded.substring(0, Math.min(LONGEST, folded.length())), names(username));
    if (cut.characters() >= enough) {
      return Optional.empty();
    }
    List<String> meanings = cut.parts().stream().map(part -> part.meaning).toList();
    return Optional.of("is too easy to guess, being made of " + String.join(" and ", meanings));
  }

  /** How many characters count. */
  static int characters(String password, String username) {
    return new Cut(folded(password), names(username)).characters();
  }

  private static String folded(String password) {
    return OpaqueString.of(password).toLowerCase(Locale.ROOT);
  }

  private static Set<String> names(String username) {
    List<String> names = new ArrayList<>(List.of(SERVICE, folded(username)));
    Collections.addAll(names, folded(username).split("[._-]"));
    return names.stream()
        .filter(name -> name.length() >= SHORTEST)
        .flatMap(name -> Stream.of(name, letters(name)))
        .collect(Collectors.toSet());
  }

  private static String letters(String text) {
    StringBuilder letters = new StringBuilder(text);
    for (int i = 0; i < letters.length(); i++) {
      int leet = LEET.indexOf(letters.charAt(i));
      if (leet >= 0) {
        letters.setCharAt(i, LETTERS.charAt(leet));
      }
    }
    return letters.toString();
  }

  /** A password cut into parts, by the shortest path from its begin to its end. */
  private static final class Cut {
    private final String text;
    private final String letters;

    /** By position: how many characters count before it, and the part that ends there. */
    private final int[] least;

    private final int[] begin;
    private final Part[] part;

    Cut(String text, Set<String> names) {
      this.text = text;
      letters = letters(text);
      least = new int[text.length() + 1];
      begin = new int[text.length() + 1];
      part = new Part[text.length() + 1];
      Arrays.fill(least, 1, least.length, Integer.MAX_VALUE);
      int[] walks = longest(WALKS, text);
      int[] repetitions = longest(text, text);
      for (int at = 0; at < text.length(); at++) {
        // The second half of a character beyond U+FFFF does not count.
        reach(at, at + 1, Character.isLowSurrogate(text.charAt(at)) ? 0 : 1, Part.OTHER);
        follow(at, repetitions[at], 1, Part.REPETITION);
        follow(at, walks[at], 2, Part.SEQUENCE);
        common(text, at, 0);
        common(letters, at, 1);
        names(at, names);
      }
    }

    private void reach(int from, int to, int characters, Part by) {
      if (least[from] + characters < least[to]) {
        least[to] = least[from] + characters;
        begin[to] = from;
        part[to] = by;
      }
    }

    private void follow(int from, int longest, int characters, Part by) {
      for (int length = SHORTEST; length <= longest; length++) {
        reach(from, from + length, characters, by);
      }
    }

    private void common(String text, int from, int more) {
      int last = CommonPasswords.all().last(text, from);
      for (int to = from + SHORTEST; to <= last; to++) {
        int digits = CommonPasswords.all().digits(text.substring(from, to));
        if (digits > 0) {
          reach(from, to, digits + more, Part.COMMON);
        }
      }
    }

    private void names(int from, Set<String> names) {
      for (String name : names) {
        if (text.startsWith(name, from) || letters.startsWith(name, from)) {
          reach(from, from + name.length(), 1, Part.NAME);
        }
      }
    }

    int characters() {
      return least[text.length()];
    }

    /** Those that are easy to guess. */
    Set<Part> parts() {
      Set<Part> parts = EnumSet.noneOf(Part.class);
      for (int at = text.length(); at > 0; at = begin[at]) {
        parts.add(part[at]);
      }
      if (parts.size() > 1) {
        parts.remove(Part.OTHER);
      }
      return parts;
    }

    /**
     * For each position of the text the length of the longest part from there on that is found in
     * the source; if that is the text itself, from an earlier position.
     */
    private static int[] longest(String source, String text) {
      int[] longest = new int[text.length()];
      int[] ahead = new int[text.length() + 1];
      for (int i = source.length() - 1; i >= 0; i--) {
        // ahead[j + 1] is still that of i + 1.
        for (int j = 0; j < text.length(); j++) {
          ahead[j] = source.charAt(i) == text.charAt(j) ? ahead[j + 1] + 1 : 0;
          if (source != text || i < j) {
            longest[j] = Math.max(longest[j], ahead[j]);
          }
        }
      }
      return longest;
    }
  }
}
