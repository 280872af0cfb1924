package io.whimbrel.index;

import java.nio.file.Path;

/// How the index is kept.
///
/// @param folder where its files lie; made where it is missing, locked while open
/// @param memoryBytes what its memtables and its cache of blocks may take together, outside the
///   heap; 8 MiB or more. At it writes wait for the disk, and reads go to the disk
public record IndexSettings(Path folder, long memoryBytes) {
    static final long MEMORY_BYTES_MIN = 8L << 20;

    public IndexSettings {
        if (memoryBytes < MEMORY_BYTES_MIN) {
            throw new IllegalArgumentException(
                    "the index needs " + MEMORY_BYTES_MIN + " bytes or more: " + memoryBytes);
        }
    }
}
