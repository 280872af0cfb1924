package io.whimbrel.simulator.demo;

import io.whimbrel.simulator.demo.Results.Row;

import java.io.PrintStream;
import java.time.Duration;
import java.util.Locale;

/// What people see while the demo runs: plain lines, and one line of progress that is rewritten in
/// place on a terminal and repeated each second elsewhere. Confined to one thread.
final class Screen {
    private static final String ERASE_LINE = "\r\u001b[2K";

    private final PrintStream out;
    private final boolean isTerminal;
    private long secondShown = -1;
    private boolean isProgressOpen;

    Screen(PrintStream out, boolean isTerminal) {
        this.out = out;
        this.isTerminal = isTerminal;
    }

    void say(String text) {
        if (isProgressOpen) {
            out.println();
            isProgressOpen = false;
        }
        out.println(text);
        out.flush();
    }

    /// Shows `line`, on a terminal each time, elsewhere once in a second of `elapsed`.
    void progress(String line, Duration elapsed) {
        if (isTerminal) {
            out.print(ERASE_LINE + line);
            isProgressOpen = true;
        } else if (elapsed.toSeconds() > secondShown) {
            out.println(line);
        }
        secondShown = elapsed.toSeconds();
        out.flush();
    }

    static String progressLine(long acknowledged, long planned, Row total, Duration elapsed) {
        return String.format(
                Locale.ROOT,
                "sent %,d/%,d  delivered %,d  deferred %,d  bounced %,d  queued %,d  %d s",
                acknowledged,
                planned,
                total.delivered(),
                total.deferred(),
                total.bounced(),
                total.queued(),
                elapsed.toSeconds());
    }
}
