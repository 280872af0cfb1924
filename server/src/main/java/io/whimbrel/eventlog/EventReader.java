package io.whimbrel.eventlog;

import static java.nio.charset.StandardCharsets.UTF_8;

import java.io.IOException;
import java.io.InputStream;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.function.Consumer;

/// Reads the event log forward, also while it is being written: whole lines only, oldest first.
/// Memory is bounded: a line longer than 1 MiB, which is none of ours, is left out. Thread-safe.
public final class EventReader {
    private static final int CHUNK_BYTES = 256 * 1024;
    private static final int LINE_MAX = 1024 * 1024;

    private final Path folder;

    /// @param folder [EventLogSettings#folder]
    public EventReader(Path folder) {
        this.folder = folder;
    }

    /// Gives every line, without its line end.
    ///
    /// @throws IOException where a file cannot be read
    public void all(Consumer<String> lines) throws IOException {
        scan(new byte[0], lines);
    }

    /// Gives every line in which some field has exactly this text, in any case of US-ASCII letters:
    /// a queue id, an address, a tenant. A message's reports are found by its id too, for they name
    /// it as their cause.
    ///
    /// @throws IOException where a file cannot be read
    public void find(String value, Consumer<String> lines) throws IOException {
        var quoted = new JsonLines(2 * value.length() + 32);
        quoted.begin();
        quoted.text("a", value);
        // Behind `{"a":`, the value as a line writes it: a raw search for it cannot be misled, for
        // no quotation mark stands inside of a value unescaped.
        scan(lowerCase(Arrays.copyOfRange(quoted.bytes(), 5, quoted.size())), lines);
    }

    private void scan(byte[] wanted, Consumer<String> lines) throws IOException {
        for (EventFile file : EventFile.list(folder)) {
            try (InputStream in = Files.newInputStream(file.path())) {
                new Scan(wanted, lines).run(in);
            } catch (NoSuchFileException _) {
                // Deleted at the bound since it was listed.
            }
        }
    }

    private static byte[] lowerCase(byte[] bytes) {
        var lower = new byte[bytes.length];
        for (int i = 0; i < bytes.length; i++) {
            lower[i] = lowerCase(bytes[i]);
        }
        return lower;
    }

    private static byte lowerCase(byte b) {
        return b >= 'A' && b <= 'Z' ? (byte) (b + 32) : b;
    }

    /// One file, once.
    private static final class Scan {
        private final byte[] wanted;
        private final Consumer<String> lines;
        private byte[] buffer = new byte[CHUNK_BYTES];
        private int size;
        private boolean isSkipping;

        Scan(byte[] wanted, Consumer<String> lines) {
            this.wanted = wanted;
            this.lines = lines;
        }

        void run(InputStream in) throws IOException {
            int read = in.read(buffer, 0, buffer.length);
            while (read >= 0) {
                size += read;
                int end = giveLines(size - read);
                System.arraycopy(buffer, end, buffer, 0, size - end);
                size -= end;
                makeRoom();
                read = in.read(buffer, size, buffer.length - size);
            }
        }

        /// Gives the lines that end at `from` or behind; returns where the last one ended.
        private int giveLines(int from) {
            int lineStart = 0;
            for (int i = from; i < size; i++) {
                if (buffer[i] == '\n') {
                    if (!isSkipping && holdsWanted(lineStart, i)) {
                        lines.accept(new String(buffer, lineStart, i - lineStart, UTF_8));
                    }
                    isSkipping = false;
                    lineStart = i + 1;
                }
            }
            return lineStart;
        }

        private void makeRoom() {
            if (size < buffer.length) {
                return;
            }
            if (buffer.length < LINE_MAX) {
                buffer = Arrays.copyOf(buffer, buffer.length * 2);
            } else {
                isSkipping = true;
                size = 0;
            }
        }

        private boolean holdsWanted(int from, int to) {
            int last = to - wanted.length;
            for (int i = from; i <= last; i++) {
                if (matches(i)) {
                    return true;
                }
            }
            return false;
        }

        private boolean matches(int at) {
            for (int i = 0; i < wanted.length; i++) {
                if (lowerCase(buffer[at + i]) != wanted[i]) {
                    return false;
                }
            }
            return true;
        }
    }
}
