package io.whimbrel.spool;

import io.whimbrel.log.Position;
import io.whimbrel.log.SpoolFiles;

import java.io.IOException;
import java.time.InstantSource;

/// The folder of a spool that is ours, before it is read: what else belongs to the node, such as
/// the event log, can be opened meanwhile without harm to a node that runs. Confined to one thread.
public final class SpoolLock implements AutoCloseable {
    private final SpoolSettings settings;
    private final SpoolFiles.OnDisk files;

    private SpoolLock(SpoolSettings settings, SpoolFiles.OnDisk files) {
        this.settings = settings;
        this.files = files;
    }

    /// @throws IOException where another node has it, or the folder cannot be used; the message
    ///   says what to do
    public static SpoolLock of(SpoolSettings settings) throws IOException {
        var files = new SpoolFiles.OnDisk(settings.folder());
        files.lock();
        return new SpoolLock(settings, files);
    }

    /// Opens log and index and recovers; the writer runs when this returns. The spool has the lock
    /// from here on, and gives it back where it cannot be opened.
    ///
    /// @param released as in [Spool#open]
    public Spool open(Position released, InstantSource clock) throws IOException {
        return Spool.open(settings, new Spool.Start(clock, released, files, Spool.Drive.THREAD));
    }

    /// Gives the folder back; not to be called once [#open] was.
    @Override
    public void close() throws IOException {
        files.close();
    }
}
