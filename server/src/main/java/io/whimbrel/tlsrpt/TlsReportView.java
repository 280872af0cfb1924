package io.whimbrel.tlsrpt;

import io.whimbrel.mail.DomainName;

import java.time.Instant;
import java.time.LocalDate;

/// What has become of a report, for operators. Immutable.
///
/// @param kind `dns` where the domain is asked who wants it, `mailto`, `https`
/// @param to the URI; `""` for the question
/// @param state `waiting`, `done`, `given-up`
/// @param tries that failed and are to be followed by another
/// @param at when it was done or given up; of what waits when it is due
/// @param text what was answered, or went wrong
public record TlsReportView(
        DomainName domain,
        LocalDate day,
        String kind,
        String to,
        String state,
        int tries,
        Instant at,
        String text) {

    static TlsReportView of(ReportBook.Line line) {
        Step step = line.step();
        String to = step.target().map(ReportTarget::text).orElse("");
        return switch (line.fate()) {
            case Fate.Waiting(int tries, _, Instant next, String why) ->
                    new TlsReportView(
                            step.domain(),
                            step.day(),
                            step.kind(),
                            to,
                            "waiting",
                            tries,
                            next,
                            why);
            case Fate.Done(Instant at, String text) ->
                    new TlsReportView(
                            step.domain(), step.day(), step.kind(), to, "done", 0, at, text);
            case Fate.GivenUp(Instant at, String why) ->
                    new TlsReportView(
                            step.domain(), step.day(), step.kind(), to, "given-up", 0, at, why);
        };
    }
}
