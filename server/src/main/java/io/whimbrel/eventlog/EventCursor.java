package io.whimbrel.eventlog;

import static java.nio.charset.StandardCharsets.UTF_8;

import io.whimbrel.log.Position;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.Optional;
import java.util.zip.CRC32C;

/// How far the event log has come, durably: a small file of two slots, written in turn, so that a
/// torn write leaves the other. Confined to one thread.
///
/// A slot holds two copies, so that a damaged byte does not cost it: what the spool has released
/// could not be told again from the older slot. A slot is a page of its own, and a copy: magic,
/// turn, position of the spool's log (segment and offset), length of the event file, its name, and
/// a CRC32C over all of it; numbers are big-endian.
final class EventCursor {
    static final String FILE_NAME = "cursor";
    static final int SLOT_BYTES = 4096;

    /// `WhEvCur1`.
    private static final long MAGIC = 0x5768457643757231L;

    private static final int COPY_BYTES = SLOT_BYTES / 2;
    private static final int NAME_MAX = 255;
    private static final int FIXED_BYTES = 5 * Long.BYTES + Integer.BYTES;

    private final Path folder;
    private final Path path;
    private final ChannelOpener opener;
    private long turn;
    private boolean isEntryDurable;

    /// What is durable.
    ///
    /// @param next the first record of the spool's log whose events are not
    /// @param fileName of the event file that events are written to
    /// @param fileLength its bytes up to here are whole lines, and synced
    record State(Position next, String fileName, long fileLength) {}

    private record Slot(long turn, State state) {}

    EventCursor(Path folder, ChannelOpener opener) {
        this.folder = folder;
        this.path = folder.resolve(FILE_NAME);
        this.opener = opener;
    }

    /// The newest whole slot; empty where there is none.
    ///
    /// @throws IOException where the file is there and cannot be read
    Optional<State> read() throws IOException {
        if (!Files.exists(path)) {
            return Optional.empty();
        }
        byte[] bytes;
        try (var in = Files.newInputStream(path)) {
            bytes = in.readNBytes(2 * SLOT_BYTES);
        }
        Optional<Slot> newest = Optional.empty();
        for (int at = 0; at < 2 * SLOT_BYTES; at += COPY_BYTES) {
            Optional<Slot> one = slot(bytes, at);
            if (newest.isEmpty() || (one.isPresent() && one.get().turn > newest.get().turn)) {
                newest = one;
            }
        }
        turn = newest.map(Slot::turn).orElse(0L);
        return newest.map(Slot::state);
    }

    /// Makes sure of what [#read] found, in the slot where it was found.
    void confirm(State found) throws IOException {
        turn--;
        write(found);
    }

    /// Makes `state` durable. After a failure the same slot is written again, from a newly opened
    /// file; the other slot still holds what was durable before.
    void write(State state) throws IOException {
        long next = turn + 1;
        try (FileChannel channel =
                opener.open(path, StandardOpenOption.CREATE, StandardOpenOption.WRITE)) {
            ByteBuffer slot = encoded(next, state);
            long at = next % 2 * SLOT_BYTES;
            while (slot.hasRemaining()) {
                at += channel.write(slot, at);
            }
            channel.force(true);
        }
        if (!isEntryDurable) {
            Folders.sync(folder, opener);
            isEntryDurable = true;
        }
        turn = next;
    }

    private static ByteBuffer encoded(long turn, State state) {
        byte[] name = state.fileName.getBytes(UTF_8);
        if (name.length > NAME_MAX) {
            throw new IllegalArgumentException("file name too long: " + state.fileName);
        }
        ByteBuffer copy = ByteBuffer.allocate(COPY_BYTES);
        copy.putLong(MAGIC).putLong(turn);
        copy.putLong(state.next.segment()).putLong(state.next.offset());
        copy.putLong(state.fileLength).putInt(name.length).put(name);
        copy.putInt(crc(copy.array(), 0, FIXED_BYTES + name.length));
        ByteBuffer slot = ByteBuffer.allocate(SLOT_BYTES);
        return slot.put(copy.clear()).put(copy.clear()).rewind();
    }

    private static Optional<Slot> slot(byte[] bytes, int from) {
        if (bytes.length < from + COPY_BYTES) {
            return Optional.empty();
        }
        ByteBuffer slot = ByteBuffer.wrap(bytes, from, COPY_BYTES).slice();
        long magic = slot.getLong();
        long turn = slot.getLong();
        var next = new Position(slot.getLong(), slot.getLong());
        long fileLength = slot.getLong();
        int nameLength = slot.getInt();
        if (magic != MAGIC || nameLength < 1 || nameLength > NAME_MAX || fileLength < 0) {
            return Optional.empty();
        }
        byte[] name = new byte[nameLength];
        slot.get(name);
        boolean isWhole = slot.getInt() == crc(bytes, from, FIXED_BYTES + nameLength);
        return isWhole
                ? Optional.of(new Slot(turn, new State(next, new String(name, UTF_8), fileLength)))
                : Optional.empty();
    }

    private static int crc(byte[] bytes, int from, int length) {
        var crc = new CRC32C();
        crc.update(bytes, from, length);
        return (int) crc.getValue();
    }
}
