package io.whimbrel.spool;

import io.whimbrel.log.SpoolFiles;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.BitSet;
import java.util.EnumMap;
import java.util.EnumSet;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Random;
import java.util.Set;
import java.util.function.Predicate;

/// A disk that keeps, at a power cut, what a sync covered, and of the rest whatever it likes:
/// sectors of 512 bytes and names each for themselves. It can also fail, be full, and damage data.
/// Confined to one thread at a time.
final class FaultyFiles implements SpoolFiles {
    private static final int SECTOR = 512;

    final Map<Sync, Integer> syncs = new EnumMap<>(Sync.class);
    final Set<Sync> ignored = EnumSet.noneOf(Sync.class);

    /// The most bytes that a sync of a header had to write: more than the header means that the
    /// spare was not on the disk before.
    int headerSyncBytesMost;

    long capacity = Long.MAX_VALUE / 2;
    long operationsLeft = Long.MAX_VALUE;
    long operations;

    /// Into segments of the log.
    long bytesLogged;

    Predicate<String> failsWrite = _ -> false;
    Predicate<String> failsSync = _ -> false;
    Predicate<String> failsRead = _ -> false;

    /// As a process without free descriptors: nothing is opened.
    boolean failsOpen;

    /// The index lies on a real disk; it is as a kill leaves it, at every start.
    IndexHome index = new IndexHome();

    /// A sector that cannot be read, by its file and where it begins; none where the name is empty.
    String badSectorIn = "";

    int badSectorAt;

    private final Map<String, Inode> names = new HashMap<>();
    private final Map<String, Inode> durableNames = new HashMap<>();
    private final List<NameChange> unsynced = new ArrayList<>();
    private boolean isLocked;

    /// What a sync is for.
    enum Sync {
        RECORDS,
        /// Of a segment that an earlier process wrote.
        RECOVERED,
        HEADER,
        SPARE,
        QUARANTINE,
        FOLDER
    }

    /// The power is gone: nothing works any more.
    static final class PowerCut extends Error {
        private static final long serialVersionUID = 1L;

        PowerCut() {
            super("power cut", null, false, false);
        }
    }

    private record NameChange(String from, String to, Inode inode) {}

    private static final class Inode {
        private byte[] bytes = new byte[0];
        private byte[] durable = new byte[0];
        private final BitSet dirty = new BitSet();
        private boolean wasSynced;
    }

    /// The disk after the power came back.
    FaultyFiles afterCut(Random random) {
        var disk = new FaultyFiles();
        disk.index = index;
        disk.capacity = capacity;
        disk.ignored.addAll(ignored);
        Map<String, Inode> left = new HashMap<>(durableNames);
        // Half of the time as journals do it, in order; else each change for itself.
        boolean inOrder = random.nextBoolean();
        int kept = random.nextInt(unsynced.size() + 1);
        for (int i = 0; i < unsynced.size(); i++) {
            NameChange change = unsynced.get(i);
            if (inOrder ? i < kept : random.nextBoolean()) {
                apply(change, left);
            }
        }
        int mode = random.nextInt(4);
        Map<Inode, Inode> copies = new HashMap<>();
        left.forEach((name, inode) -> {
            Inode copy = copies.computeIfAbsent(inode, i -> survivor(i, mode, random));
            disk.names.put(name, copy);
            disk.durableNames.put(name, copy);
        });
        return disk;
    }

    /// The same disk after a kill: what was written is there, and what was not synced is still not
    /// durable.
    FaultyFiles afterKill() {
        var disk = new FaultyFiles();
        disk.index = index;
        disk.capacity = capacity;
        disk.ignored.addAll(ignored);
        disk.names.putAll(names);
        disk.durableNames.putAll(durableNames);
        disk.unsynced.addAll(unsynced);
        return disk;
    }

    byte[] content(String name) {
        Inode inode = names.get(name);
        if (inode == null) {
            throw new AssertionError(name + " is not there: " + names.keySet());
        }
        return inode.bytes;
    }

    boolean exists(String name) {
        return names.containsKey(name);
    }

    /// Changes bytes behind the back of the spool.
    void damage(String name, int offset, int xor) {
        Inode inode = names.get(name);
        if (inode == null) {
            throw new AssertionError(name + " is not there: " + names.keySet());
        }
        inode.bytes[offset] ^= (byte) xor;
        inode.durable[offset] ^= (byte) xor;
    }

    void lose(String name) {
        names.remove(name);
        durableNames.remove(name);
    }

    @Override
    public void lock() throws IOException {
        if (isLocked) {
            throw new IOException("locked");
        }
        isLocked = true;
    }

    @Override
    public List<String> list() {
        return names.keySet().stream().filter(name -> !name.startsWith(QUARANTINE)).toList();
    }

    @Override
    public SpoolFile create(String name) throws IOException {
        count();
        if (failsOpen) {
            throw new IOException(name + ": Too many open files");
        }
        var inode = new Inode();
        change(new NameChange("", name, inode));
        return new File(name, inode);
    }

    @Override
    public SpoolFile open(String name) throws IOException {
        Inode inode = names.get(name);
        if (inode == null) {
            throw new IOException("no such file: " + name);
        }
        return new File(name, inode);
    }

    @Override
    public void rename(String from, String to) throws IOException {
        count();
        Inode inode = names.get(from);
        if (inode == null) {
            throw new IOException("no such file: " + from);
        }
        change(new NameChange(from, to, inode));
    }

    @Override
    public void delete(String name) throws IOException {
        count();
        Inode inode = names.get(name);
        if (inode != null) {
            change(new NameChange(name, "", inode));
        }
    }

    @Override
    public void syncFolder() throws IOException {
        count();
        syncs.merge(Sync.FOLDER, 1, Integer::sum);
        if (failsSync.test("")) {
            throw new IOException("I/O error");
        }
        if (!ignored.contains(Sync.FOLDER)) {
            unsynced.forEach(change -> apply(change, durableNames));
            unsynced.clear();
        }
    }

    @Override
    public long totalBytes() {
        return capacity;
    }

    @Override
    public long usableBytes() {
        long used = names.values().stream().mapToLong(inode -> inode.bytes.length).sum();
        return Math.max(0, capacity - used);
    }

    @Override
    public void close() {
        isLocked = false;
    }

    private static Inode survivor(Inode inode, int mode, Random random) {
        int size = inode.durable.length;
        byte[] bytes = Arrays.copyOf(inode.durable, inode.bytes.length);
        for (int i = inode.dirty.nextSetBit(0); i >= 0; i = inode.dirty.nextSetBit(i + 1)) {
            boolean isKept = mode == 1 || (mode >= 2 && random.nextInt(4) >= mode - 1);
            if (isKept) {
                int from = i * SECTOR;
                int length = Math.min(SECTOR, inode.bytes.length - from);
                System.arraycopy(inode.bytes, from, bytes, from, length);
                size = Math.max(size, from + length);
            }
        }
        var copy = new Inode();
        copy.bytes = Arrays.copyOf(bytes, size);
        copy.durable = copy.bytes.clone();
        copy.wasSynced = true;
        return copy;
    }

    private void change(NameChange change) {
        unsynced.add(change);
        apply(change, names);
    }

    private static void apply(NameChange change, Map<String, Inode> to) {
        if (change.from.isEmpty()) {
            to.put(change.to, change.inode);
        } else if (to.get(change.from) == change.inode) {
            to.remove(change.from);
            if (!change.to.isEmpty()) {
                to.put(change.to, change.inode);
            }
        }
    }

    private void count() {
        operations++;
        if (operationsLeft-- <= 0) {
            operationsLeft = 0;
            throw new PowerCut();
        }
    }

    private final class File implements SpoolFile {
        private final String opened;
        private final Inode inode;
        private boolean isWritten;

        File(String opened, Inode inode) {
            this.opened = opened;
            this.inode = inode;
        }

        private String name() {
            return names.entrySet().stream()
                    .filter(entry -> entry.getValue() == inode)
                    .map(Map.Entry::getKey)
                    .findFirst()
                    .orElse(opened);
        }

        @Override
        public void write(ByteBuffer bytes, long position) throws IOException {
            count();
            if (failsWrite.test(name())) {
                throw new IOException("I/O error");
            }
            int at = (int) position;
            int end = at + bytes.remaining();
            if (end > inode.bytes.length) {
                if (end - inode.bytes.length > usableBytes()) {
                    throw new IOException("No space left on device");
                }
                inode.bytes = Arrays.copyOf(inode.bytes, end);
            }
            isWritten = true;
            bytesLogged += name().startsWith("segment-") ? end - at : 0;
            inode.dirty.set(at / SECTOR, (end + SECTOR - 1) / SECTOR);
            bytes.get(inode.bytes, at, bytes.remaining());
        }

        @Override
        public void read(ByteBuffer bytes, long position) throws IOException {
            if (operationsLeft <= 0) {
                throw new PowerCut();
            }
            boolean isBadSectorRead =
                    badSectorIn.equals(name())
                            && position < badSectorAt + SECTOR
                            && position + bytes.remaining() > badSectorAt;
            if (isBadSectorRead || failsRead.test(name())) {
                throw new IOException("I/O error");
            }
            int length = (int) Math.min(bytes.remaining(), inode.bytes.length - position);
            if (length > 0) {
                bytes.put(inode.bytes, (int) position, length);
            }
        }

        @Override
        public void sync() throws IOException {
            count();
            Sync kind = kind();
            syncs.merge(kind, 1, Integer::sum);
            if (kind == Sync.HEADER) {
                int bytes = inode.dirty.cardinality() * SECTOR;
                headerSyncBytesMost = Math.max(headerSyncBytesMost, bytes);
            }
            if (failsSync.test(name())) {
                // As Linux does: the pages are clean now, and their bytes never reached the disk.
                inode.dirty.clear();
                throw new IOException("I/O error");
            }
            inode.wasSynced = true;
            if (!ignored.contains(kind)) {
                makeDurable();
            }
        }

        /// Only what is dirty: a page that was marked clean after a failed sync stays lost.
        private void makeDurable() {
            inode.durable = Arrays.copyOf(inode.durable, inode.bytes.length);
            BitSet dirty = inode.dirty;
            for (int i = dirty.nextSetBit(0); i >= 0; i = dirty.nextSetBit(i + 1)) {
                int from = i * SECTOR;
                int length = Math.min(SECTOR, inode.bytes.length - from);
                System.arraycopy(inode.bytes, from, inode.durable, from, length);
            }
            dirty.clear();
        }

        private Sync kind() {
            String name = name();
            if (name.startsWith(QUARANTINE)) {
                return Sync.QUARANTINE;
            }
            if (name.startsWith("segment-")) {
                return isWritten ? Sync.RECORDS : Sync.RECOVERED;
            }
            return inode.wasSynced ? Sync.HEADER : Sync.SPARE;
        }

        @Override
        public long size() {
            return inode.bytes.length;
        }

        @Override
        public void close() {}
    }
}
