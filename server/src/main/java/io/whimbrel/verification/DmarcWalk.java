package io.whimbrel.verification;

import io.whimbrel.dkim.Labels;
import io.whimbrel.dns.AddressAnswer;
import io.whimbrel.dns.MxAnswer;
import io.whimbrel.dns.TextAnswer;

import java.time.Duration;
import java.time.Instant;
import java.time.InstantSource;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;

/// Walks up from domains to the DMARC records above them (RFC 9989 §4.10), for one message.
/// Confined to one thread at a time. Each name is asked once, at most eight for a domain, none
/// after [#TIME_MAX]; where the DNS fails, that is remembered, and the walk goes on as if there
/// were no record.
final class DmarcWalk {
    static final Duration TIME_MAX = Duration.ofSeconds(20);

    /// From there on names with more labels are cut at once (RFC 9989 §4.10).
    private static final int LABELS_MAX = 8;

    private final Lookups lookups;
    private final InstantSource clock;
    private final Instant deadline;
    private final Map<String, Optional<DmarcRecord>> known = new HashMap<>();
    private boolean hasFailed;

    /// A record and where it is.
    record Step(String domain, DmarcRecord record) {}

    /// What a walk came by.
    ///
    /// @param steps from the bottom up
    record Way(String start, List<Step> steps) {

        /// The record of the very domain.
        Optional<Step> own() {
            return steps.isEmpty() || !steps.getFirst().domain().equals(start)
                    ? Optional.empty()
                    : Optional.of(steps.getFirst());
        }

        /// RFC 9989 §4.10.2; the domain itself where the walk came by nothing.
        String organizationalDomain() {
            for (Step step : steps) {
                if (step.record().suffix() == DmarcRecord.Suffix.NO) {
                    return step.domain();
                }
                boolean isAbove = !step.domain().equals(start);
                if (isAbove && step.record().suffix() == DmarcRecord.Suffix.YES) {
                    return childOf(step.domain());
                }
            }
            return steps.isEmpty() ? start : steps.getLast().domain();
        }

        /// The name one label below `ancestor` on the way to the start.
        private String childOf(String ancestor) {
            String child = start;
            while (Labels.count(child) > Labels.count(ancestor) + 1) {
                child = Labels.parent(child);
            }
            return child;
        }

        /// Whose policy holds: the domain's own, its organization's, or that of the suffix below
        /// which it is registered (RFC 9989 §4.10.1).
        Optional<Step> policy() {
            if (own().isPresent()) {
                return own();
            }
            String organization = organizationalDomain();
            for (Step step : steps) {
                if (step.domain().equals(organization)) {
                    return Optional.of(step);
                }
            }
            return steps.isEmpty() ? Optional.empty() : Optional.of(steps.getLast());
        }
    }

    DmarcWalk(Lookups lookups, InstantSource clock) {
        this.lookups = lookups;
        this.clock = clock;
        this.deadline = clock.instant().plus(TIME_MAX);
    }

    /// Whether the DNS failed anywhere so far.
    boolean hasFailed() {
        return hasFailed;
    }

    Way from(String domain) {
        List<Step> steps = new ArrayList<>();
        String name = domain;
        while (!name.isEmpty()) {
            Optional<DmarcRecord> record = at(name);
            if (record.isPresent()) {
                steps.add(new Step(name, record.get()));
                if (record.get().suffix() != DmarcRecord.Suffix.UNKNOWN) {
                    break;
                }
            }
            name = Labels.parent(name);
            while (Labels.count(name) >= LABELS_MAX) {
                name = Labels.parent(name);
            }
        }
        return new Way(domain, List.copyOf(steps));
    }

    /// Whether the DNS has neither MX nor address there (RFC 9989 §3.2.13); unless it fails.
    boolean isMissing(String domain) {
        if (isLate()) {
            hasFailed = true;
            return false;
        }
        return isEmpty(lookups.mx(domain))
                && isEmpty(lookups.ipv4(domain))
                && isEmpty(lookups.ipv6(domain));
    }

    private boolean isEmpty(MxAnswer answer) {
        return switch (answer) {
            case MxAnswer.Hosts _, MxAnswer.NullMx _ -> false;
            case MxAnswer.NoMx _, MxAnswer.NoSuchDomain _ -> true;
            case MxAnswer.TemporaryFailure _ -> failed();
        };
    }

    private boolean isEmpty(AddressAnswer answer) {
        return switch (answer) {
            case AddressAnswer.Addresses _ -> false;
            case AddressAnswer.NoAddress _, AddressAnswer.NoSuchDomain _ -> true;
            case AddressAnswer.TemporaryFailure _ -> failed();
        };
    }

    private boolean failed() {
        hasFailed = true;
        return false;
    }

    private Optional<DmarcRecord> at(String domain) {
        Optional<DmarcRecord> before = known.getOrDefault(domain, Optional.empty());
        if (known.containsKey(domain)) {
            return before;
        }
        Optional<DmarcRecord> record = ask(domain);
        known.put(domain, record);
        return record;
    }

    private Optional<DmarcRecord> ask(String domain) {
        String name = "_dmarc." + domain;
        if (!Labels.isName(name)) {
            return Optional.empty();
        }
        if (isLate()) {
            hasFailed = true;
            return Optional.empty();
        }
        return switch (lookups.text(name)) {
            case TextAnswer.Texts(List<String> texts, Duration _) -> onlyRecord(texts);
            case TextAnswer.NoText _, TextAnswer.NoSuchDomain _ -> Optional.empty();
            case TextAnswer.TemporaryFailure _ -> {
                hasFailed = true;
                yield Optional.empty();
            }
        };
    }

    private boolean isLate() {
        return !clock.instant().isBefore(deadline) || Thread.currentThread().isInterrupted();
    }

    /// Several records at one name are none (RFC 9989 §4.10).
    private static Optional<DmarcRecord> onlyRecord(List<String> texts) {
        List<String> records = texts.stream().filter(DmarcRecord::isRecord).toList();
        return records.size() == 1 ? DmarcRecord.parse(records.getFirst()) : Optional.empty();
    }
}
