package io.whimbrel.index;

import org.rocksdb.RocksDBException;
import org.rocksdb.Status;

import java.io.IOException;
import java.nio.file.Path;

/// The files of the index are damaged, or another version wrote them. No mail is lost with it: set
/// the folder aside ([QueueIndex#setAside]) and build the index again from the log.
public final class IndexDamaged extends IOException {
    private static final long serialVersionUID = 1L;

    IndexDamaged(String message) {
        super(message);
    }

    private IndexDamaged(String message, RocksDBException cause) {
        super(message, cause);
    }

    /// What RocksDB said when it opened `folder`.
    static IOException atOpen(Path folder, RocksDBException e) {
        String message = "index " + folder + ": " + e.getMessage();
        Status.Code code = code(e);
        boolean isForeign = code == Status.Code.NotSupported || code == Status.Code.InvalidArgument;
        return isForeign || isDamage(code, message)
                ? new IndexDamaged(message, e)
                : new IOException(message, e);
    }

    /// What RocksDB said to a read or a write.
    static IOException inUse(RocksDBException e) {
        String message = "index: " + e.getMessage();
        return isDamage(code(e), message)
                ? new IndexDamaged(message, e)
                : new IOException(message, e);
    }

    /// A file that its lists name and that is gone has no code of its own.
    private static boolean isDamage(Status.Code code, String message) {
        return code == Status.Code.Corruption
                || (code == Status.Code.IOError && message.contains("No such file"));
    }

    private static Status.Code code(RocksDBException e) {
        Status status = e.getStatus();
        return status == null ? Status.Code.Undefined : status.getCode();
    }
}
