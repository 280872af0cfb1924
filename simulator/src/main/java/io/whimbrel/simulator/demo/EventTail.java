package io.whimbrel.simulator.demo;

import java.io.IOException;
import java.io.InputStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.HashMap;
import java.util.List;
import java.util.Map;

/// Reads the event log while it is being written: each line once, when it is whole. Files come in
/// the order of their names, which is the order they were begun in. Confined to one thread.
final class EventTail {
    private static final int CHUNK_BYTES = 1 << 16;
    private static final int LINE_MAX = 1 << 20;

    private final Path folder;

    /// Where the first unread line of each file begins. The log is bounded, so this is too.
    private final Map<Path, Long> positions = new HashMap<>();

    /// @param folder which need not exist yet
    EventTail(Path folder) {
        this.folder = folder;
    }

    /// The lines that have been completed since the last call.
    ///
    /// @throws IOException where a file cannot be read, holds a line of more than 1 MiB, or a line
    ///   is no event
    List<EventLine> read() throws IOException {
        var lines = new ArrayList<EventLine>();
        if (Files.isDirectory(folder)) {
            for (Path file : files()) {
                read(file, lines);
            }
        }
        return lines;
    }

    private List<Path> files() throws IOException {
        try (var all = Files.list(folder)) {
            return all.filter(file -> file.toString().endsWith(".jsonl")).sorted().toList();
        }
    }

    private void read(Path file, List<EventLine> lines) throws IOException {
        long position = positions.getOrDefault(file, 0L);
        byte[] buffer = new byte[CHUNK_BYTES];
        int filled = 0;
        try (InputStream in = Files.newInputStream(file)) {
            in.skipNBytes(position);
            int count = in.read(buffer, 0, buffer.length);
            while (count > 0) {
                filled += count;
                int whole = take(buffer, filled, lines);
                System.arraycopy(buffer, whole, buffer, 0, filled - whole);
                filled -= whole;
                position += whole;
                positions.put(file, position);
                if (filled == buffer.length) {
                    buffer = enlarged(buffer, file);
                }
                count = in.read(buffer, filled, buffer.length - filled);
            }
        }
    }

    /// Adds the whole lines among the first `filled` bytes; returns how many bytes they have.
    private static int take(byte[] buffer, int filled, List<EventLine> lines) throws IOException {
        int start = 0;
        for (int i = 0; i < filled; i++) {
            if (buffer[i] == '\n') {
                var line = new String(buffer, start, i - start, StandardCharsets.UTF_8);
                lines.add(EventLine.parse(line));
                start = i + 1;
            }
        }
        return start;
    }

    private static byte[] enlarged(byte[] full, Path file) throws IOException {
        if (full.length >= LINE_MAX) {
            throw new IOException(file + " holds a line of more than " + LINE_MAX + " bytes");
        }
        return Arrays.copyOf(full, 2 * full.length);
    }
}
