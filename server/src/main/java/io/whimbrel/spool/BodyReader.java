package io.whimbrel.spool;

import io.whimbrel.budget.BudgetLevel;
import io.whimbrel.log.LogFormat;
import io.whimbrel.log.SpoolSegment;
import io.whimbrel.log.SpoolSegment.DamagedRecord;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.util.Optional;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.Executor;
import java.util.concurrent.FutureTask;
import java.util.concurrent.atomic.AtomicLong;
import java.util.function.BiConsumer;

/// Reads the body of one spooled message, part by part. Confined to one thread.
public final class BodyReader {

    /// Bodies that stay in memory between acceptance and first attempt, so that they need not be
    /// read. Thread-safe. At its bound further ones do not stay.
    static final class Kept {
        private final long bytesMost;
        private final AtomicLong bytes = new AtomicLong();
        private final AtomicLong turnedAway = new AtomicLong();

        Kept(long bytesMost) {
            this.bytesMost = bytesMost;
        }

        void keep(SpooledMessage message, Inbox.Bytes body) {
            if (bytes.addAndGet(body.length()) <= bytesMost) {
                message.keepBody(body.exactly());
            } else {
                bytes.addAndGet(-body.length());
                turnedAway.incrementAndGet();
            }
        }

        void forget(SpooledMessage message) {
            bytes.addAndGet(-message.dropBody());
        }

        BudgetLevel level() {
            return new BudgetLevel(bytes.get(), bytesMost, turnedAway.get(), false);
        }
    }

    private static final byte[] END = {};

    private final SpooledMessage message;
    private final Executor readers;
    private final BiConsumer<SpooledMessage, DamagedRecord> damage;
    private byte[] inMemory;
    private int next;

    /// @param readers threads that may block in a file read: a virtual thread would hold its
    ///   carrier
    /// @param damage told, on such a thread, where the bytes are not those that were accepted
    BodyReader(
            SpooledMessage message,
            Executor readers,
            BiConsumer<SpooledMessage, DamagedRecord> damage) {
        this.message = message;
        this.readers = readers;
        this.damage = damage;
        this.inMemory = message.body();
    }

    /// The next part, 1 byte to 256 KiB, shared and not to be changed; empty at the end.
    ///
    /// @throws IOException where the disk fails or the bytes are not those that were accepted (CRC,
    ///   id or generation differ); the message names the segment
    public byte[] nextPart() throws IOException {
        if (inMemory.length > 0) {
            byte[] whole = inMemory;
            inMemory = END;
            next = Integer.MAX_VALUE;
            return whole;
        }
        if (next >= message.location().body().size()) {
            return END;
        }
        var task = new FutureTask<>(this::read);
        readers.execute(task);
        byte[] part = await(task);
        next++;
        return part;
    }

    private static byte[] await(FutureTask<byte[]> task) throws IOException {
        boolean isInterrupted = false;
        try {
            while (true) {
                try {
                    return task.get();
                } catch (InterruptedException _) {
                    isInterrupted = true;
                } catch (ExecutionException e) {
                    throw new IOException(
                            Optional.ofNullable(e.getCause()).map(Throwable::getMessage).orElse(""),
                            e);
                }
            }
        } finally {
            if (isInterrupted) {
                Thread.currentThread().interrupt();
            }
        }
    }

    private byte[] read() throws IOException {
        SpooledMessage.Location location = message.location();
        while (true) {
            try {
                return read(location.body().get(next));
            } catch (IOException e) {
                // The message may have been copied, and its old segment reclaimed, meanwhile.
                SpooledMessage.Location moved = message.location();
                if (moved.equals(location)) {
                    if (e instanceof DamagedRecord found) {
                        damage.accept(message, found);
                    }
                    throw new IOException("message " + message.id() + ": " + e.getMessage(), e);
                }
                location = moved;
            }
        }
    }

    private byte[] read(SpoolSegment.Place place) throws IOException {
        ByteBuffer frame = place.read();
        var expected = new LogEntry.BodyPart(message.id(), next);
        Optional<LogEntry> found = RecordCodec.decode(frame.get(LogFormat.TYPE_AT), frame);
        if (found.isEmpty() || !found.get().equals(expected)) {
            throw new DamagedRecord(
                    place.segment().name() + " at " + place.offset() + ": another record is there");
        }
        var part = new byte[frame.remaining()];
        frame.get(part);
        return part;
    }
}
