package io.whimbrel.config;

import static io.whimbrel.config.Key.Change.RESTART;

import io.whimbrel.schedule.ScheduleSettings;

import java.time.Duration;
import java.util.List;

/// The keys of `[spool]` and `[events]`: what is kept on disk. Stateless.
final class StorageKeys {
    private static final long MIB = 1L << 20;
    private static final long GIB = 1L << 30;
    private static final long TIB = 1L << 40;

    static final Key<Long> SEGMENT =
            Key.withDefault(
                    "segment",
                    Kinds.size(MIB, GIB),
                    64 * MIB,
                    RESTART,
                    "The size of one file of the spool's log.");

    static final Key<Duration> OUTCOME_SYNC =
            Key.withDefault(
                    "outcome-sync",
                    Kinds.duration(Duration.ZERO, Duration.ofSeconds(1)),
                    Duration.ofMillis(20),
                    RESTART,
                    "How long an outcome may wait for its disk sync. After a crash, deliveries"
                            + " whose outcome was not synced yet happen again, so this bounds"
                            + " duplicates. Accepted mail never waits for this: its 250 follows its"
                            + " sync.");

    static final Key<Long> RESERVE =
            Key.withDefault(
                    "reserve",
                    Kinds.size(MIB, TIB),
                    256 * MIB,
                    RESTART,
                    "Disk space kept free for outcomes, bounces and reclaim. With less than this"
                            + " free, new mail gets 452 and delivery goes on.");

    static final Key<Long> BODY_MEMORY =
            Key.withDefault(
                    "body-memory",
                    Kinds.size(MIB, TIB),
                    4 * MIB,
                    RESTART,
                    "Memory for bodies of messages between acceptance and their first attempt. Over"
                            + " it they are read back from disk.");

    static final Key<Long> INDEX_MEMORY =
            Key.withDefault(
                    "index-memory",
                    Kinds.size(32 * MIB, TIB),
                    128 * MIB,
                    RESTART,
                    "Memory of the index of waiting mail, outside the Java heap. More makes retries"
                            + " of millions of messages faster.");

    static final Key<Integer> ENTRIES_IN_MEMORY =
            Key.withDefault(
                    "entries-in-memory",
                    Kinds.integer(1000, 100_000_000),
                    ScheduleSettings.DEFAULT.entriesInMemoryMax(),
                    RESTART,
                    "How much of the queue is kept in memory: entries, each the recipients of one"
                            + " message in one domain, of about 1 KB. What is due later than in a"
                            + " minute, and what goes beyond this, waits on disk.");

    static final TableSpec SPOOL =
            TableSpec.one(
                    "spool",
                    "How accepted mail is kept, in `<data>/spool`.",
                    List.of(
                            SEGMENT,
                            OUTCOME_SYNC,
                            RESERVE,
                            BODY_MEMORY,
                            INDEX_MEMORY,
                            ENTRIES_IN_MEMORY));

    static final Key<Long> EVENT_FILE =
            Key.withDefault(
                    "file",
                    Kinds.size(MIB, 16 * GIB),
                    256 * MIB,
                    RESTART,
                    "The size at which a file is closed and the next one begun.");

    /// As many files have room in the event log, or more.
    static final long EVENT_FILES_LEAST = 4;

    static final Key<Long> EVENT_TOTAL =
            Key.withDefault(
                    "total",
                    Kinds.size(EVENT_FILES_LEAST * MIB, 512 * TIB),
                    10 * GIB,
                    RESTART,
                    "The size of all files beyond which the oldest are deleted; at least four times"
                            + " `file`.");

    static final TableSpec EVENTS =
            TableSpec.one(
                    "events",
                    "The event log, JSON lines in `<data>/events`.",
                    List.of(EVENT_FILE, EVENT_TOTAL));

    private StorageKeys() {}
}
