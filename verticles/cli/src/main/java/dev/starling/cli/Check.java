package dev.starling.cli;

import java.util.List;

/** Looks for one thing that often is the matter. */
interface Check {
  /** What there is to say of it: one finding that it is fine, or each that it is not. */
  List<Finding> look(Evidence evidence);
}
