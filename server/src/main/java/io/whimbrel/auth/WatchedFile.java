package io.whimbrel.auth;

import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.InstantSource;
import java.util.Arrays;
import java.util.Optional;

/// A file that is looked at each time its content is needed, and read again where it changed.
/// Thread-safe; looking costs one `stat`, without a lock.
///
/// A file that cannot be read, is larger than its bound, or makes no sense has no content: what it
/// said before does not go on holding, because a user removed from it could then still log in. A
/// line in the log says what is wrong, once for each complaint.
final class WatchedFile<T> {
    private static final int TRIES = 3;
    private static final Logger LOG = LoggerFactory.getLogger(WatchedFile.class);

    private final Path file;
    private final int bytesMax;
    private final Parser<T> parser;
    private final InstantSource clock;
    private volatile Optional<State<T>> state = Optional.empty();
    private String complaint = "";

    /// Makes the content of the file's bytes.
    @FunctionalInterface
    interface Parser<T> {
        /// @throws IOException where they make no sense; the message names the file and the remedy
        T parse(Path file, byte[] bytes) throws IOException;
    }

    /// @param isSettled whether another change would show in the stamp
    /// @param content empty where the bytes made no sense
    private record State<T>(
            FileStamp stamp, boolean isSettled, byte[] bytes, Optional<T> content) {}

    WatchedFile(Path file, int bytesMax, Parser<T> parser, InstantSource clock) {
        this.file = file;
        this.bytesMax = bytesMax;
        this.parser = parser;
        this.clock = clock;
    }

    /// What the file says now; empty where it cannot be used.
    Optional<T> content() {
        try {
            FileStamp now = FileStamp.of(file);
            Optional<State<T>> known = state;
            return known.isPresent() && known.get().isSettled && known.get().stamp.equals(now)
                    ? known.get().content
                    : read();
        } catch (IOException e) {
            return nothing(e);
        }
    }

    private synchronized Optional<T> read() throws IOException {
        for (int i = 0; i < TRIES; i++) {
            FileStamp before = FileStamp.of(file);
            boolean isSettled = before.isSettled(clock.instant());
            byte[] bytes = bytes();
            if (FileStamp.of(file).equals(before)) {
                Optional<T> content = content(bytes);
                state = Optional.of(new State<>(before, isSettled, bytes, content));
                return content;
            }
        }
        throw new IOException(file + ": it changes all the time");
    }

    private byte[] bytes() throws IOException {
        try (var in = Files.newInputStream(file)) {
            byte[] bytes = in.readNBytes(bytesMax + 1);
            if (bytes.length > bytesMax) {
                throw new IOException(file + ": larger than " + bytesMax + " bytes");
            }
            return bytes;
        } catch (java.nio.file.AccessDeniedException e) {
            throw new IOException(
                    file + ": this process may not read it; give it to the server's user", e);
        }
    }

    /// Parses only what is new.
    private Optional<T> content(byte[] bytes) {
        Optional<State<T>> known = state.filter(it -> Arrays.equals(it.bytes, bytes));
        if (known.isPresent()) {
            return known.get().content;
        }
        try {
            T content = parser.parse(file, bytes);
            complaint = "";
            return Optional.of(content);
        } catch (IOException e) {
            return nothing(e);
        }
    }

    private synchronized Optional<T> nothing(IOException e) {
        String message = String.valueOf(e.getMessage());
        if (!message.equals(complaint)) {
            complaint = message;
            LOG.error("{}; logins that need this file get 454 until it is mended", message);
        }
        return Optional.empty();
    }
}
