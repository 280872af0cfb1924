package io.whimbrel.reception;

import java.time.Duration;
import java.util.OptionalInt;

/// What one listener and one client on it may use. Immutable.
///
/// @param messageBytesMax largest message, announced by SIZE; default 50 MiB; beyond it 552 5.3.4
/// @param recipientsMax recipients in one transaction; default 1,000; beyond it 452 4.5.3
/// @param errorsMax refused commands since the last message that was taken, before 421 and the end;
///   default 20. Within a transaction of a client in `relay-from` as many as `recipientsMax`
/// @param connectionsMax connections at once on this listener; default 10,000; at it clients wait
///   in the kernel's backlog, and a small reserve of permits answers 421 4.3.2
/// @param connectionsPerClientMax connections at once from one address; default 50; beyond it 421
///   4.7.0. Where it is empty, clients in `relay-from` are exempt, 500 is the default where clients
///   have to log in
/// @param commandTimeout longest wait for a command; default 5m (RFC 5321 §4.5.3.2.7)
/// @param dataTimeout longest wait for a block of data; default 3m
/// @param sessionMost longest session; default 1h; at it 421 4.4.2 before the next transaction. One
///   that is under way goes on, for as long again at most
public record SessionLimits(
        long messageBytesMax,
        int recipientsMax,
        int errorsMax,
        int connectionsMax,
        OptionalInt connectionsPerClientMax,
        Duration commandTimeout,
        Duration dataTimeout,
        Duration sessionMost) {

    public static final SessionLimits DEFAULT =
            new SessionLimits(
                    50L << 20,
                    1_000,
                    20,
                    10_000,
                    OptionalInt.empty(),
                    Duration.ofMinutes(5),
                    Duration.ofMinutes(3),
                    Duration.ofHours(1));
}
