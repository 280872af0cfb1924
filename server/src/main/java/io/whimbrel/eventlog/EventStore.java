package io.whimbrel.eventlog;

import io.whimbrel.log.Position;
import io.whimbrel.spool.CommittedRecord;

import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.time.Instant;
import java.util.List;
import java.util.Optional;

/// The files of the event log and the cursor, such that each record's lines are there exactly once
/// whatever moment the node stops at. Confined to one thread.
///
/// The cursor names the position in the spool's log up to which events are durable, the file and
/// its length then. Lines are written behind that length before they are synced, so that people see
/// them at once; after a crash the file is cut to the length, and the same lines are derived again.
/// Three rules make that safe:
///
/// 1. a file is synced before the cursor that counts its lines;
/// 2. no file is written before the cursor names it;
/// 3. lines stay in memory until the cursor has passed them. After a failed write or sync all of
///    them are written again, for a page whose sync failed counts as clean and would never be
///    written; after a failed move of the cursor only that is repeated, for it may be on disk.
final class EventStore {
    /// Lines kept in memory, give or take those of one record; a commit is due then.
    static final int PENDING_MAX = 4 * 1024 * 1024;

    private static final Logger LOG = LoggerFactory.getLogger(EventStore.class);

    private final EventLogSettings settings;
    private final ChannelOpener opener;
    private final EventCursor cursor;
    private final JsonLines pending = new JsonLines(256 * 1024);
    private final EventLines lines = new EventLines(pending);

    private EventFile file;

    /// Length of `file` that the cursor counts; the bytes of `pending` come behind it.
    private long durableLength;

    private Position durableNext;
    private Position next;

    /// Bytes of `pending` that are in the file.
    private int written;

    private Optional<FileChannel> channel = Optional.empty();

    /// All of `pending` is in the file and synced, and the cursor on disk may count it already.
    private boolean isSynced;

    private EventStore(
            EventLogSettings settings,
            ChannelOpener opener,
            EventCursor cursor,
            EventFile file,
            EventCursor.State state) {
        this.settings = settings;
        this.opener = opener;
        this.cursor = cursor;
        this.file = file;
        this.durableLength = state.fileLength();
        this.durableNext = state.next();
        this.next = state.next();
    }

    /// Finds where the last run came to.
    ///
    /// Where event files are there and no cursor can be read, every record that the spool still
    /// holds is told again, in a new file: twice is bad, never is worse. The log says so.
    ///
    /// @throws IOException where the folder cannot be used
    static EventStore open(EventLogSettings settings, ChannelOpener opener, Instant now)
            throws IOException {
        Path folder = settings.folder();
        Folders.create(folder, opener);
        var cursor = new EventCursor(folder, opener);
        Optional<EventCursor.State> found = cursor.read();
        Optional<EventFile> current =
                found.flatMap(state -> EventFile.of(folder.resolve(state.fileName())));
        List<EventFile> files = EventFile.list(folder);
        if (found.isPresent() && current.isPresent()) {
            var store = new EventStore(settings, opener, cursor, current.get(), found.get());
            // What was read may be in the page cache only, left there by a failed sync.
            cursor.confirm(found.get());
            store.cutTail();
            return store;
        }
        long last = files.isEmpty() ? 0 : files.getLast().number();
        if (last > 0) {
            LOG.warn(
                    "{} has event files and no cursor that can be read: what the spool still holds"
                            + " is written again, so events may be there twice",
                    folder);
        }
        EventFile first = EventFile.named(folder, now, last + 1);
        var state = new EventCursor.State(Position.START, first.name(), 0);
        cursor.write(state);
        return new EventStore(settings, opener, cursor, first, state);
    }

    /// The first record whose events are not durable: where reading the spool's log begins.
    Position durableNext() {
        return durableNext;
    }

    /// Whether anything was added since the last commit.
    boolean isDirty() {
        return !next.equals(durableNext);
    }

    /// Whether a commit is due for size.
    boolean isFull() {
        return pending.size() >= PENDING_MAX
                || durableLength + pending.size() >= settings.fileBytes();
    }

    /// Adds the events of the next record, in memory.
    ///
    /// @return lines added
    /// @throws IllegalStateException where a [#commit] failed half-way and was not repeated: the
    ///   cursor on disk may say already that the file ends here
    int append(CommittedRecord committed) {
        if (isSynced) {
            throw new IllegalStateException("a failed commit must be repeated first");
        }
        int count = lines.write(committed);
        next = committed.next();
        return count;
    }

    /// Writes what was added, so that readers see it.
    ///
    /// @throws IOException where the disk failed; to be called again
    void flush(Instant now) throws IOException {
        if (written == pending.size()) {
            return;
        }
        try {
            FileChannel open = openChannel(now);
            ByteBuffer rest = ByteBuffer.wrap(pending.bytes(), written, pending.size() - written);
            long at = durableLength + written;
            while (rest.hasRemaining()) {
                at += open.write(rest, at);
            }
            written = pending.size();
        } catch (IOException failed) {
            startOver();
            throw failed;
        }
    }

    /// Writes, syncs and moves the cursor; begins the next file where this one is full.
    ///
    /// @return what the spool need not keep for us any longer
    /// @throws IOException where the disk failed; to be called again
    Position commit(Instant now) throws IOException {
        flush(now);
        if (!isDirty()) {
            return durableNext;
        }
        if (!isSynced) {
            syncFile();
            isSynced = true;
        }
        // Where this fails the file stays as it is: the cursor on disk may count it, or may not.
        moveCursor(now);
        durableNext = next;
        pending.clear();
        written = 0;
        isSynced = false;
        return durableNext;
    }

    /// Gives the file back. What is not committed is derived again at the next start.
    void close() {
        startOver();
    }

    private void syncFile() throws IOException {
        try {
            if (channel.isPresent()) {
                channel.get().force(false);
            }
            if (durableLength == 0) {
                Folders.sync(settings.folder(), opener);
            }
            if (!Files.exists(file.path())) {
                throw new IOException(file.path() + " was removed while it was being written");
            }
        } catch (IOException failed) {
            startOver();
            throw failed;
        }
    }

    private void moveCursor(Instant now) throws IOException {
        long length = durableLength + pending.size();
        if (length >= settings.fileBytes()) {
            moveTo(nextFile(now), next);
            deleteOldest();
        } else {
            cursor.write(new EventCursor.State(next, file.name(), length));
            durableLength = length;
        }
    }

    private FileChannel openChannel(Instant now) throws IOException {
        if (channel.isPresent()) {
            return channel.get();
        }
        long length = Files.exists(file.path()) ? Files.size(file.path()) : 0;
        if (length < durableLength) {
            LOG.warn(
                    "{} holds {} bytes of events, {} were written: events were removed by others."
                            + " A new file is begun",
                    file.path(),
                    length,
                    durableLength);
            moveTo(nextFile(now), durableNext);
        }
        FileChannel opened =
                opener.open(file.path(), StandardOpenOption.CREATE, StandardOpenOption.WRITE);
        channel = Optional.of(opened);
        opened.truncate(durableLength);
        return opened;
    }

    /// Right after a start, so that nobody reads lines that will come again.
    private void cutTail() throws IOException {
        if (Files.exists(file.path()) && Files.size(file.path()) > durableLength) {
            try (FileChannel tail = opener.open(file.path(), StandardOpenOption.WRITE)) {
                tail.truncate(durableLength);
            }
        }
    }

    private void moveTo(EventFile newFile, Position from) throws IOException {
        cursor.write(new EventCursor.State(from, newFile.name(), 0));
        closeChannel();
        file = newFile;
        durableLength = 0;
    }

    private EventFile nextFile(Instant now) throws IOException {
        List<EventFile> files = EventFile.list(settings.folder());
        long last = files.isEmpty() ? 0 : files.getLast().number();
        return EventFile.named(settings.folder(), now, Math.max(last, file.number()) + 1);
    }

    /// Makes room for a whole new file within the bound.
    private void deleteOldest() {
        try {
            List<EventFile> files = EventFile.list(settings.folder());
            long total = settings.fileBytes();
            for (EventFile closed : files) {
                total += closed.equals(file) ? 0 : Files.size(closed.path());
            }
            for (EventFile oldest : files) {
                if (total <= settings.totalBytes()) {
                    return;
                }
                if (!oldest.equals(file)) {
                    total -= Files.size(oldest.path());
                    Files.deleteIfExists(oldest.path());
                    LOG.info("deleted {}, the event log is at its bound", oldest.path());
                }
            }
        } catch (IOException e) {
            LOG.warn("cannot delete old event files in {}: {}", settings.folder(), e.toString());
        }
    }

    private void startOver() {
        written = 0;
        closeChannel();
    }

    private void closeChannel() {
        try {
            if (channel.isPresent()) {
                channel.get().close();
            }
        } catch (IOException e) {
            LOG.debug("closing {}: {}", file.path(), e.toString());
        }
        channel = Optional.empty();
    }
}
