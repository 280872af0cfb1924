package io.whimbrel.index;

import java.nio.charset.StandardCharsets;

/// The column families: tables of sorted rows. Their layouts are in `docs/index-format.md`.
enum Family {
    /// RocksDB insists on a family of this name.
    META("default"),
    MESSAGES("messages"),
    DUE("due"),
    QUEUES("queues"),
    WAKE("wake"),
    SEGMENTS("segments");

    private final String storedName;

    Family(String storedName) {
        this.storedName = storedName;
    }

    byte[] storedName() {
        return storedName.getBytes(StandardCharsets.UTF_8);
    }

    /// Whether rows are looked up by a key that may not be there.
    boolean isLookedUp() {
        return switch (this) {
            case MESSAGES, QUEUES -> true;
            case META, DUE, WAKE, SEGMENTS -> false;
        };
    }
}
