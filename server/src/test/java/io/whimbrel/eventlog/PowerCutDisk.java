package io.whimbrel.eventlog;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.MappedByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.channels.FileLock;
import java.nio.channels.ReadableByteChannel;
import java.nio.channels.WritableByteChannel;
import java.nio.file.DirectoryStream;
import java.nio.file.Files;
import java.nio.file.OpenOption;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.BitSet;
import java.util.HashMap;
import java.util.HashSet;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.Random;
import java.util.Set;

/// A disk that keeps only what was synced when its power is cut, and fails when it is told to. A
/// failed sync leaves the pages clean, as Linux does: a later sync does not write them.
final class PowerCutDisk implements ChannelOpener {
    private final Map<Path, Content> contents = new LinkedHashMap<>();
    private final Map<Path, Set<Path>> durableEntries = new HashMap<>();
    private final Random random;

    /// Of a million operations, how many fail.
    int failures;

    int failed;

    /// What one file has on the platters, and which of its bytes in the cache are newer.
    private static final class Content {
        byte[] durable = new byte[0];
        final BitSet dirty = new BitSet();
    }

    PowerCutDisk(Random random) {
        this.random = random;
    }

    @Override
    public FileChannel open(Path path, OpenOption... options) throws IOException {
        mayFail("open");
        boolean isNew = !Files.exists(path);
        FileChannel real = FileChannel.open(path, options);
        if (!Files.isDirectory(path) && (isNew || !contents.containsKey(path))) {
            contents.put(path, new Content());
        }
        return new Channel(path, real);
    }

    /// Loses what was not synced: names vanish, blocks of files keep old or new bytes, lengths old
    /// or new.
    void cutPower(Path folder) throws IOException {
        Set<Path> kept = durableEntries.getOrDefault(folder, Set.of());
        for (Map.Entry<Path, Content> entry : contents.entrySet()) {
            Path path = entry.getKey();
            if (!Files.exists(path)) {
                continue;
            }
            if (!kept.contains(path) && random.nextBoolean()) {
                Files.delete(path);
                continue;
            }
            Files.write(path, torn(entry.getValue(), Files.readAllBytes(path)));
        }
        contents.keySet().removeIf(path -> !Files.exists(path));
        for (Map.Entry<Path, Content> entry : contents.entrySet()) {
            entry.getValue().durable = Files.readAllBytes(entry.getKey());
            entry.getValue().dirty.clear();
        }
    }

    private byte[] torn(Content content, byte[] cached) {
        int shortest = Math.min(content.durable.length, cached.length);
        int longest = Math.max(content.durable.length, cached.length);
        byte[] left = Arrays.copyOf(content.durable, longest);
        for (int from = 0; from < cached.length; from += 64) {
            boolean isWritten = random.nextBoolean();
            for (int i = from; isWritten && i < Math.min(cached.length, from + 64); i++) {
                left[i] = content.dirty.get(i) ? cached[i] : left[i];
            }
        }
        // Nothing unsynced means that nothing is open about the length.
        boolean isSettled = content.dirty.isEmpty() && content.durable.length == cached.length;
        return isSettled
                ? left
                : Arrays.copyOf(left, shortest + random.nextInt(longest - shortest + 1));
    }

    private void mayFail(String what) throws IOException {
        if (random.nextInt(1_000_000) < failures) {
            failed++;
            throw new IOException(what + " failed, as asked");
        }
    }

    /// One open file or folder; only what the event log calls is there.
    private final class Channel extends FileChannel {
        private final Path path;
        private final FileChannel real;

        Channel(Path path, FileChannel real) {
            this.path = path;
            this.real = real;
        }

        @Override
        public int write(ByteBuffer source, long position) throws IOException {
            mayFail("write");
            // Short writes are allowed, so callers must loop.
            int length = 1 + random.nextInt(source.remaining());
            ByteBuffer part = source.slice(source.position(), length);
            content().dirty.set((int) position, (int) position + length);
            int written = real.write(part, position);
            source.position(source.position() + written);
            return written;
        }

        @Override
        public void force(boolean metaData) throws IOException {
            if (Files.isDirectory(path)) {
                mayFail("sync of folder");
                var names = new HashSet<Path>();
                try (DirectoryStream<Path> entries = Files.newDirectoryStream(path)) {
                    entries.forEach(names::add);
                }
                durableEntries.put(path, names);
                return;
            }
            Content content = content();
            byte[] cached = Files.readAllBytes(path);
            try {
                mayFail("sync");
                byte[] durable = Arrays.copyOf(content.durable, cached.length);
                content.dirty.stream()
                        .filter(i -> i < cached.length)
                        .forEach(i -> durable[i] = cached[i]);
                content.durable = durable;
            } finally {
                content.dirty.clear();
            }
        }

        @Override
        public FileChannel truncate(long size) throws IOException {
            mayFail("truncate");
            real.truncate(size);
            return this;
        }

        private Content content() {
            return contents.computeIfAbsent(path, _ -> new Content());
        }

        @Override
        protected void implCloseChannel() throws IOException {
            real.close();
        }

        @Override
        public long size() throws IOException {
            return real.size();
        }

        @Override
        public int read(ByteBuffer target) {
            throw new UnsupportedOperationException();
        }

        @Override
        public long read(ByteBuffer[] targets, int offset, int length) {
            throw new UnsupportedOperationException();
        }

        @Override
        public int read(ByteBuffer target, long position) {
            throw new UnsupportedOperationException();
        }

        @Override
        public int write(ByteBuffer source) {
            throw new UnsupportedOperationException();
        }

        @Override
        public long write(ByteBuffer[] sources, int offset, int length) {
            throw new UnsupportedOperationException();
        }

        @Override
        public long position() {
            throw new UnsupportedOperationException();
        }

        @Override
        public FileChannel position(long newPosition) {
            throw new UnsupportedOperationException();
        }

        @Override
        public long transferTo(long position, long count, WritableByteChannel target) {
            throw new UnsupportedOperationException();
        }

        @Override
        public long transferFrom(ReadableByteChannel source, long position, long count) {
            throw new UnsupportedOperationException();
        }

        @Override
        public MappedByteBuffer map(MapMode mode, long position, long size) {
            throw new UnsupportedOperationException();
        }

        @Override
        public FileLock lock(long position, long size, boolean shared) {
            throw new UnsupportedOperationException();
        }

        @Override
        public FileLock tryLock(long position, long size, boolean shared) {
            throw new UnsupportedOperationException();
        }
    }
}
