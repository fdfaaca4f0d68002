package dev.starling.runtime;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.vertx.core.json.JsonArray;
import io.vertx.core.json.JsonObject;
import java.time.Instant;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;
import org.junit.jupiter.params.provider.ValueSource;

class SealTest {
  private static final Instant AT = Instant.ofEpochMilli(1_764_000_000_123L);

  private final byte[] secret = new byte[32];
  private final Seal seal = new Seal(secret, "test");
  private final JsonObject members = new JsonObject().put("a", "text").put("b", 7).put("c", "");

  private JsonObject sealed() {
    return seal.seal(members, AT);
  }

  @Test
  void opensWhatItSealed() {
    JsonObject sealed = sealed();

    assertThat(seal.open(sealed)).contains(sealed);
    assertThat(seal.open(sealed.encode())).contains(sealed);
    assertThat(sealed.getLong(Seal.AT)).isEqualTo(AT.toEpochMilli());
    assertThat(sealed.getMap()).containsAllEntriesOf(members.getMap());
  }

  @Test
  void opensItInAnyOrderOfMembers() {
    JsonObject reversed = new JsonObject();
    sealed().stream()
        .sorted((one, other) -> other.getKey().compareTo(one.getKey()))
        .forEach(member -> reversed.put(member.getKey(), member.getValue()));

    assertThat(seal.open(reversed.encode())).contains(reversed);
  }

  @Test
  void sealsTheSameTwiceInDifferentWays() {
    assertThat(sealed().getString("nonce")).hasSize(32);
    assertThat(sealed().getString("seal")).isNotEqualTo(sealed().getString("seal"));
  }

  static List<String> everyMember() {
    return List.of("a", "b", "c", "sealed-at", "nonce", "seal");
  }

  @ParameterizedTest
  @MethodSource("everyMember")
  void refusesOneOfWhichAnyMemberWasChanged(String member) {
    Object value = sealed().getValue(member);
    List<Object> others =
        value instanceof String text
            ? List.of(text + "0", text.isEmpty() ? 0 : text.substring(1), 0, new JsonArray())
            : List.of(((Number) value).longValue() + 1, value.toString(), 0.5, new JsonObject());
    for (Object other : others) {
      assertThat(seal.open(sealed().put(member, other))).as("%s", other).isEmpty();
      assertThat(seal.open(sealed().put(member, other).encode())).as("%s", other).isEmpty();
    }
    assertThat(seal.open(sealed().putNull(member))).isEmpty();
  }

  @ParameterizedTest
  @MethodSource("everyMember")
  void refusesOneFromWhichAnyMemberIsMissing(String member) {
    JsonObject sealed = sealed();
    sealed.remove(member);

    assertThat(seal.open(sealed)).isEmpty();
  }

  @Test
  void refusesOneWithAMemberMore() {
    assertThat(seal.open(sealed().put("d", "more"))).isEmpty();
    assertThat(seal.open(sealed().putNull("d"))).isEmpty();
  }

  @Test
  void refusesOneWhoseMembersChangedPlaces() {
    JsonObject one = seal.seal(new JsonObject().put("a", "x").put("b", "y"), AT);
    assertThat(seal.open(one.copy().put("a", "y").put("b", "x"))).isEmpty();

    JsonObject border = seal.seal(new JsonObject().put("ab", "c"), AT);
    border.remove("ab");
    assertThat(seal.open(border.put("a", "bc"))).isEmpty();
  }

  @Test
  void readsOfAMemberGivenTwiceWhatItHasVerified() {
    String text = sealed().encode();
    String forgedLast = text.replaceFirst("}$", ",\"a\":\"forged\"}");
    String forgedFirst = text.replaceFirst("^\\{", "{\"a\":\"forged\",");

    assertThat(seal.open(forgedLast)).isEmpty();
    assertThat(seal.open(forgedFirst)).map(o -> o.getString("a")).contains("text");
  }

  @Test
  void refusesWhatWasSealedForAnotherPurpose() {
    assertThat(new Seal(secret, "other").open(sealed())).isEmpty();
  }

  @Test
  void refusesWhatWasSealedWithAnotherSecret() {
    byte[] other = secret.clone();
    other[31] = 1;

    assertThat(new Seal(other, "test").open(sealed())).isEmpty();
  }

  @ParameterizedTest
  @ValueSource(strings = {"", "x", "zz", "0", "\ud800"})
  void refusesASealThatIsNone(String text) {
    assertThat(seal.open(sealed().put("seal", text))).isEmpty();
    assertThat(seal.open(sealed().put("seal", sealed().getString("seal") + text + "00"))).isEmpty();
  }

  @ParameterizedTest
  @ValueSource(strings = {"", "{", "[]", "null", "1", "{}", "\0", "{\"seal\":{}}"})
  void refusesTextThatIsNoSealedObject(String text) {
    assertThat(seal.open(text)).isEmpty();
  }

  @Test
  void refusesWhatIsNoText() {
    for (Object found : Arrays.asList(null, 1, Map.of(), new JsonArray(), new byte[3])) {
      assertThat(seal.open(found)).isEmpty();
    }
  }

  @Test
  void doesNotEvenParseWhatIsLongerThanAnythingSealed() {
    JsonObject large = seal.seal(new JsonObject().put("a", "x".repeat(65_000)), AT);
    assertThat(seal.open(large.encode())).isPresent();

    JsonObject larger = seal.seal(new JsonObject().put("a", "x".repeat(65_536)), AT);
    assertThat(seal.open(larger.encode())).isEmpty();
  }

  @Test
  void sealsFlatObjectsOnly() {
    for (Object value : List.of(0.5, true, new JsonObject(), new JsonArray())) {
      assertThatThrownBy(() -> seal.seal(new JsonObject().put("a", value), AT))
          .isInstanceOf(IllegalArgumentException.class);
    }
  }

  @Test
  void tellsTextsApartThatUtf8CannotHold() {
    JsonObject half = seal.seal(new JsonObject().put("a", "\ud800"), AT);

    assertThat(seal.open(half)).isPresent();
    assertThat(seal.open(half.put("a", "?"))).isEmpty();
    assertThat(seal.open(half.put("a", "\ufffd"))).isEmpty();
  }
}
