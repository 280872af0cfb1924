package io.whimbrel.spool;

import io.whimbrel.mail.Envelope;

import java.io.IOException;
import java.time.InstantSource;
import java.util.List;
import java.util.concurrent.atomic.AtomicInteger;

/// A spool over a disk that fails when told, for tests of other rooms. Driven by its callers.
public final class FaultySpool {
    private final InstantSource clock;
    private FaultyFiles files = new FaultyFiles();
    private Spool spool;

    public FaultySpool() throws IOException {
        this(SpoolFixtures.CLOCK);
    }

    public FaultySpool(InstantSource clock) throws IOException {
        this.clock = clock;
        spool = open();
    }

    public Spool spool() {
        return spool;
    }

    public SpooledMessage accept(Envelope envelope, byte[] body) {
        return SpoolFixtures.accept(spool, envelope, body);
    }

    public byte[] read(SpooledMessage message) throws IOException {
        return SpoolFixtures.read(spool, message);
    }

    /// Every sync fails from now on, but the next `syncs`.
    public void failAfter(int syncs) {
        var left = new AtomicInteger(syncs);
        files.failsSync = _ -> left.getAndDecrement() <= 0;
    }

    /// The disk works again, the process is killed, and a new one finds this.
    public List<RecoveredMessage> healAndRestart() throws IOException {
        files.failsSync = _ -> false;
        // The writer makes the end of the good part durable.
        spool.step(Inbox.Wake.WORK);
        files = files.afterKill();
        spool = open();
        return SpoolFixtures.queued(spool);
    }

    /// The process is killed, and a new one finds what was durable.
    ///
    /// @param losesIndex it has to be made anew from the log
    public void kill(boolean losesIndex) throws IOException {
        files = files.afterKill();
        if (losesIndex) {
            files.index.wipe();
        }
        spool = open();
    }

    private Spool open() throws IOException {
        return IndexHome.open(files, 4 << 20, 0, clock);
    }
}
