package dev.starling.lab;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.util.Collection;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/** What processes have taken of the machine, from /proc (proc(5)). */
final class Usage {
  /** USER_HZ, which is 100 on every Linux that Java runs on. */
  private static final long MICROS_OF_TICK = 10_000;

  private static final int USER_TIME = 11;
  private static final Pattern RESIDENT = Pattern.compile("VmRSS:\\s+(\\d+) kB");
  private static final Pattern PEAK = Pattern.compile("VmHWM:\\s+(\\d+) kB");

  private Usage() {}

  /** CPU time so far, in user mode and in the kernel, all threads: microseconds, exact to 10 ms. */
  static long cpu(Collection<Long> pids) throws IOException {
    long ticks = 0;
    for (long pid : pids) {
      try {
        String stat = Files.readString(Path.of("/proc/" + pid + "/stat"));
        String[] fields = stat.substring(stat.lastIndexOf(')') + 2).split(" ");
        ticks += Long.parseLong(fields[USER_TIME]) + Long.parseLong(fields[USER_TIME + 1]);
      } catch (NoSuchFileException ended) {
        // A backend of PostgreSQL: its parent lives on.
      }
    }
    return ticks * MICROS_OF_TICK;
  }

  /** Resident memory, MiB. */
  static long resident(Collection<Long> pids) throws IOException {
    long kib = 0;
    for (long pid : pids) {
      kib += status(pid, RESIDENT);
    }
    return kib / 1024;
  }

  /** The most memory that a process ever had resident, MiB. */
  static long peak(long pid) throws IOException {
    return status(pid, PEAK) / 1024;
  }

  private static long status(long pid, Pattern line) throws IOException {
    Matcher found = line.matcher(Files.readString(Path.of("/proc/" + pid + "/status")));
    return found.find() ? Long.parseLong(found.group(1)) : 0;
  }

  /** How many processes wanted to run in the last minute, others' included. */
  static double load() throws IOException {
    return Double.parseDouble(Files.readString(Path.of("/proc/loadavg")).split(" ")[0]);
  }
}
