package io.whimbrel.dns;

import org.xbill.DNS.Record;

import java.time.Duration;
import java.time.Instant;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.Optional;

/// Answers, kept for their time to live, within [#LEAST] and [#MOST], what is not there for
/// [#NEGATIVE_MOST] (RFC 2308 §5), a failure for [#FAILURE] (RFC 9520 §3.2). Thread-safe.
///
/// An answer that has run out stays until room is needed, as long as it may be served stale. Only
/// so many bytes of them are kept, for strangers choose what is asked and answered; those used
/// longest ago go first.
final class DnsCache {
    static final Duration LEAST = Duration.ofSeconds(30);
    static final Duration MOST = Duration.ofDays(1);
    static final Duration NEGATIVE_MOST = Duration.ofHours(1);
    static final Duration FAILURE = Duration.ofSeconds(5);

    /// Of an answer: the question, its place in the map, the answer itself.
    private static final int ANSWER_BYTES = 400;

    /// Of a record, beside its data: name, type and the object.
    private static final int RECORD_BYTES = 200;

    private final long bytesMax;
    private final Duration serveStale;
    private final Map<Question, Kept> kept = new LinkedHashMap<>(16, 0.75f, true);

    /// Of all that is kept; guarded by `kept`.
    private long keptBytes;

    /// A name, lower case, and a record type.
    record Question(String name, int type) {}

    /// One answer.
    ///
    /// @param freshUntil given unasked until then
    /// @param staleUntil given until then while servers fail
    /// @param isStale it has run out, and is given again because servers fail
    record Kept(
            DnsAnswer answer, long bytes, Instant freshUntil, Instant staleUntil, boolean isStale) {

        boolean isFresh(Instant now) {
            return now.isBefore(freshUntil);
        }

        boolean mayServe(Instant now) {
            return now.isBefore(staleUntil);
        }
    }

    /// @param bytesMax about what all of them may take
    /// @param serveStale how long after its time an answer may be given
    DnsCache(long bytesMax, Duration serveStale) {
        this.bytesMax = bytesMax;
        this.serveStale = serveStale;
    }

    Optional<Kept> find(Question question) {
        synchronized (kept) {
            return Optional.ofNullable(kept.get(question));
        }
    }

    /// Remembers what was answered just now.
    void keep(Question question, DnsAnswer answer, Instant now) {
        Instant freshUntil = now.plus(lifetime(answer));
        boolean mayBeStale = answer.mayBeStale(question.type());
        Instant staleUntil = mayBeStale ? freshUntil.plus(serveStale) : freshUntil;
        put(question, new Kept(answer, bytes(answer), freshUntil, staleUntil, false));
    }

    /// Gives an answer that has run out a little more time, in which servers are left in peace (RFC
    /// 8767 §5).
    void prolong(Question question, Kept old, Instant now) {
        Instant until = now.plus(LEAST);
        put(question, new Kept(old.answer(), old.bytes(), until, old.staleUntil(), true));
    }

    int size() {
        synchronized (kept) {
            return kept.size();
        }
    }

    private static Duration lifetime(DnsAnswer answer) {
        return switch (answer) {
            case DnsAnswer.Found found -> bounded(found.timeToLive(), MOST);
            case DnsAnswer.NoData none -> bounded(none.timeToLive(), NEGATIVE_MOST);
            case DnsAnswer.NoSuchName none -> bounded(none.timeToLive(), NEGATIVE_MOST);
            case DnsAnswer.Failed _ -> FAILURE;
        };
    }

    static Duration bounded(Duration ttl, Duration most) {
        if (ttl.compareTo(LEAST) < 0) {
            return LEAST;
        }
        return ttl.compareTo(most) > 0 ? most : ttl;
    }

    private static long bytes(DnsAnswer answer) {
        long bytes = ANSWER_BYTES;
        if (answer instanceof DnsAnswer.Found found) {
            for (Record record : found.records()) {
                bytes += RECORD_BYTES + record.rdataToWireCanonical().length;
            }
        }
        return bytes;
    }

    private void put(Question question, Kept answer) {
        synchronized (kept) {
            Kept before = kept.put(question, answer);
            keptBytes += answer.bytes() - (before == null ? 0 : before.bytes());
            var eldest = kept.values().iterator();
            // The one just put in is the last of them: it goes only if it alone is too large.
            while (keptBytes > bytesMax && eldest.hasNext()) {
                keptBytes -= eldest.next().bytes();
                eldest.remove();
            }
        }
    }
}
