package io.whimbrel.eventlog;

import io.whimbrel.mail.Envelope;
import io.whimbrel.mail.PriorityClass;
import io.whimbrel.mail.QueueJob;
import io.whimbrel.mail.QueueScope;
import io.whimbrel.mail.Treatment;
import io.whimbrel.spool.AttemptFacts;
import io.whimbrel.spool.CommittedRecord;
import io.whimbrel.spool.SpoolRecord;
import io.whimbrel.spool.SpoolRecord.Deferred;
import io.whimbrel.spool.SpoolRecord.Disposition;
import io.whimbrel.spool.SpoolRecord.OperatorAction;
import io.whimbrel.spool.SpoolRecord.Settled;
import io.whimbrel.spool.SpooledMessage;

import java.time.Duration;
import java.time.Instant;
import java.util.Optional;

/// Writes the events of durable records: a line for each recipient, so that the life of each can be
/// reconciled by counting lines. What a line says follows from its record alone, never from the
/// time of writing: after a crash the same lines come again. `docs/events.md` lists the fields.
/// Confined to one thread.
final class EventLines {
    private final JsonLines out;

    EventLines(JsonLines out) {
        this.out = out;
    }

    /// Appends the lines of one record.
    ///
    /// @return how many, at least one
    int write(CommittedRecord committed) {
        return switch (committed.record()) {
            case SpoolRecord.Accepted accepted -> received(accepted);
            case Settled settled -> settled(settled, committed.message());
            case Deferred deferred -> deferred(deferred, committed.message());
            case SpoolRecord.Quarantined quarantined ->
                    quarantined(quarantined, committed.message());
            case SpoolRecord.Operator(var at, var action) -> operator(at, action);
            case SpoolRecord.Notice notice -> notice(notice);
            case SpoolRecord.Job job -> job(job);
            case SpoolRecord.Moved moved -> moved(moved, committed.message());
        };
    }

    private int received(SpoolRecord.Accepted accepted) {
        Envelope envelope = accepted.envelope();
        String id = accepted.id().toString();
        String priority = word(envelope.stream().priority());
        int recipients = envelope.recipients().size();
        for (int number = 0; number < recipients; number++) {
            begin("received", accepted.at());
            out.text("id", id);
            mail(envelope, number);
            out.textIfAny("peer", accepted.origin());
            out.number("size", accepted.size());
            out.text("class", priority);
            if (!envelope.treatment().isNone()) {
                treatment(envelope.treatment());
            }
            if (!accepted.cause().equals(accepted.id())) {
                out.text("cause", accepted.cause().toString());
            }
            out.end();
        }
        return recipients;
    }

    private int settled(Settled settled, Optional<SpooledMessage> message) {
        String event = event(settled.disposition());
        String id = settled.id().toString();
        boolean isDelivered = settled.disposition() == Disposition.DELIVERED;
        int recipients = settled.recipients().size();
        for (int i = 0; i < recipients; i++) {
            begin(event, settled.at());
            out.text("id", id);
            if (message.isPresent()) {
                mail(message.get().envelope(), settled.recipients().get(i));
            }
            attempt(settled.facts(), settled.attempt());
            message.ifPresent(known -> queued(known, settled.at()));
            out.textIfAny("tls", settled.facts().tls());
            settled.facts().mailAt().ifPresent(at -> out.time("mail_at", at));
            if (isDelivered && message.isPresent()) {
                out.number("size", message.get().size());
            }
            out.end();
        }
        return recipients;
    }

    private int deferred(Deferred deferred, Optional<SpooledMessage> message) {
        String id = deferred.id().toString();
        int recipients = deferred.recipients().size();
        for (int i = 0; i < recipients; i++) {
            begin("deferred", deferred.at());
            out.text("id", id);
            if (message.isPresent()) {
                mail(message.get().envelope(), deferred.recipients().get(i));
            }
            attempt(deferred.facts(), deferred.attempt());
            message.ifPresent(known -> queued(known, deferred.at()));
            out.textIfAny("tls", deferred.facts().tls());
            deferred.facts().mailAt().ifPresent(at -> out.time("mail_at", at));
            out.time("due", deferred.dueAt());
            if (deferred.isPossibleDuplicate()) {
                out.isTrue("possible_duplicate");
            }
            out.end();
        }
        return recipients;
    }

    /// A line for each recipient, so that the books add up; one where nobody knows how many.
    private int quarantined(SpoolRecord.Quarantined record, Optional<SpooledMessage> message) {
        int recipients = record.recipients().size();
        for (int i = 0; i < Math.max(1, recipients); i++) {
            begin("quarantined", record.at());
            out.text("id", record.id().toString());
            if (message.isPresent() && recipients > 0) {
                mail(message.get().envelope(), record.recipients().get(i));
                queued(message.get(), record.at());
            } else if (recipients > 0) {
                queue(record, record.recipients().get(i));
            }
            out.end();
        }
        return Math.max(1, recipients);
    }

    /// Whose mail it was and for which domain, where no envelope tells.
    private void queue(SpoolRecord.Quarantined record, int recipient) {
        for (SpoolRecord.InQueue share : record.queues()) {
            if (share.recipients().contains(recipient)) {
                out.textIfAny("tenant", share.queue().stream().tenant());
                out.textIfAny("campaign", share.queue().stream().campaign());
                out.text("domain", share.queue().domain().value());
                return;
            }
        }
    }

    private int operator(Instant at, OperatorAction action) {
        switch (action) {
            case OperatorAction.Hold(var scope, var reason) -> {
                operator("hold", at, scope);
                out.textIfAny("text", reason);
            }
            case OperatorAction.Release(var scope) -> operator("release", at, scope);
            case OperatorAction.Suspend(var scope, var duration, var reason) -> {
                operator("suspend", at, scope);
                out.textIfAny("text", reason);
                out.number("duration_s", Math.max(0, duration.toSeconds()));
            }
            case OperatorAction.Resume(var scope) -> operator("resume", at, scope);
            case OperatorAction.RetryNow(var scope) -> operator("retry-now", at, scope);
        }
        out.end();
        return 1;
    }

    private int notice(SpoolRecord.Notice notice) {
        String event =
                switch (notice.kind()) {
                    case BUDGET_FELT -> "budget-felt";
                    case SHAPING -> "shaping";
                    case BUDGET_EASED -> "budget-eased";
                };
        begin(event, notice.at());
        String subject = notice.kind() == SpoolRecord.NoticeKind.SHAPING ? "action" : "budget";
        out.text(subject, notice.subject());
        out.textIfAny("text", notice.text());
        out.end();
        return 1;
    }

    /// One line: a message moves whole.
    private int moved(SpoolRecord.Moved moved, Optional<SpooledMessage> message) {
        begin("moved", moved.at());
        out.text("id", moved.id().toString());
        message.ifPresent(known -> out.text("sender", known.envelope().reversePath().address()));
        out.text("tenant", moved.stream().tenant());
        out.text("campaign", moved.stream().campaign());
        out.text("class", word(moved.stream().priority()));
        out.text("job", moved.job().toString());
        out.end();
        return 1;
    }

    private static String word(PriorityClass priority) {
        return switch (priority) {
            case TRANSACTIONAL -> "transactional";
            case NORMAL -> "normal";
            case BULK -> "bulk";
        };
    }

    private int job(SpoolRecord.Job record) {
        boolean isEnd = record.stage().isEnd();
        operator(isEnd ? "job-ended" : "job", record.at(), record.job().scope());
        out.text("job", record.job().id().toString());
        out.text("work", record.job().work().word());
        out.number("recipients", isEnd ? record.done() : record.of());
        if (record.job().work() instanceof QueueJob.Work.Move move) {
            move.tenant().ifPresent(tenant -> out.text("to_tenant", tenant));
            move.campaign().ifPresent(campaign -> out.text("to_campaign", campaign));
            move.priority().ifPresent(priority -> out.text("to_class", word(priority)));
        }
        if (record.stage() == SpoolRecord.Stage.CANCELLED) {
            out.isTrue("cancelled");
        }
        out.textIfAny("text", record.job().reason());
        out.end();
        return 1;
    }

    private void operator(String event, Instant at, QueueScope scope) {
        begin(event, at);
        scope.id().ifPresent(id -> out.text("id", id.toString()));
        scope.tenant().ifPresent(tenant -> out.text("tenant", tenant));
        scope.campaign().ifPresent(campaign -> out.text("campaign", campaign));
        scope.domain().ifPresent(domain -> out.text("domain", domain.value()));
        scope.upTo().ifPresent(upTo -> out.time("accepted_by", upTo.begunAt()));
    }

    private void begin(String event, Instant at) {
        out.begin();
        out.text("event", event);
        out.time("time", at);
    }

    /// Who wrote to whom. The null reverse-path is `""`.
    private void mail(Envelope envelope, int number) {
        out.text("recipient", envelope.recipients().get(number).path().address());
        out.text("sender", envelope.reversePath().address());
        out.textIfAny("tenant", envelope.stream().tenant());
        out.textIfAny("campaign", envelope.stream().campaign());
        out.textsIfAny("meta", envelope.treatment().metadata());
    }

    /// What was asked for the message alone, but for its metadata, which all of its events have.
    private void treatment(Treatment treatment) {
        out.textIfAny("user", treatment.user());
        out.textIfAny("pool", treatment.pool());
        treatment.notBefore().ifPresent(instant -> out.time("not_before", instant));
        treatment.expiresAt().ifPresent(instant -> out.time("expires", instant));
        treatment
                .deliverBy()
                .ifPresent(by -> {
                    out.time("deliver_by", by.deadline());
                    out.text(
                            "if_late",
                            switch (by.mode()) {
                                case RETURN -> "return";
                                case NOTIFY -> "notify";
                            });
                });
        if (treatment.mtPriority() != 0) {
            out.signed("mt_priority", treatment.mtPriority());
        }
    }

    private void attempt(AttemptFacts facts, int attempt) {
        out.textIfAny("source", facts.source());
        out.textIfAny("site", facts.site());
        out.textIfAny("peer", facts.peer());
        if (facts.code() > 0) {
            out.number("code", facts.code());
        }
        out.textIfAny("enhanced", facts.enhanced());
        out.textIfAny("text", facts.text());
        if (attempt > 0) {
            out.number("attempt", attempt);
        }
    }

    private void queued(SpooledMessage message, Instant at) {
        Duration queued = Duration.between(message.envelope().receivedAt(), at);
        out.thousandths("queued_s", Math.max(0, queued.toMillis()));
    }

    private static String event(Disposition disposition) {
        return switch (disposition) {
            case DELIVERED -> "delivered";
            case BOUNCED, BOUNCED_BY_OPERATOR -> "bounced";
            case EXPIRED -> "expired";
            case DELETED_BY_OPERATOR -> "removed";
        };
    }
}
