package dev.starling.lab;

import java.util.ArrayList;
import java.util.List;

/** The CPU time of a request as a picture: bars side by side, lines as something grows. */
final class Plot {
  private static final int WIDTH = 760;
  private static final int LABELS = 210;
  private static final int BAR = 16;
  private static final int ROW = 24;
  private static final int LINES = 190;
  private static final int MARGIN = 60;

  private final StringBuilder svg = new StringBuilder();
  private int top = 20;

  private Plot() {}

  static String of(Findings findings) {
    Plot plot = new Plot();
    List<String> parts = findings.figures().stream().map(Findings.Figure::part).distinct().toList();
    for (String part : parts) {
      plot.bars(part, findings.figures().stream().filter(f -> f.part().equals(part)).toList());
    }
    findings.growths().forEach(plot::lines);
    return """
        <svg xmlns="http://www.w3.org/2000/svg" width="%d" height="%d" font-family="sans-serif" \
        font-size="12">
        <rect width="100%%" height="100%%" fill="#fff"/>
        %s</svg>
        """
        .formatted(WIDTH, plot.top, plot.svg);
  }

  /** Bars of CPU time with their spread, those of the database lighter. */
  private void bars(String part, List<Findings.Figure> figures) {
    heading(part + ": CPU time of a request, microseconds (database light)");
    double most =
        figures.stream()
            .mapToDouble(f -> f.spread(Sample::cpu).most() + f.spread(Sample::database).median())
            .max()
            .orElse(1);
    double scale = (WIDTH - LABELS - MARGIN) / most;
    for (Findings.Figure figure : figures) {
      Spread cpu = figure.spread(Sample::cpu);
      double database = figure.spread(Sample::database).median();
      String colour = figure.subject().startsWith("Starling") ? "#1f6f8b" : "#888";
      text(LABELS - 8, top + BAR - 4, "end", figure.subject());
      bar(LABELS, cpu.median() * scale, colour, 1);
      bar(LABELS + cpu.median() * scale, database * scale, colour, 0.35);
      double middle = top + BAR / 2.0;
      line(LABELS + cpu.least() * scale, middle, LABELS + cpu.most() * scale, middle, "#000");
      text(
          LABELS + (cpu.most() + database) * scale + 6,
          top + BAR - 4,
          "start",
          "%.1f".formatted(cpu.median()));
      top += ROW;
    }
    top += ROW;
  }

  /** A line over sizes on a logarithmic axis, from zero, since flat is what it should be. */
  private void lines(Findings.Growth growth) {
    heading(growth.name() + ", microseconds");
    List<Findings.Point> points = growth.points();
    double most = points.stream().mapToDouble(p -> p.cpu().most()).max().orElse(1) * 1.1;
    double first = Math.log(points.get(0).size());
    double decades = Math.max(1, Math.log(points.get(points.size() - 1).size()) - first);
    int bottom = top + LINES;
    List<String> path = new ArrayList<>();
    for (Findings.Point point : points) {
      double x = MARGIN + (Math.log(point.size()) - first) / decades * (WIDTH - 2.0 * MARGIN);
      double y = bottom - point.cpu().median() / most * LINES;
      path.add("%.1f,%.1f".formatted(x, y));
      line(
          x,
          bottom - point.cpu().least() / most * LINES,
          x,
          bottom - point.cpu().most() / most * LINES,
          "#000");
      text(x, y - 8, "middle", "%.1f".formatted(point.cpu().median()));
      text(x, bottom + 16, "middle", "%,d".formatted(point.size()));
    }
    line(MARGIN, bottom, WIDTH - MARGIN, bottom, "#000");
    svg.append("<polyline fill=\"none\" stroke=\"#1f6f8b\" stroke-width=\"2\" points=\"")
        .append(String.join(" ", path))
        .append("\"/>\n");
    text(WIDTH - MARGIN, bottom + 32, "end", growth.unit());
    top = bottom + 3 * ROW;
  }

  private void heading(String text) {
    svg.append("<text x=\"10\" y=\"%d\" font-weight=\"bold\">%s</text>%n".formatted(top, text));
    top += ROW / 2;
  }

  private void text(double x, double y, String anchor, String text) {
    svg.append(
        "<text x=\"%.1f\" y=\"%.1f\" text-anchor=\"%s\">%s</text>%n".formatted(x, y, anchor, text));
  }

  private void bar(double x, double length, String colour, double opacity) {
    svg.append(
        "<rect x=\"%.1f\" y=\"%d\" width=\"%.1f\" height=\"%d\" fill=\"%s\" opacity=\"%s\"/>%n"
            .formatted(x, top, Math.max(0, length), BAR, colour, opacity));
  }

  private void line(double x1, double y1, double x2, double y2, String colour) {
    svg.append(
        "<line x1=\"%.1f\" y1=\"%.1f\" x2=\"%.1f\" y2=\"%.1f\" stroke=\"%s\"/>%n"
            .formatted(x1, y1, x2, y2, colour));
  }
}
