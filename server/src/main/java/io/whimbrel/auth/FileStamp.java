package io.whimbrel.auth;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.nio.file.attribute.FileTime;
import java.time.Duration;
import java.time.Instant;
import java.util.Map;

/// What tells one state of a file from another without reading it. Immutable.
///
/// @param changed when content, owner or mode changed last (`ctime`, which no tool can set back)
record FileStamp(long inode, long size, FileTime modified, FileTime changed, int mode) {
    /// Times of files move in steps of up to some milliseconds; two changes in one step look alike.
    private static final Duration SETTLES = Duration.ofSeconds(2);

    /// @throws IOException where it is no file that can be read, or others may write to it; the
    ///   message says what to do
    static FileStamp of(Path file) throws IOException {
        Map<String, Object> all;
        try {
            all = Files.readAttributes(file, "unix:ino,size,lastModifiedTime,ctime,mode");
        } catch (NoSuchFileException e) {
            throw new IOException(file + ": there is no such file", e);
        }
        if (all.get("ino") instanceof Long inode
                && all.get("size") instanceof Long size
                && all.get("lastModifiedTime") instanceof FileTime modified
                && all.get("ctime") instanceof FileTime changed
                && all.get("mode") instanceof Integer mode) {
            return new FileStamp(inode, size, modified, changed, mode).checked(file);
        }
        throw new IOException(file + ": the file system does not say when it changed");
    }

    private FileStamp checked(Path file) throws IOException {
        if ((mode & 0170000) != 0100000) {
            throw new IOException(file + ": is no file");
        }
        if ((mode & 022) != 0) {
            throw new IOException(
                    file
                            + ": others than its owner can write to it, so they could make"
                            + " themselves users; run `chmod go-w "
                            + file
                            + "`");
        }
        return this;
    }

    /// Whether a later change would show in the stamp.
    boolean isSettled(Instant now) {
        return changed.toInstant().plus(SETTLES).isBefore(now);
    }
}
