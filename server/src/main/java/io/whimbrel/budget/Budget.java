package io.whimbrel.budget;

/// What is bounded, and what happens at the bound. Immutable.
public enum Budget {
    /// Entries of the queue in memory; at it more of the queue waits on disk only.
    ENTRIES("entries", false),

    /// Bodies kept between acceptance and first attempt; at it they are read back from disk.
    BODIES("bodies", true),

    /// Bodies that are arriving; at it MAIL gets 452, well above it new connections get 421.
    ARRIVING("arriving", true),

    /// The old generation after a collection; above its mark MAIL gets 452.
    HEAP("heap", true),

    /// Messages that wait for the index thread; at it mail gets 452.
    INDEX_BACKLOG("index-backlog", false),

    /// Disk space below `spool.slow-below`: answers to end-of-data are delayed.
    DISK_SLOW("disk-slow", true),

    /// Disk space below `spool.reserve`: mail gets 452.
    DISK_STOP("disk-stop", true);

    private final String label;
    private final boolean isInBytes;

    Budget(String label, boolean isInBytes) {
        this.label = label;
        this.isInBytes = isInBytes;
    }

    /// In metrics, events and commands.
    public String label() {
        return label;
    }

    /// Bytes, or else a number of things.
    public boolean isInBytes() {
        return isInBytes;
    }
}
