package dev.starling.lab;

import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

/** What a fault measured itself, and what of that breaks its promise. */
final class Notes {
  private final Map<String, Object> figures = new LinkedHashMap<>();
  private final List<String> complaints = new ArrayList<>();

  void figure(String name, Object value) {
    figures.put(name, value);
  }

  void complain(String what) {
    complaints.add(what);
  }

  Map<String, Object> figures() {
    return figures;
  }

  List<String> complaints() {
    return complaints;
  }
}
