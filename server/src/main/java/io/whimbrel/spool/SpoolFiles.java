package io.whimbrel.spool;

import java.io.Closeable;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.util.List;

/// The seam under the spool: one folder with segments, spares, a lock, and a folder `quarantine`.
/// The product uses [DiskFiles]; tests put a disk under it that loses and tears what no sync
/// covered. Thread-safe.
interface SpoolFiles extends Closeable {
    String QUARANTINE = "quarantine/";

    /// Keeps every other process out until [#close].
    ///
    /// @throws IOException where another one has it; the message says what to do
    void lock() throws IOException;

    /// Names of the plain files in the folder, in no order.
    List<String> list() throws IOException;

    /// Makes an empty file, in the place of one that has the name. Names that begin with
    /// [#QUARANTINE] lie in that folder.
    SpoolFile create(String name) throws IOException;

    SpoolFile open(String name) throws IOException;

    /// Atomic; durable after [#syncFolder].
    void rename(String from, String to) throws IOException;

    void delete(String name) throws IOException;

    /// Makes durable which names exist and what they name, quarantine included.
    void syncFolder() throws IOException;

    /// Bytes that this process may still allocate.
    long usableBytes() throws IOException;

    /// Unlocks.
    @Override
    void close() throws IOException;

    /// An open file. Thread-safe: every access names its position.
    interface SpoolFile extends Closeable {

        /// Writes all that remains in `bytes`.
        void write(ByteBuffer bytes, long position) throws IOException;

        /// Fills `bytes`, or less at the end of the file.
        void read(ByteBuffer bytes, long position) throws IOException;

        /// Waits until what was written is on stable storage. After a failure nothing written since
        /// the last success may be trusted, and trying again proves nothing: Linux marks pages that
        /// it could not write as clean.
        void sync() throws IOException;

        long size() throws IOException;

        @Override
        void close() throws IOException;
    }
}
