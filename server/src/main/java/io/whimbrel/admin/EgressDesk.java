package io.whimbrel.admin;

import io.whimbrel.egress.Destination;
import io.whimbrel.egress.DestinationView;
import io.whimbrel.egress.EgressPath;
import io.whimbrel.egress.PathView;
import io.whimbrel.mail.DomainName;
import io.whimbrel.mail.QueueId;
import io.whimbrel.reaction.Reactions;
import io.whimbrel.schedule.QueueEntry;
import io.whimbrel.shaping.Blocked;

import java.io.IOException;
import java.time.InstantSource;
import java.util.Optional;
import java.util.Set;
import java.util.function.Function;
import java.util.function.Supplier;

/// The verbs that explain how mail leaves: what it waits for, what holds for a domain, how its TLS
/// went. Changes nothing, but when a report is sent. Thread-safe.
public final class EgressDesk {
    static final Set<String> VERBS =
            Set.of("why", "shaping-explain", "tls-report", "tls-reports", "tls-reports-send");
    static final Set<String> FIELDS =
            Set.of("verb", "id", "domain", "source", "pool", "tenant", "campaign", "today", "day");

    private final QueueDesk queue;
    private final Supplier<EgressSight> sight;
    private final Deliveries deliveries;
    private final Reactions reactions;
    private final TlsReportDesk reports;
    private final InstantSource clock;

    /// What the schedule and delivery know of mail that waits.
    ///
    /// @param pathOf where an entry waits; empty where its site is not known
    /// @param destinationOf what it depends on where it goes
    /// @param held what held back all that waits on a path when a connection asked last
    public record Deliveries(
            Function<QueueEntry, Optional<EgressPath>> pathOf,
            Function<QueueEntry, Destination> destinationOf,
            Function<EgressPath, Optional<Blocked>> held,
            Function<EgressPath, PathView> paths,
            Function<Destination, DestinationView> destinations) {}

    /// @param sight by the configuration in force
    public EgressDesk(
            QueueDesk queue,
            Supplier<EgressSight> sight,
            Deliveries deliveries,
            Reactions reactions,
            TlsReportDesk reports,
            InstantSource clock) {
        this.queue = queue;
        this.sight = sight;
        this.deliveries = deliveries;
        this.reactions = reactions;
        this.reports = reports;
        this.clock = clock;
    }

    /// Carries out one of [#VERBS].
    ///
    /// @return what went wrong, for the operator; empty where all is told
    Optional<String> handle(AdminRequest request, AdminAnswer answer)
            throws RequestException, IOException {
        return switch (request.verb()) {
            case "why" -> why(request, answer);
            case "shaping-explain" -> explain(request, answer);
            default -> reports.handle(request, answer);
        };
    }

    private Optional<String> why(AdminRequest request, AdminAnswer answer)
            throws RequestException, IOException {
        Optional<QueueId> id = request.optionalId();
        Optional<DomainName> domain = request.optionalDomain();
        if (id.isPresent() == domain.isPresent()) {
            throw new RequestException("why does what wait? Give a domain or an id");
        }
        var now = clock.instant();
        var causes = new WaitCauses(sight.get(), deliveries, reactions.actions(now), now);
        return new Why(queue, causes, now).tell(id, domain, answer);
    }

    private Optional<String> explain(AdminRequest request, AdminAnswer answer)
            throws RequestException {
        var asked =
                new Explanation.Asked(
                        request.requiredDomain(),
                        request.name("source"),
                        request.name("pool"),
                        request.name("tenant").orElse(""),
                        request.name("campaign").orElse(""));
        EgressSight now = sight.get();
        Optional<String> problem = Explanation.problem(asked, now);
        if (problem.isEmpty()) {
            answer.line(Explanation.of(asked, now, clock.instant()));
        }
        return problem;
    }
}
