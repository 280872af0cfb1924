package io.whimbrel.index;

import io.whimbrel.mail.QueueId;
import io.whimbrel.mail.QueueName;

import java.io.IOException;
import java.nio.channels.FileChannel;
import java.nio.file.DirectoryIteratorException;
import java.nio.file.DirectoryStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.nio.file.StandardOpenOption;
import java.time.Instant;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import java.util.Objects;
import java.util.Optional;
import java.util.stream.Stream;

/// Where each unsettled recipient stands, on disk: by message, by queue and due time, by the
/// segments of the log that hold the message. Its memory does not grow with the mail in it.
///
/// It is a view of the log. What is durable is the state at the last [#checkpoint(byte[])] *or
/// after any later write*, never between: when memory is full rows are written to disk without a
/// checkpoint, all families at the same write. So replaying the log starts at the checkpoint, may
/// meet rows that are ahead of it, and compares with what [#message] says is stored. And a row may
/// be written only when the records of the log it follows from are durable.
///
/// Reading is thread-safe. One thread at a time calls [#write] and [#wakeAt]; [#checkpoint(byte[])]
/// may run beside it. Calls go to native code and hold their thread: make them on platform threads.
/// [#close] waits for calls that run; later ones get an [IllegalStateException].
///
/// An [IndexDamaged] from any method means: close, set aside, build again. After another
/// [IOException] from a write nothing of that write is there. With a full disk writes and
/// checkpoints fail while reads go on; they work again some seconds after there is space.
public final class QueueIndex implements AutoCloseable {
    /// Version of the layout in `docs/index-format.md`.
    public static final int FORMAT = 2;

    private static final byte[] FORMAT_KEY = {'f'};
    private static final byte[] CHECKPOINT_KEY = {'c'};

    private final Store store;
    private final QueueTally tally;

    /// One message's row, as it is and as it shall be.
    ///
    /// @param before exactly what is stored now; empty for a new message
    /// @param after what to store; empty where the message is gone
    public record Change(QueueId id, Optional<MessageRow> before, Optional<MessageRow> after) {}

    /// Recipients of one message that are due in one queue at the same time. Also the cursor of a
    /// scan, by time and id.
    ///
    /// @param dueAt in whole microseconds
    public record DueRow(Instant dueAt, QueueId id, int recipients) {}

    /// When to look at a queue. Also the cursor of a scan.
    ///
    /// @param at in whole microseconds
    public record Wake(Instant at, QueueName queue) {}

    /// What a queue holds.
    ///
    /// @param rows due rows: messages, each as often as it has different due times here
    /// @param wakeAt empty where [QueueIndex#wakeAt] removed it
    public record QueueRow(QueueName name, long rows, long recipients, Optional<Instant> wakeAt) {}

    private QueueIndex(Store store) {
        this.store = store;
        tally = new QueueTally(store);
    }

    /// Opens the index, or makes an empty one.
    ///
    /// @throws IndexDamaged where it must be built again
    /// @throws IOException where the disk or the native library fails, or another process has it
    public static QueueIndex open(IndexSettings settings) throws IOException {
        Store store = Store.open(settings.folder(), settings.memoryBytes());
        try {
            settleFormat(store, settings.folder());
            return new QueueIndex(store);
        } catch (IOException | RuntimeException e) {
            store.close();
            throw e;
        }
    }

    private static void settleFormat(Store store, Path folder) throws IOException {
        Optional<byte[]> stored = store.get(Family.META, FORMAT_KEY);
        if (stored.isEmpty()) {
            // Families become durable together, so whoever has rows has this one too.
            try (Store.Batch batch = store.batch()) {
                batch.put(Family.META, FORMAT_KEY, RowCodec.encodeNumber(FORMAT));
                store.write(batch);
            }
            return;
        }
        long format = Rows.number(Family.META, stored.get());
        if (format != FORMAT) {
            throw new IndexDamaged(
                    "index "
                            + folder
                            + ": format "
                            + format
                            + " of another version of Whimbrel;"
                            + " this one reads format "
                            + FORMAT);
        }
    }

    /// Renames the folder of a damaged index, which is closed, so that a new one can be made in its
    /// place. What was set aside earlier by the same name is deleted: an index holds nothing that
    /// the log does not, and gigabytes of it must not pile up.
    ///
    /// @return its new path, `FOLDER.SUFFIX`
    public static Path setAside(Path folder, String suffix) throws IOException {
        Path aside = folder.resolveSibling(folder.getFileName() + "." + suffix);
        if (Files.exists(aside)) {
            delete(aside);
        }
        Files.move(folder, aside, StandardCopyOption.ATOMIC_MOVE);
        Path parent = Objects.requireNonNull(aside.toAbsolutePath().getParent());
        try (FileChannel entries = FileChannel.open(parent, StandardOpenOption.READ)) {
            entries.force(true);
        }
        return aside;
    }

    private static void delete(Path folder) throws IOException {
        List<Path> all;
        try (Stream<Path> walk = Files.walk(folder)) {
            all = walk.sorted(Comparator.reverseOrder()).toList();
        }
        for (Path one : all) {
            Files.delete(one);
        }
    }

    /// Copies the files of an index that is closed, so that the copy can be used while the index
    /// stays as it is. Tables never change: they are linked where the file system lets us.
    ///
    /// @param copy made where it is missing
    public static void copy(Path folder, Path copy) throws IOException {
        Files.createDirectories(copy);
        try (DirectoryStream<Path> files = Files.newDirectoryStream(folder)) {
            for (Path file : files) {
                Path target = copy.resolve(String.valueOf(file.getFileName()));
                boolean isTable = target.toString().endsWith(".sst");
                if (Files.isRegularFile(file) && !(isTable && isLinked(file, target))) {
                    Files.copy(file, target);
                }
            }
        } catch (DirectoryIteratorException e) {
            throw e.getCause();
        }
    }

    private static boolean isLinked(Path file, Path target) {
        try {
            Files.createLink(target, file);
            return true;
        } catch (IOException | UnsupportedOperationException _) {
            return false;
        }
    }

    /// What the last [#checkpoint(byte[])] wrote; empty for a new index.
    public Optional<byte[]> checkpoint() throws IOException {
        return store.get(Family.META, CHECKPOINT_KEY);
    }

    /// Makes everything written so far durable, and `meta` with it: both or neither. Returns when
    /// it is on disk, after hundreds of milliseconds where memtables are full.
    public void checkpoint(byte[] meta) throws IOException {
        try (Store.Batch batch = store.batch()) {
            batch.put(Family.META, CHECKPOINT_KEY, meta);
            store.write(batch);
        }
        store.flush();
    }

    /// Writes all changes, in order, or none. Waits where memory is full until the disk has caught
    /// up. Hundreds to a call cost least.
    ///
    /// A queue is woken for a due row that was not there before, or earlier; and never, once it has
    /// no rows.
    ///
    /// @throws IllegalArgumentException where a `before` contradicts the counts of its queue
    public void write(List<Change> changes) throws IOException {
        try (Store.Batch batch = store.batch()) {
            var difference = new RowDifference(batch, tally);
            for (Change change : changes) {
                difference.write(change);
            }
            finish(batch);
        } catch (IOException | RuntimeException e) {
            tally.forget();
            throw e;
        }
    }

    private void finish(Store.Batch batch) throws IOException {
        tally.store(batch);
        store.write(batch);
        tally.stored();
    }

    /// Moves a queue's wake, also behind its earliest due row, or removes it. A due row that is
    /// added later moves it back. Does nothing where the queue has no rows.
    public void wakeAt(QueueName queue, Optional<Instant> at) throws IOException {
        try (Store.Batch batch = store.batch()) {
            tally.wake(queue, at.map(Keys::micros).orElse(RowCodec.NEVER));
            finish(batch);
        } catch (IOException | RuntimeException e) {
            tally.forget();
            throw e;
        }
    }

    public Optional<MessageRow> message(QueueId id) throws IOException {
        byte[] key = Keys.message(id);
        Optional<byte[]> value = store.get(Family.MESSAGES, key);
        return value.isEmpty() ? Optional.empty() : Optional.of(Rows.message(key, value.get()));
    }

    /// What is due in a queue until `upTo`, itself included: ascending by time, then id.
    ///
    /// @param after only what is behind it. It is worth to be given: removed rows before it cost
    ///   time until they are compacted away
    /// @param most rows, 0 or more
    public List<DueRow> due(QueueName queue, Optional<DueRow> after, Instant upTo, int most)
            throws IOException {
        byte[] hash = Keys.queue(queue);
        byte[] from =
                after.map(row -> Keys.behind(Keys.due(hash, Keys.micros(row.dueAt()), row.id())))
                        .orElse(hash);
        var range = new Store.Range(from, Keys.behindAll(Keys.dueAt(hash, Keys.micros(upTo))));
        return rows(Family.DUE, range, most, Rows::due);
    }

    /// When the first row behind `after` is due.
    public Optional<Instant> nextDue(QueueName queue, Optional<DueRow> after) throws IOException {
        return due(queue, after, Instant.MAX, 1).stream().findFirst().map(DueRow::dueAt);
    }

    /// Queues to look at until `upTo`, itself included, behind `after`: ascending by time, then in
    /// the order of [#queues].
    public List<Wake> wakes(Optional<Wake> after, Instant upTo, int most) throws IOException {
        byte[] from = after.map(QueueIndex::behind).orElse(new byte[0]);
        var range = new Store.Range(from, Keys.behindAll(Keys.wakeAt(Keys.micros(upTo))));
        return rows(Family.WAKE, range, most, Rows::wake);
    }

    private static byte[] behind(Wake wake) {
        return Keys.behind(Keys.wake(Keys.micros(wake.at()), Keys.queue(wake.queue())));
    }

    /// Queues and what is due in them as they are now, however long it takes to read all; to be
    /// closed.
    public QueueView view() {
        return new QueueView(this);
    }

    /// Empty where the queue has no due rows.
    public Optional<QueueRow> queue(QueueName name) throws IOException {
        Optional<byte[]> value = store.get(Family.QUEUES, Keys.queue(name));
        return value.isEmpty() ? Optional.empty() : Optional.of(Rows.queueRow(value.get()));
    }

    /// Queues with due rows behind `after`, in an order that is always the same and means nothing.
    public List<QueueRow> queues(Optional<QueueName> after, int most) throws IOException {
        byte[] from = after.map(name -> Keys.behind(Keys.queue(name))).orElse(new byte[0]);
        return rows(
                Family.QUEUES, Store.Range.wide(from), most, (_, value) -> Rows.queueRow(value));
    }

    /// Messages behind `after`, by id.
    public List<MessageRow> messages(Optional<QueueId> after, int most) throws IOException {
        byte[] from = after.map(id -> Keys.behind(Keys.message(id))).orElse(new byte[0]);
        return rows(Family.MESSAGES, Store.Range.wide(from), most, Rows::message);
    }

    /// Messages with a frame in that segment, behind `after`, by id.
    public List<QueueId> inSegment(long segment, Optional<QueueId> after, int most)
            throws IOException {
        byte[] from =
                after.map(id -> Keys.behind(Keys.segment(segment, id)))
                        .orElse(Keys.segment(segment));
        var range = new Store.Range(from, Keys.behindAll(Keys.segment(segment)));
        return rows(Family.SEGMENTS, range, most, (key, _) -> Keys.segmentId(key));
    }

    /// The segments that messages have frames in, ascending. Costs a seek each, however many
    /// messages there are.
    public List<Long> segments() throws IOException {
        List<Long> segments = new ArrayList<>();
        byte[] from = {};
        while (true) {
            List<Long> next =
                    rows(Family.SEGMENTS, Store.Range.wide(from), 1, (key, _) -> Keys.segment(key));
            if (next.isEmpty()) {
                return segments;
            }
            segments.add(next.getFirst());
            from = Keys.behindAll(Keys.segment(next.getFirst()));
        }
    }

    /// Present once any call met damaged files, whoever made it.
    public Optional<IndexDamaged> damage() {
        return store.damage();
    }

    public IndexStats stats() throws IOException {
        return store.stats();
    }

    /// Closes without making anything durable, as a crash does: only [#checkpoint(byte[])] does.
    @Override
    public void close() {
        store.close();
    }

    Store store() {
        return store;
    }

    /// Reads a row from its key and value.
    @FunctionalInterface
    interface Reading<T> {
        T read(byte[] key, byte[] value) throws IOException;
    }

    <T> List<T> rows(Family family, Store.Range range, int most, Reading<T> reading)
            throws IOException {
        List<T> rows = new ArrayList<>();
        if (most > 0) {
            store.scan(
                    family,
                    range,
                    (key, value) -> {
                        rows.add(reading.read(key, value));
                        return rows.size() < most;
                    });
        }
        return rows;
    }
}
