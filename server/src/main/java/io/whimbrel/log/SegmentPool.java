package io.whimbrel.log;

import io.whimbrel.budget.BudgetLevel;
import io.whimbrel.time.Pause;

import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.security.SecureRandom;
import java.time.Duration;
import java.util.ArrayDeque;
import java.util.Optional;
import java.util.concurrent.locks.Condition;
import java.util.concurrent.locks.ReentrantLock;

/// Gives the writer files to write to, and takes them back.
///
/// A spare is a file that was once written over its whole length and synced: blocks are allocated,
/// so a sync costs a third, and no write to it can run out of space. Its thread keeps one spare
/// ready, whatever the disk says, for outcomes must go on; and a second one while the disk has more
/// than the reserve. It also looks once a second how much room there is for new mail: below one
/// mark mail is to be slowed down, the more so the less there is; below the reserve it is refused,
/// until there is an eighth more than that. Thread-safe.
public final class SegmentPool {
    private static final Logger LOG = LoggerFactory.getLogger(SegmentPool.class);
    private static final String SPARE = "spare-";
    private static final int SPARES_WANTED = 2;

    /// Reclaimed files beyond so many spares are deleted.
    private static final int SPARES_MAX = 4;

    private static final int ZERO_BYTES = 1 << 20;
    private static final long CHECK_NANOS = 1_000_000_000L;

    /// Acceptance resumes only with so many parts of the reserve more than it.
    private static final int RESUME_PART = 8;

    private static final Duration SLOWNESS_MOST = Duration.ofSeconds(2);

    private final SpoolFiles files;
    private final long segmentBytes;
    private final long reserveBytes;
    private final long slowBytes;
    private final SecureRandom random = new SecureRandom();
    private final ReentrantLock lock = new ReentrantLock();
    private final Condition changed = lock.newCondition();
    private final ArrayDeque<Spare> spares = new ArrayDeque<>();
    private final ArrayDeque<Spare> surplus = new ArrayDeque<>();
    private long nextSpare = 1;
    private long lastSequence;
    private long lastGeneration;
    private long attempts;
    private IOException trouble = new IOException("no spare segment yet");
    private boolean isAwaited;
    private boolean isThreaded;
    private Optional<Thread> thread = Optional.empty();
    private boolean isClosed;
    private volatile boolean hasRoom = true;
    private volatile long roomBytes = Long.MAX_VALUE;

    /// No file could be made. The log itself is as good as before.
    public static final class NoSpare extends IOException {
        private static final long serialVersionUID = 1L;

        public NoSpare(IOException cause) {
            super("no spare segment: " + cause.getMessage(), cause);
        }
    }

    private record Spare(String name, SpoolFiles.SpoolFile file, long size) {}

    /// Where the log stands when a new segment begins.
    ///
    /// @param previous the segment before; empty sequence 0 for the first of all
    public record Succession(long previous, long previousGeneration, long previousEnd) {}

    /// @throws IOException where the size of the disk cannot be told
    public SegmentPool(SpoolFiles files, long segmentBytes, LowWater lowWater) throws IOException {
        this.files = files;
        this.segmentBytes = segmentBytes;
        long disk = files.totalBytes();
        reserveBytes = lowWater.stop(disk);
        slowBytes = lowWater.slow(disk);
    }

    /// One that no file is taken from: for who only reads the log.
    public SegmentPool(SpoolFiles files) {
        this.files = files;
        segmentBytes = 0;
        reserveBytes = 0;
        slowBytes = 0;
    }

    public static boolean isSpare(String name) {
        return name.startsWith(SPARE);
    }

    /// What recovery saw: later segments have greater numbers.
    public void startAfter(long sequence, long generation) {
        lastSequence = Math.max(lastSequence, sequence);
        lastGeneration = Math.max(lastGeneration, generation);
    }

    /// Takes over a spare that an earlier run left. One of another size, such as one that was not
    /// finished, is deleted.
    public void adopt(String name, SpoolFiles.SpoolFile file, long size) throws IOException {
        try {
            nextSpare = Math.max(nextSpare, Long.parseLong(name.substring(SPARE.length())) + 1);
        } catch (NumberFormatException _) {
            // No name of ours, so it cannot collide either.
        }
        if (size == segmentBytes && spares.size() < SPARES_MAX) {
            spares.addLast(new Spare(name, file, size));
        } else {
            file.close();
            files.delete(name);
        }
    }

    /// Starts the thread. Without it everything happens inside [#take] and [#tend].
    public void start() {
        isThreaded = true;
        thread = Optional.of(Thread.ofPlatform().name("spool-prepare-1").start(this::run));
    }

    /// Ends the thread and closes the spares.
    public void close() {
        lock.lock();
        try {
            isClosed = true;
            changed.signalAll();
        } finally {
            lock.unlock();
        }
        thread.ifPresent(Pause::untilEnd);
        closeSpares();
    }

    private void closeSpares() {
        lock.lock();
        try {
            for (Spare spare : spares) {
                spare.file.close();
            }
        } catch (IOException e) {
            LOG.warn("closing a spare segment: {}", e.getMessage());
        } finally {
            lock.unlock();
        }
    }

    /// Whether new mail may be taken: beyond the reserve and one spare there is room.
    public boolean hasRoom() {
        return hasRoom;
    }

    /// How long an end-of-data is to wait for its answer, 0 to 2 s.
    public Duration slowness() {
        long missing = slowBytes - roomBytes;
        if (missing <= 0) {
            return Duration.ZERO;
        }
        double part = Math.min(1, (double) missing / Math.max(1, slowBytes - reserveBytes));
        return Duration.ofMillis((long) (SLOWNESS_MOST.toMillis() * part));
    }

    /// Room, and the mark below which mail is slowed down.
    public BudgetLevel slowLevel() {
        return new BudgetLevel(roomBytes, slowBytes, 0, roomBytes < slowBytes);
    }

    /// Room, and the mark below which mail is refused.
    public BudgetLevel stopLevel() {
        return new BudgetLevel(roomBytes, reserveBytes, 0, !hasRoom);
    }

    /// Looks at the disk now.
    public void measure() {
        lock.lock();
        try {
            long inSpares = Math.max(0, spares.size() - 1) * segmentBytes;
            roomBytes = files.usableBytes() + inSpares;
            long wanted = hasRoom ? reserveBytes : reserveBytes + reserveBytes / RESUME_PART;
            hasRoom = roomBytes >= wanted;
        } catch (IOException e) {
            LOG.warn("cannot tell the free space of the spool's disk: {}", e.getMessage());
        } finally {
            lock.unlock();
        }
    }

    /// The next segment of the log, durably: header first, then its name.
    ///
    /// @param batchBytes what it must hold at least
    /// @param first oldest segment that belongs to the log; 0 where it is this one
    /// @throws IOException where the disk fails or is full; the file is given up then
    public SpoolSegment take(Succession before, long batchBytes, long first, long idFloor)
            throws IOException {
        long bytes = LogFormat.HEADER_BYTES + batchBytes;
        Spare spare = bytes > segmentBytes ? makeSpecial(bytes) : awaitSpare();
        long sequence = ++lastSequence;
        long generation = nextGeneration();
        var header =
                new LogFormat.SegmentHeader(
                        sequence,
                        generation,
                        before.previous,
                        before.previousGeneration,
                        before.previousEnd,
                        first == 0 ? sequence : first,
                        idFloor);
        String name = spare.name;
        try {
            spare.file.write(LogFormat.headerBlock(header), 0);
            spare.file.sync();
            files.rename(spare.name, SpoolSegment.name(sequence));
            name = SpoolSegment.name(sequence);
            files.syncFolder();
        } catch (IOException e) {
            // Whether the name is durable is unknown. The number is not used again, and no later
            // header leads to it.
            giveUp(new Spare(name, spare.file, spare.size));
            throw e;
        }
        return new SpoolSegment(sequence, generation, spare.file, spare.size);
    }

    /// Takes back the file of a segment that no longer belongs to the log. Its new name need not be
    /// durable: recovery knows by number what belongs.
    public void retire(SpoolSegment segment) {
        var old = new Spare(segment.name(), segment.file(), segment.size());
        if (segment.isBroken() || segment.size() != segmentBytes) {
            giveUp(old);
            return;
        }
        lock.lock();
        try {
            String name = SPARE + nextSpare++;
            files.rename(old.name, name);
            var spare = new Spare(name, old.file, old.size);
            (spares.size() < SPARES_MAX ? spares : surplus).addLast(spare);
            changed.signalAll();
        } catch (IOException e) {
            LOG.warn("{} is reclaimed but stays: {}", old.name, e.getMessage());
        } finally {
            lock.unlock();
        }
    }

    /// What the thread does again and again: deletes what is too much, looks for room, makes the
    /// spares that are missing.
    public void tend() {
        for (Optional<Spare> gone = pollSurplus(); gone.isPresent(); gone = pollSurplus()) {
            discard(gone.get());
        }
        measure();
        while (isSpareWanted() && makeSpare()) {
            measure();
        }
    }

    private void run() {
        boolean goesOn = true;
        while (goesOn) {
            tend();
            goesOn = pause();
        }
    }

    /// Until something changes, a second at most.
    ///
    /// @return whether the pool is still open
    private boolean pause() {
        lock.lock();
        try {
            long rest = CHECK_NANOS;
            while (!isClosed && !isAwaited && surplus.isEmpty() && rest > 0) {
                rest = changed.awaitNanos(rest);
            }
            isAwaited = false;
            return !isClosed;
        } catch (InterruptedException _) {
            return false;
        } finally {
            lock.unlock();
        }
    }

    private Spare awaitSpare() throws IOException {
        if (!isThreaded) {
            tend();
        }
        lock.lock();
        try {
            long attempt = attempts;
            while (isThreaded && spares.isEmpty() && attempts == attempt && !isClosed) {
                isAwaited = true;
                changed.signalAll();
                changed.awaitUninterruptibly();
            }
            if (spares.isEmpty()) {
                throw new NoSpare(trouble);
            }
            isAwaited = true;
            changed.signalAll();
            return spares.removeFirst();
        } finally {
            lock.unlock();
        }
    }

    private Spare makeSpecial(long bytes) throws NoSpare {
        try {
            return makeFile(bytes);
        } catch (IOException e) {
            throw new NoSpare(e);
        }
    }

    private boolean isSpareWanted() {
        lock.lock();
        try {
            return !isClosed
                    && (spares.isEmpty()
                            || (spares.size() < SPARES_WANTED
                                    && files.usableBytes() - segmentBytes >= reserveBytes));
        } catch (IOException _) {
            return false;
        } finally {
            lock.unlock();
        }
    }

    private boolean makeSpare() {
        Optional<Spare> made = Optional.empty();
        IOException reason = trouble;
        try {
            made = Optional.of(makeFile(segmentBytes));
        } catch (IOException e) {
            reason = e;
        }
        lock.lock();
        try {
            made.ifPresent(spares::addLast);
            trouble = reason;
            attempts++;
            changed.signalAll();
            return made.isPresent();
        } finally {
            lock.unlock();
        }
    }

    /// A file of zeros that is on the disk in whole, or nothing.
    private Spare makeFile(long size) throws IOException {
        if (files.usableBytes() < size) {
            throw new IOException("the disk has no room for a file of " + size + " bytes");
        }
        String name = nextName();
        SpoolFiles.SpoolFile file = files.create(name);
        try {
            ByteBuffer zeros = ByteBuffer.allocate((int) Math.min(ZERO_BYTES, size));
            for (long at = 0; at < size; at += zeros.limit()) {
                zeros.clear().limit((int) Math.min(zeros.capacity(), size - at));
                file.write(zeros, at);
            }
            file.sync();
        } catch (IOException e) {
            discard(new Spare(name, file, size));
            throw e;
        }
        return new Spare(name, file, size);
    }

    private String nextName() {
        lock.lock();
        try {
            return SPARE + nextSpare++;
        } finally {
            lock.unlock();
        }
    }

    private void giveUp(Spare spare) {
        lock.lock();
        try {
            surplus.addLast(spare);
            changed.signalAll();
        } finally {
            lock.unlock();
        }
    }

    private Optional<Spare> pollSurplus() {
        lock.lock();
        try {
            return Optional.ofNullable(surplus.pollFirst());
        } finally {
            lock.unlock();
        }
    }

    private void discard(Spare spare) {
        try {
            spare.file.close();
            files.delete(spare.name);
        } catch (IOException e) {
            LOG.warn("cannot delete {}: {}", spare.name, e.getMessage());
        }
    }

    private long nextGeneration() {
        lastGeneration = ((lastGeneration >>> Integer.SIZE) + 1) << Integer.SIZE;
        return lastGeneration | (random.nextInt() & 0xffff_ffffL);
    }
}
