package io.whimbrel.keys;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.BasicFileAttributes;
import java.nio.file.attribute.FileTime;
import java.util.Optional;

/// By what a file is seen to be another, or changed. Immutable.
///
/// @param key the file system's, which another file of the same size and time does not share
record FileMark(FileTime modified, long size, String key) {

    /// Empty where there is no such file, or it may not be looked at.
    static Optional<FileMark> of(Path file) {
        try {
            BasicFileAttributes it = Files.readAttributes(file, BasicFileAttributes.class);
            String key = String.valueOf(it.fileKey());
            return Optional.of(new FileMark(it.lastModifiedTime(), it.size(), key));
        } catch (IOException _) {
            return Optional.empty();
        }
    }
}
