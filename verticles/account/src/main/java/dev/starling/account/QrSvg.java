package dev.starling.account;

import io.nayuki.qrcodegen.QrCode;

/** A QR code (ISO/IEC 18004) as an SVG path, one unit for each module. */
final class QrSvg {
  /** Modules that must stay light around the code. */
  private static final int MARGIN = 4;

  private QrSvg() {}

  /**
   * Draws a text.
   *
   * @param size units of the whole square
   * @param path its dark modules
   */
  record Drawing(int size, String path) {}

  static Drawing of(String text) {
    QrCode code = QrCode.encodeText(text, QrCode.Ecc.MEDIUM);
    StringBuilder path = new StringBuilder();
    for (int y = 0; y < code.size; y++) {
      for (int x = 0; x < code.size; x++) {
        if (code.getModule(x, y)) {
          path.append('M').append(x + MARGIN).append(' ').append(y + MARGIN).append("h1v1h-1z");
        }
      }
    }
    return new Drawing(code.size + 2 * MARGIN, path.toString());
  }
}
