package io.whimbrel.spool;

import io.whimbrel.mail.Envelope;

import java.io.IOException;
import java.nio.file.Path;
import java.time.Duration;
import java.util.concurrent.atomic.AtomicInteger;

/// A spool over a disk that fails when told, for tests of other rooms. Driven by its callers.
public final class FaultySpool {
    private FaultyFiles files = new FaultyFiles();
    private Spool spool = open();

    public FaultySpool() throws IOException {}

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
    public Recovery healAndRestart() throws IOException {
        files.failsSync = _ -> false;
        // The writer makes the end of the good part durable.
        spool.step(Inbox.Wake.WORK);
        files = files.afterKill();
        spool = open();
        return spool.takeRecovery();
    }

    private Spool open() throws IOException {
        var settings =
                new SpoolSettings(Path.of("unused"), 4 << 20, Duration.ofMillis(20), 0, 1 << 20);
        return Spool.open(settings, SpoolFixtures.CLOCK, files, Spool.Drive.CALLER);
    }
}
