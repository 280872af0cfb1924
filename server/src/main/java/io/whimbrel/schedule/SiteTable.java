package io.whimbrel.schedule;

import io.whimbrel.egress.EgressPath;
import io.whimbrel.egress.Site;
import io.whimbrel.mail.DomainName;

import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.ConcurrentHashMap;

/// By which egress path the mail of a domain leaves. Thread-safe; reads take no lock, so a queue
/// may read it while its own lock is held.
///
/// A line that is older than its time to live stays in use until a newer answer comes: failed DNS
/// never moves mail. Lines that no mail needs are swept when they are stale, or when there are more
/// than [#IDLE_MOST] lines.
final class SiteTable {
    /// The path of domains whose site is not known; no pool has an empty name.
    static final EgressPath UNRESOLVED = new EgressPath("", new Site(""));

    private static final int IDLE_MOST = 100_000;
    private static final Known UNKNOWN = new Known(UNRESOLVED, Long.MIN_VALUE);

    private final ConcurrentHashMap<DomainName, Known> byDomain = new ConcurrentHashMap<>();

    /// One line.
    ///
    /// @param staleAtMillis epoch milliseconds from when on DNS should be asked again
    record Known(EgressPath path, long staleAtMillis) {
        boolean isStale(long nowMillis) {
            return staleAtMillis <= nowMillis;
        }
    }

    static boolean isResolved(EgressPath path) {
        return !path.pool().isEmpty();
    }

    /// Unresolved and stale where nothing is known.
    Known of(DomainName domain) {
        return byDomain.getOrDefault(domain, UNKNOWN);
    }

    /// @return what was known before
    Known put(DomainName domain, EgressPath path, long staleAtMillis) {
        Known before = byDomain.put(domain, new Known(path, staleAtMillis));
        return before == null ? UNKNOWN : before;
    }

    /// Keeps a line that could not be renewed for a while longer.
    void postpone(DomainName domain, long staleAtMillis) {
        byDomain.computeIfPresent(domain, (_, known) -> new Known(known.path(), staleAtMillis));
    }

    void remove(DomainName domain) {
        byDomain.remove(domain);
    }

    /// Domains whose lines may go if no mail needs them.
    List<DomainName> expendable(long nowMillis) {
        boolean isFull = byDomain.size() > IDLE_MOST;
        var domains = new ArrayList<DomainName>();
        byDomain.forEach((domain, known) -> {
            if (isFull || known.isStale(nowMillis)) {
                domains.add(domain);
            }
        });
        return domains;
    }
}
