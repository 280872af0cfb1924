package io.whimbrel.mail;

import java.nio.charset.StandardCharsets;
import java.time.Instant;
import java.time.temporal.ChronoUnit;
import java.util.Collections;
import java.util.Map;
import java.util.Optional;
import java.util.TreeMap;

/// How one message is to be treated, beyond what its stream says: asked for by parameters of MAIL
/// or by header fields of a client that is trusted. Most messages have [#NONE]. Immutable.
///
/// @param notBefore not tried earlier (RFC 4865); in whole milliseconds
/// @param expiresAt not tried any more from then on, and reported as failed; in whole milliseconds
/// @param deliverBy what DELIVERBY asked for (RFC 2852)
/// @param mtPriority MT-PRIORITY (RFC 6710), -9 to 9; 0 is as good as none
/// @param pool name of the pool or source it is to leave by; `""`: as its stream says
/// @param user name that the client has authenticated as; `""` where it has not
/// @param metadata what its events carry, sorted by name; at most [#ENTRIES_MAX], of
///   [#METADATA_BYTES_MAX] bytes in all
public record Treatment(
        Optional<Instant> notBefore,
        Optional<Instant> expiresAt,
        Optional<DeliverBy> deliverBy,
        int mtPriority,
        String pool,
        String user,
        Map<String, String> metadata) {

    public static final int MT_PRIORITY_MOST = 9;
    public static final int NAME_CHARACTERS_MAX = 255;
    public static final int ENTRIES_MAX = 16;

    /// Of all names and values in UTF-8.
    public static final int METADATA_BYTES_MAX = 1024;

    /// As nearly all mail.
    public static final Treatment NONE =
            new Treatment(
                    Optional.empty(), Optional.empty(), Optional.empty(), 0, "", "", Map.of());

    /// @throws IllegalArgumentException where something is out of bounds
    public Treatment {
        notBefore = notBefore.map(Treatment::wholeMillis);
        expiresAt = expiresAt.map(Treatment::wholeMillis);
        if (Math.abs(mtPriority) > MT_PRIORITY_MOST) {
            throw new IllegalArgumentException("MT-PRIORITY is -9 to 9, not " + mtPriority);
        }
        if (pool.length() > NAME_CHARACTERS_MAX || user.length() > NAME_CHARACTERS_MAX) {
            throw new IllegalArgumentException("a pool or user has at most 255 characters");
        }
        if (!fits(metadata)) {
            throw new IllegalArgumentException(
                    "metadata has at most 16 entries with names, of 1 KiB in all");
        }
        // Sorted, so that it is the same bytes wherever it is written.
        metadata =
                metadata.isEmpty()
                        ? Map.of()
                        : Collections.unmodifiableMap(new TreeMap<>(metadata));
    }

    /// Whether it is within the bounds of [#metadata].
    public static boolean fits(Map<String, String> metadata) {
        if (metadata.size() > ENTRIES_MAX) {
            return false;
        }
        int bytes = 0;
        for (Map.Entry<String, String> entry : metadata.entrySet()) {
            if (entry.getKey().isEmpty()) {
                return false;
            }
            bytes += bytes(entry.getKey()) + bytes(entry.getValue());
        }
        return bytes <= METADATA_BYTES_MAX;
    }

    public boolean isNone() {
        return equals(NONE);
    }

    /// From when on it is not tried any more; empty where only the lifetime of all mail bounds it.
    public Optional<Instant> deadline() {
        Optional<Instant> returned =
                deliverBy.filter(by -> by.mode() == DeliverBy.Mode.RETURN).map(DeliverBy::deadline);
        if (expiresAt.isEmpty() || returned.isEmpty()) {
            return expiresAt.or(() -> returned);
        }
        return expiresAt.get().isBefore(returned.get()) ? expiresAt : returned;
    }

    /// Whether it is not tried any more.
    public boolean isOver(Instant now) {
        return deadline().filter(end -> !now.isBefore(end)).isPresent();
    }

    /// Whether the sender is to be told of each host that takes it over.
    public boolean isTraced() {
        return deliverBy.isPresent() && deliverBy.get().isTraced();
    }

    public Treatment withNotBefore(Instant instant) {
        return new Treatment(
                Optional.of(instant), expiresAt, deliverBy, mtPriority, pool, user, metadata);
    }

    public Treatment withExpiresAt(Instant instant) {
        return new Treatment(
                notBefore, Optional.of(instant), deliverBy, mtPriority, pool, user, metadata);
    }

    public Treatment withDeliverBy(DeliverBy wanted) {
        return new Treatment(
                notBefore, expiresAt, Optional.of(wanted), mtPriority, pool, user, metadata);
    }

    public Treatment withMtPriority(int priority) {
        return new Treatment(notBefore, expiresAt, deliverBy, priority, pool, user, metadata);
    }

    public Treatment withPool(String name) {
        return new Treatment(notBefore, expiresAt, deliverBy, mtPriority, name, user, metadata);
    }

    public Treatment withUser(String name) {
        return new Treatment(notBefore, expiresAt, deliverBy, mtPriority, pool, name, metadata);
    }

    public Treatment withMetadata(Map<String, String> entries) {
        return new Treatment(notBefore, expiresAt, deliverBy, mtPriority, pool, user, entries);
    }

    private static Instant wholeMillis(Instant instant) {
        return instant.truncatedTo(ChronoUnit.MILLIS);
    }

    private static int bytes(String text) {
        return text.getBytes(StandardCharsets.UTF_8).length;
    }
}
