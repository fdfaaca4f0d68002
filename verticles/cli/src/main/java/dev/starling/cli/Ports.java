package dev.starling.cli;

import picocli.CommandLine.ITypeConverter;
import picocli.CommandLine.TypeConversionException;

/** A range of ports of this machine. */
record Ports(int first, int last) {
  /** From {@code 9090-9099}. */
  static final class Converter implements ITypeConverter<Ports> {
    @Override
    public Ports convert(String text) {
      String[] ends = text.split("-", -1);
      try {
        Ports ports = new Ports(Integer.parseInt(ends[0]), Integer.parseInt(ends[1]));
        if (ends.length == 2
            && ports.first > 0
            && ports.first <= ports.last
            && ports.last < 65_536) {
          return ports;
        }
      } catch (NumberFormatException | ArrayIndexOutOfBoundsException e) {
        // It is said below.
      }
      throw new TypeConversionException(
          "'" + text + "' is no range of ports; write it as 9090-9099");
    }
  }

  @Override
  public String toString() {
    return first + "-" + last;
  }
}
