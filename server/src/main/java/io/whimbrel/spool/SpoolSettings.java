package io.whimbrel.spool;

import java.nio.file.Path;
import java.time.Duration;

/// How the spool is kept.
///
/// @param folder where segments lie; made where it is missing, locked while open
/// @param segmentBytes size of a segment, 1 MiB to 1 GiB; default 64 MiB
/// @param outcomeSyncMost how long an outcome may wait for its sync, 0 to 1 s; default 20 ms. It
///   bounds duplicates after a crash
/// @param reserveBytes disk space kept free for outcomes, bounces and reclaim: below it new mail is
///   refused with 452; default 256 MiB
/// @param bodyMemoryBytes bodies kept in memory between acceptance and first attempt; over it they
///   are read back; default 4 MiB: more would outlive the young generation and enlarge the heap
/// @param indexMemoryBytes memory of the index of waiting mail, all of it outside the heap; default
///   128 MiB
public record SpoolSettings(
        Path folder,
        long segmentBytes,
        Duration outcomeSyncMost,
        long reserveBytes,
        long bodyMemoryBytes,
        long indexMemoryBytes) {}
