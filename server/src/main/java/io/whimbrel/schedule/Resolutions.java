package io.whimbrel.schedule;

import io.whimbrel.mail.DomainName;

import java.util.HashSet;
import java.util.LinkedHashSet;
import java.util.Optional;

/// Which domains DNS is being asked about. Thread-safe; its lock is never held with another.
///
/// A domain is asked about once at a time, and at most [#ASKED_MOST] are asked about at once: after
/// a restart a million domains may be due. The others wait here in order, a domain that has
/// transactional mail before the rest; mail waits with them in the queue.
final class Resolutions {
    private static final int ASKED_MOST = 1000;

    private final HashSet<DomainName> asked = new HashSet<>();
    private final LinkedHashSet<DomainName> waiting = new LinkedHashSet<>();

    /// The site of `domain` is needed.
    ///
    /// @return the domain to ask about now
    synchronized Optional<DomainName> want(DomainName domain, boolean isUrgent) {
        if (asked.contains(domain)) {
            return Optional.empty();
        }
        if (asked.size() < ASKED_MOST) {
            asked.add(domain);
            return Optional.of(domain);
        }
        if (isUrgent) {
            waiting.addFirst(domain);
        } else {
            waiting.add(domain);
        }
        return Optional.empty();
    }

    /// An answer for `domain` came.
    ///
    /// @return the domain to ask about next
    synchronized Optional<DomainName> answered(DomainName domain) {
        asked.remove(domain);
        waiting.remove(domain);
        if (waiting.isEmpty() || asked.size() >= ASKED_MOST) {
            return Optional.empty();
        }
        DomainName next = waiting.removeFirst();
        asked.add(next);
        return Optional.of(next);
    }
}
