package io.whimbrel.admin;

import io.whimbrel.mail.DomainName;
import io.whimbrel.tlsrpt.TlsReportView;

import tools.jackson.databind.node.ObjectNode;

import java.time.InstantSource;
import java.time.LocalDate;
import java.time.ZoneOffset;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import java.util.function.BiFunction;
import java.util.function.Function;
import java.util.function.ToIntFunction;

/// The verbs about reports on TLS: what they say, what has become of them. Thread-safe.
public final class TlsReportDesk {
    static final Set<String> VERBS = Set.of("tls-report", "tls-reports", "tls-reports-send");

    private final Reports reports;
    private final InstantSource clock;

    /// What is known of reports.
    ///
    /// @param text that of a domain and day as RFC 8460 has it; empty where nothing was counted
    /// @param views what has become of those of the last days; of one domain or all
    /// @param hasten sends what waits; gives how many steps do
    public record Reports(
            BiFunction<DomainName, LocalDate, Optional<String>> text,
            Function<Optional<DomainName>, List<TlsReportView>> views,
            ToIntFunction<Optional<DomainName>> hasten) {}

    public TlsReportDesk(Reports reports, InstantSource clock) {
        this.reports = reports;
        this.clock = clock;
    }

    /// Carries out one of [#VERBS].
    ///
    /// @return what went wrong, for the operator; empty where all is told
    Optional<String> handle(AdminRequest request, AdminAnswer answer) throws RequestException {
        return switch (request.verb()) {
            case "tls-report" -> report(request, answer);
            case "tls-reports" -> {
                for (TlsReportView view : reports.views.apply(request.optionalDomain())) {
                    answer.line(json(view));
                }
                yield Optional.empty();
            }
            default -> {
                int count = reports.hasten.applyAsInt(request.optionalDomain());
                answer.line(Json.object().put("steps", count));
                yield Optional.empty();
            }
        };
    }

    private Optional<String> report(AdminRequest request, AdminAnswer answer)
            throws RequestException {
        DomainName domain = request.requiredDomain();
        boolean isToday = request.isToday();
        LocalDate today = LocalDate.ofInstant(clock.instant(), ZoneOffset.UTC);
        Optional<LocalDate> given = request.day();
        if (isToday && given.isPresent()) {
            throw new RequestException("today, or a day? Give one of them");
        }
        LocalDate day = given.orElse(isToday ? today : today.minusDays(1));
        Optional<String> report = reports.text.apply(domain, day);
        report.flatMap(Json::parse).ifPresent(answer::line);
        String when =
                given.map(it -> "on " + it).orElse(isToday ? "today" : "yesterday") + " (UTC)";
        return report.isPresent()
                ? Optional.empty()
                : Optional.of("no session with hosts of " + domain + " was counted " + when);
    }

    private static ObjectNode json(TlsReportView view) {
        return Json.object()
                .put("domain", view.domain().value())
                .put("day", view.day().toString())
                .put("kind", view.kind())
                .put("to", view.to())
                .put("state", view.state())
                .put("tries", view.tries())
                .put("at", view.at().toString())
                .put("text", view.text());
    }
}
