package io.whimbrel.cli;

import io.whimbrel.time.SteadyClock;

import java.util.function.LongConsumer;

/// Says on standard error how far long work has come: nothing in the first two seconds, then a line
/// every two. Confined to one thread.
final class Progress implements LongConsumer {
    private static final long BETWEEN_NANOS = 2_000_000_000L;

    private final Console console;
    private final SteadyClock clock;
    private final String what;
    private long done;
    private long saidAt;

    Progress(Console console, SteadyClock clock, String what) {
        this.console = console;
        this.clock = clock;
        this.what = what;
        saidAt = clock.nanos();
    }

    @Override
    public void accept(long more) {
        done += more;
        long now = clock.nanos();
        if (now - saidAt >= BETWEEN_NANOS) {
            saidAt = now;
            String count = what.startsWith("bytes") ? Words.size(done) : String.valueOf(done);
            console.err().println(count + " " + what.replace("bytes of", "of"));
            console.err().flush();
        }
    }
}
