package io.whimbrel.admin;

import io.whimbrel.mail.Envelope;
import io.whimbrel.mail.QueueJob;
import io.whimbrel.mail.QueueScope;
import io.whimbrel.mail.Recipient;
import io.whimbrel.mail.Treatment;
import io.whimbrel.outcome.JobView;
import io.whimbrel.schedule.QueueEntry;
import io.whimbrel.schedule.QueueSummary;
import io.whimbrel.schedule.QueuedView;
import io.whimbrel.spool.SpoolRecord.OperatorAction;
import io.whimbrel.spool.SpooledMessage;

import tools.jackson.databind.node.ArrayNode;
import tools.jackson.databind.node.ObjectNode;

import java.time.Duration;
import java.time.Instant;
import java.util.List;
import java.util.Locale;

/// The queue as lines of an answer; fields as in `docs/admin-socket.md`. Stateless.
final class QueueJson {
    private static final Duration ALMOST_A_SECOND = Duration.ofNanos(999_999_999);

    private QueueJson() {}

    static ObjectNode summary(QueueSummary summary, Instant now) {
        ObjectNode line = Json.object().put("recipients", summary.recipients());
        ObjectNode states = line.putObject("states");
        summary.byState().forEach((state, count) -> states.put(name(state), count));
        ArrayNode domains = line.putArray("domains");
        for (QueueSummary.DomainCount domain : summary.byDomain()) {
            domains.addObject()
                    .put("domain", domain.domain())
                    .put("site", domain.site())
                    .put("recipients", domain.recipients())
                    .put("in_flight", domain.inFlight());
        }
        ArrayNode tenants = line.putArray("tenants");
        summary.byTenant()
                .forEach((tenant, n) ->
                        tenants.addObject().put("tenant", tenant).put("recipients", n));
        ArrayNode campaigns = line.putArray("campaigns");
        for (QueueSummary.CampaignCount campaign : summary.byCampaign()) {
            campaigns
                    .addObject()
                    .put("tenant", campaign.tenant())
                    .put("campaign", campaign.campaign())
                    .put("recipients", campaign.recipients());
        }
        ArrayNode restrictions = line.putArray("restrictions");
        summary.restrictions().forEach(action -> restrictions.add(restriction(action)));
        summary.oldest()
                .ifPresent(oldest ->
                        line.put("oldest", oldest.toString())
                                .put("oldest_s", seconds(oldest, now)));
        return line;
    }

    /// One entry of a list.
    static ObjectNode entry(QueuedView view, Instant now) {
        QueueEntry entry = view.entry();
        Envelope envelope = entry.message().envelope();
        ObjectNode line =
                Json.object()
                        .put("id", entry.message().id().toString())
                        .put("state", name(view.state()))
                        .put("domain", entry.domain().value())
                        .put("recipients", entry.recipients().size())
                        .put("recipient", address(envelope, entry.recipients().get(0)))
                        .put("sender", envelope.reversePath().address());
        addStream(line, envelope);
        return addWait(line, view, now)
                .put("age_s", seconds(envelope.receivedAt(), now))
                .put("size", entry.message().size());
    }

    /// The head of a message, before its recipients.
    static ObjectNode message(SpooledMessage message, Instant now) {
        Envelope envelope = message.envelope();
        ObjectNode line =
                Json.object()
                        .put("id", message.id().toString())
                        .put("sender", envelope.reversePath().address());
        addStream(line, envelope);
        addTreatment(line, envelope.treatment());
        return line.put("class", name(envelope.stream().priority()))
                .put("received", Json.time(envelope.receivedAt()))
                .put("age_s", seconds(envelope.receivedAt(), now))
                .put("size", message.size())
                .put("body", name(envelope.parameters().bodyType()))
                .put("smtputf8", envelope.parameters().smtpUtf8())
                .put("envelope_id", envelope.parameters().envelopeId())
                .put("dsn", name(envelope.dsnPolicy()))
                .put("recipients", envelope.recipients().size());
    }

    /// One queued recipient of a message.
    static ObjectNode recipient(QueuedView view, int number, Instant now) {
        Recipient recipient = view.entry().message().envelope().recipients().get(number);
        ObjectNode line =
                Json.object()
                        .put("number", number)
                        .put("recipient", recipient.path().address())
                        .put("state", name(view.state()));
        return addWait(line, view, now).put("notify", recipient.notice().parameter());
    }

    /// A recipient of a message that is queued for others only.
    static ObjectNode settledRecipient(SpooledMessage message, int number) {
        return Json.object()
                .put("number", number)
                .put("recipient", address(message.envelope(), number))
                .put("state", "settled");
    }

    /// The restrictions that keep mail, each with what it keeps.
    static void addShares(ArrayNode array, List<Withheld.Share> shares, Instant now) {
        for (Withheld.Share share : shares) {
            ObjectNode line = restriction(share.restriction());
            addAge(line, share.restriction().scope(), now);
            array.add(line.put("recipients", share.recipients()));
        }
    }

    /// A job, and how far it is.
    static ObjectNode job(JobView view, Instant now) {
        QueueJob job = view.job();
        ObjectNode line = Json.object().put("job", job.id().toString());
        line.put("work", job.work().word()).put("state", name(view.stage()));
        if (job.work() instanceof QueueJob.Work.Move move) {
            move.tenant().ifPresent(tenant -> line.put("to_tenant", tenant));
            move.campaign().ifPresent(campaign -> line.put("to_campaign", campaign));
            move.priority().ifPresent(priority -> line.put("to_class", name(priority)));
        }
        scope(line, job.scope(), now)
                .put("recipients", view.done())
                .put("of", view.of())
                .put("begun", Json.time(view.begunAt()))
                .put(
                        "took_ms",
                        Math.max(0, Duration.between(view.begunAt(), view.changedAt()).toMillis()))
                .put("reason", job.reason());
        return view.trouble().isEmpty() ? line : line.put("trouble", view.trouble());
    }

    private static ObjectNode restriction(OperatorAction action) {
        return switch (action) {
            case OperatorAction.Hold(var scope, var reason) ->
                    scope(Json.object().put("action", "hold"), scope).put("reason", reason);
            case OperatorAction.Suspend(var scope, var duration, var reason) ->
                    scope(Json.object().put("action", "suspend"), scope)
                            .put("left_s", duration.plus(ALMOST_A_SECOND).toSeconds())
                            .put("reason", reason);
            // None of these lasts, so none is ever in force.
            case OperatorAction.Release(var scope) ->
                    scope(Json.object().put("action", "release"), scope);
            case OperatorAction.Resume(var scope) ->
                    scope(Json.object().put("action", "resume"), scope);
            case OperatorAction.RetryNow(var scope) ->
                    scope(Json.object().put("action", "retry-now"), scope);
        };
    }

    /// What an action or a job is about.
    static ObjectNode scope(ObjectNode line, QueueScope scope, Instant now) {
        return addAge(scope(line, scope), scope, now);
    }

    /// The age that a scope means, as a request would name it `now`: mail that had begun to arrive
    /// by `accepted_by` is meant, and no mail grows into it.
    private static ObjectNode addAge(ObjectNode line, QueueScope scope, Instant now) {
        scope.upTo().ifPresent(upTo -> line.put("older_than_s", seconds(upTo.begunAt(), now)));
        return line;
    }

    private static ObjectNode scope(ObjectNode line, QueueScope scope) {
        scope.id().ifPresent(id -> line.put("id", id.toString()));
        scope.domain().ifPresent(domain -> line.put("domain", domain.value()));
        scope.tenant().ifPresent(tenant -> line.put("tenant", tenant));
        scope.campaign().ifPresent(campaign -> line.put("campaign", campaign));
        scope.upTo().ifPresent(upTo -> line.put("accepted_by", Json.time(upTo.begunAt())));
        return scope.isAll() ? line.put("all", true) : line;
    }

    private static void addStream(ObjectNode line, Envelope envelope) {
        line.put("tenant", envelope.stream().tenant())
                .put("campaign", envelope.stream().campaign());
    }

    /// Only what was asked for this message alone.
    private static void addTreatment(ObjectNode line, Treatment treatment) {
        treatment.notBefore().ifPresent(from -> line.put("not_before", Json.time(from)));
        treatment.deadline().ifPresent(end -> line.put("expires", Json.time(end)));
        if (treatment.mtPriority() != 0) {
            line.put("mt_priority", treatment.mtPriority());
        }
        if (!treatment.pool().isEmpty()) {
            line.put("pool", treatment.pool());
        }
        if (!treatment.user().isEmpty()) {
            line.put("user", treatment.user());
        }
        if (!treatment.metadata().isEmpty()) {
            ObjectNode metadata = line.putObject("meta");
            treatment.metadata().forEach(metadata::put);
        }
    }

    private static ObjectNode addWait(ObjectNode line, QueuedView view, Instant now) {
        Instant dueAt = view.entry().dueAt();
        return line.put("attempts", view.entry().attempts())
                .put("due", Json.time(dueAt))
                .put("due_in_s", Math.max(0, Duration.between(now, dueAt).toSeconds()))
                .put("site", view.site())
                .put("why", view.why());
    }

    private static String address(Envelope envelope, int number) {
        return envelope.recipients().get(number).path().address();
    }

    private static long seconds(Instant since, Instant now) {
        return Math.max(0, Duration.between(since, now).toSeconds());
    }

    /// `IN_FLIGHT` as `in-flight`.
    private static String name(Enum<?> value) {
        return value.name().toLowerCase(Locale.ROOT).replace('_', '-');
    }
}
