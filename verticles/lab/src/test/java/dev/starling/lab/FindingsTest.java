package dev.starling.lab;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.ByteArrayInputStream;
import java.nio.charset.StandardCharsets;
import java.util.List;
import javax.xml.parsers.DocumentBuilderFactory;
import org.junit.jupiter.api.Test;
import org.w3c.dom.Document;

class FindingsTest {
  private final Findings findings = new Findings();

  private static Sample cpu(double micros) {
    return new Sample(1_000, micros, 0, Double.NaN, Double.NaN, Double.NaN);
  }

  private void call(double micros) {
    findings
        .figures()
        .add(
            new Findings.Figure(
                "calls", "Starling, two JVMs", List.of(cpu(micros), cpu(micros + 10)), 100, 900));
  }

  @Test
  void saysWhichPromiseWasMissed() {
    findings.ratios().add(new Findings.Ratio("calls: a / b", new Spread(1.3, 1.2, 1.5), 1.2));
    findings.ratios().add(new Findings.Ratio("calls: a / c", new Spread(1.1, 1.0, 1.9), 1.2));

    assertThat(findings.text()).containsPattern("a / b .*MISSED").containsPattern("a / c .*held");
    assertThat(findings.json().getJsonArray("ratios").getJsonObject(0).getBoolean("holds"))
        .isFalse();
  }

  @Test
  void putsChoiceAndBreakerBesideTheCallThatTheyArePartOf() {
    call(95);
    findings
        .micros()
        .add(new Findings.Micro("ChoiceBenchmark.choiceAndBreaker 1000 records", 5_000, 10));

    findings.sharesOfCalls();

    assertThat(findings.ratios()).hasSize(1);
    assertThat(findings.ratios().get(0).spread().median()).isEqualTo(0.05);
    assertThat(findings.ratios().get(0).holds()).isFalse();
  }

  @Test
  void leavesOutOfTheDocumentWhatWasNotMeasured() {
    call(95);

    assertThat(findings.json().getJsonArray("figures").getJsonObject(0).fieldNames())
        .contains("cpu-micros")
        .doesNotContain("p99-micros");
  }

  @Test
  void drawsAPictureThatIsXml() throws Exception {
    call(95);
    findings
        .growths()
        .add(
            new Findings.Growth(
                "by nodes",
                "nodes",
                List.of(
                    new Findings.Point(1, new Spread(50, 45, 55), 1),
                    new Findings.Point(10, new Spread(51, 45, 58), 4))));

    Document picture =
        DocumentBuilderFactory.newInstance()
            .newDocumentBuilder()
            .parse(new ByteArrayInputStream(Plot.of(findings).getBytes(StandardCharsets.UTF_8)));

    assertThat(picture.getElementsByTagName("polyline").getLength()).isEqualTo(1);
    assertThat(picture.getElementsByTagName("rect").getLength()).isEqualTo(3);
  }
}
