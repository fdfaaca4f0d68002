package dev.starling.cli;

import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;

/**
 * A drawing of what was measured each second, as SVG that needs no script and no style of its own.
 */
final class Plot {
  private static final int COLUMNS = 300;
  private static final int LEFT = 64;
  private static final int WIDTH = 600;
  private static final int TOP = 8;
  private static final int HEIGHT = 110;

  private final String title;
  private final String unit;
  private final Instant end;
  private final List<String> lines = new ArrayList<>();
  private final List<double[]> values = new ArrayList<>();

  /**
   * A plot without a line.
   *
   * @param end when the last second of each line ended
   */
  Plot(String title, String unit, Instant end) {
    this.title = title;
    this.unit = unit;
    this.end = end;
  }

  /** One value a second, the oldest first; what is no number is a gap. */
  Plot line(String name, List<Json> seconds, double scale) {
    double[] line = new double[seconds.size()];
    for (int i = 0; i < line.length; i++) {
      line[i] = seconds.get(i).value() instanceof Number n ? n.doubleValue() * scale : Double.NaN;
    }
    lines.add(name);
    values.add(line);
    return this;
  }

  String svg(List<Json> events) {
    int seconds = values.stream().mapToInt(v -> v.length).max().orElse(0);
    double most = values.stream().mapToDouble(Plot::most).max().orElse(0);
    double top = most == 0 ? 1 : most;
    StringBuilder spoken = new StringBuilder(title);
    StringBuilder svg = new StringBuilder();
    marks(svg, events, seconds);
    for (int i = 0; i < lines.size(); i++) {
      spoken.append(
          ", %s at most %s %s".formatted(lines.get(i), number(most(values.get(i))), unit));
      svg.append(
          "<path class=\"line l%d\" d=\"%s\"/>".formatted(i, path(values.get(i), seconds, top)));
    }
    int bottom = TOP + HEIGHT;
    return ("<figure><figcaption>%s <span>%s</span></figcaption>"
            + "<svg viewBox=\"0 0 %d %d\" role=\"img\" aria-label=\"%s\">"
            + "<path class=\"axis\" d=\"M%d %dV%dH%d\"/>"
            + "<text x=\"%d\" y=\"%d\">%s %s</text><text x=\"%d\" y=\"%d\">0</text>"
            + "<text class=\"start\" x=\"%d\" y=\"%d\">%s</text><text x=\"%d\" y=\"%d\">%s</text>%s</svg></figure>\n")
        .formatted(
            Markup.text(title),
            legend(),
            LEFT + WIDTH + 8,
            bottom + 20,
            Markup.text(spoken.toString()),
            LEFT,
            TOP,
            bottom,
            LEFT + WIDTH,
            LEFT - 4,
            TOP + 10,
            number(top),
            Markup.text(unit),
            LEFT - 4,
            bottom,
            LEFT,
            bottom + 15,
            Markup.time(end.minusSeconds(seconds)),
            LEFT + WIDTH,
            bottom + 15,
            Markup.time(end),
            svg);
  }

  private String legend() {
    StringBuilder legend = new StringBuilder();
    for (int i = 0; i < lines.size(); i++) {
      legend.append(
          "<svg class=\"key\" viewBox=\"0 0 24 8\" aria-hidden=\"true\"><path class=\"line l%d\" d=\"M0 4H24\"/></svg>%s "
              .formatted(i, Markup.text(lines.get(i))));
    }
    return legend.toString();
  }

  private static double most(double[] line) {
    double most = 0;
    for (double value : line) {
      most = Double.isNaN(value) ? most : Math.max(most, value);
    }
    return most;
  }

  /** The greatest of each column, so that no peak is lost. */
  private static String path(double[] line, int seconds, double top) {
    StringBuilder path = new StringBuilder();
    int columns = Math.min(COLUMNS, seconds);
    boolean drawn = false;
    for (int c = 0; c < columns; c++) {
      double value = Double.NaN;
      int missing = seconds - line.length;
      for (int s = c * seconds / columns; s < (c + 1) * seconds / columns; s++) {
        double one = s < missing ? Double.NaN : line[s - missing];
        value = Double.isNaN(value) || one > value ? one : value;
      }
      if (!Double.isNaN(value)) {
        double x = LEFT + (c + 0.5) * WIDTH / columns;
        double y = TOP + HEIGHT * (1 - value / top);
        path.append(String.format(Locale.ROOT, "%s%.1f %.1f", drawn ? "L" : "M", x, y));
      }
      drawn = !Double.isNaN(value);
    }
    return path.toString();
  }

  private void marks(StringBuilder svg, List<Json> events, int seconds) {
    for (Json event : events) {
      double ago = Duration.between(Markup.instant(event.text("at")), end).toMillis() / 1_000.0;
      if (ago >= 0 && ago < seconds) {
        svg.append(
            String.format(
                Locale.ROOT,
                "<path class=\"mark\" d=\"M%.1f %dv%d\"><title>%s</title></path>",
                LEFT + WIDTH * (1 - ago / seconds),
                TOP,
                HEIGHT,
                Markup.text(
                    Markup.time(Markup.instant(event.text("at")))
                        + " "
                        + event.text("subject")
                        + " "
                        + event.text("text"))));
      }
    }
  }

  private static String number(double value) {
    return String.format(Locale.ROOT, value < 10 ? "%.1f" : "%.0f", value);
  }
}
