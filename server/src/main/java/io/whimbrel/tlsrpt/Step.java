package io.whimbrel.tlsrpt;

import io.whimbrel.mail.DomainName;

import java.time.Instant;
import java.time.LocalDate;
import java.time.ZoneOffset;
import java.util.Optional;

/// One thing to do for the report of a domain and day: to ask the domain who wants it, or to send
/// it to one of those. Immutable.
///
/// @param target empty for the question
record Step(DomainName domain, LocalDate day, Optional<ReportTarget> target) {

    static Step question(DomainName domain, LocalDate day) {
        return new Step(domain, day, Optional.empty());
    }

    Step to(ReportTarget one) {
        return new Step(domain, day, Optional.of(one));
    }

    /// From when on the day is over.
    Instant dayEnd() {
        return day.plusDays(1).atStartOfDay(ZoneOffset.UTC).toInstant();
    }

    /// In metrics and for operators.
    String kind() {
        return target.map(ReportTarget::kind).orElse("dns");
    }
}
