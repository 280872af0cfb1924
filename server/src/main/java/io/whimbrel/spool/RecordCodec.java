package io.whimbrel.spool;

import io.whimbrel.log.EnvelopeCodec;
import io.whimbrel.log.LogFormat;
import io.whimbrel.log.Payload;
import io.whimbrel.mail.DomainName;
import io.whimbrel.mail.Envelope;
import io.whimbrel.mail.QueueId;
import io.whimbrel.mail.QueueJob;
import io.whimbrel.mail.QueueName;
import io.whimbrel.mail.QueueScope;
import io.whimbrel.mail.RecipientNumbers;

import java.nio.ByteBuffer;
import java.time.DateTimeException;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;

/// Turns log entries into the payload of a frame and back. The layout is in `docs/spool-format.md`.
///
/// Decoding takes any bytes: what is no record comes back as empty, and memory stays in proportion
/// to the input.
final class RecordCodec {
    /// An accepted message has at most so many recipients.
    static final int RECIPIENTS_MAX = 100_000;

    private static final int TEXT_CHARACTERS_MAX = 1024;

    /// A constant is written as its place in these lists, which only ever grow.
    private static final List<SpoolRecord.Disposition> DISPOSITIONS =
            List.of(
                    SpoolRecord.Disposition.DELIVERED,
                    SpoolRecord.Disposition.BOUNCED,
                    SpoolRecord.Disposition.EXPIRED,
                    SpoolRecord.Disposition.BOUNCED_BY_OPERATOR,
                    SpoolRecord.Disposition.DELETED_BY_OPERATOR);

    private static final List<SpoolRecord.NoticeKind> NOTICES =
            List.of(
                    SpoolRecord.NoticeKind.BUDGET_FELT,
                    SpoolRecord.NoticeKind.BUDGET_EASED,
                    SpoolRecord.NoticeKind.SHAPING);
    private static final List<SpoolRecord.Stage> STAGES =
            List.of(
                    SpoolRecord.Stage.BEGUN,
                    SpoolRecord.Stage.RUNNING,
                    SpoolRecord.Stage.DONE,
                    SpoolRecord.Stage.CANCELLED);

    private RecordCodec() {}

    /// The payload; without the bytes of a part, which follow it.
    static byte[] encode(LogEntry entry) {
        var out = new Payload.Writer(entry instanceof LogEntry.BodyPart ? 12 : 256);
        switch (entry) {
            case LogEntry.BodyPart(QueueId id, int index) -> out.id(id).number(index);
            case LogEntry.EnvelopePart(QueueId id, int index) -> out.id(id).number(index);
            case LogEntry.Accepted(LogEntry.Head head) -> head(out, head);
            case LogEntry.Carried(LogEntry.Head head, List<RecoveredMessage.Waiting> waiting) -> {
                out.number(waiting.size());
                for (RecoveredMessage.Waiting group : waiting) {
                    out.numbers(group.recipients());
                    out.number(group.attempts()).instant(group.dueAt());
                    out.flag(group.isDelayNotified());
                }
                head(out, head);
            }
            case LogEntry.Fact(SpoolRecord record) -> fact(out, record);
            case LogEntry.StillInForce(SpoolRecord.Operator record) -> operator(out, record);
        }
        return out.toBytes();
    }

    static byte type(LogEntry entry) {
        return switch (entry) {
            case LogEntry.BodyPart _ -> LogFormat.BODY_PART;
            case LogEntry.EnvelopePart _ -> LogFormat.ENVELOPE_PART;
            case LogEntry.Accepted _ -> LogFormat.ACCEPTED;
            case LogEntry.Carried _ -> LogFormat.CARRIED;
            case LogEntry.Fact(SpoolRecord record) ->
                    switch (record) {
                        case SpoolRecord.Settled _ -> LogFormat.SETTLED;
                        case SpoolRecord.Deferred _ -> LogFormat.DEFERRED;
                        case SpoolRecord.Operator _ -> LogFormat.OPERATOR;
                        case SpoolRecord.Quarantined _ -> LogFormat.QUARANTINED;
                        case SpoolRecord.Moved _ -> LogFormat.MOVED;
                        case SpoolRecord.Job job ->
                                job.stage() == SpoolRecord.Stage.RUNNING
                                        ? LogFormat.JOB_RUNNING
                                        : LogFormat.JOB;
                        case SpoolRecord.Notice _ -> LogFormat.NOTICE;
                        case SpoolRecord.Accepted _ ->
                                throw new IllegalArgumentException(
                                        "a batch holds no Accepted record; give it a report");
                    };
            case LogEntry.StillInForce _ -> LogFormat.STILL_IN_FORCE;
        };
    }

    /// Reads a payload. Of a part the position of `payload` is left at its first byte.
    static Optional<LogEntry> decode(byte type, ByteBuffer payload) {
        var in = new Payload.Reader(payload);
        try {
            LogEntry entry =
                    switch (type) {
                        case LogFormat.BODY_PART -> new LogEntry.BodyPart(in.id(), in.integer());
                        case LogFormat.ENVELOPE_PART ->
                                new LogEntry.EnvelopePart(in.id(), in.integer());
                        case LogFormat.ACCEPTED -> new LogEntry.Accepted(head(in));
                        case LogFormat.CARRIED -> carried(in);
                        case LogFormat.SETTLED -> new LogEntry.Fact(settled(in));
                        case LogFormat.DEFERRED -> new LogEntry.Fact(deferred(in));
                        case LogFormat.OPERATOR -> new LogEntry.Fact(operator(in));
                        case LogFormat.JOB, LogFormat.JOB_RUNNING -> new LogEntry.Fact(job(in));
                        case LogFormat.MOVED -> new LogEntry.Fact(moved(in));
                        case LogFormat.STILL_IN_FORCE -> new LogEntry.StillInForce(operator(in));
                        case LogFormat.QUARANTINED -> new LogEntry.Fact(quarantined(in));
                        case LogFormat.NOTICE -> new LogEntry.Fact(notice(in));
                        // A type of a later version: this node cannot know what it loses.
                        default -> throw new Payload.Malformed();
                    };
            boolean hasBytes = type == LogFormat.BODY_PART || type == LogFormat.ENVELOPE_PART;
            return hasBytes || in.isAtEnd() ? Optional.of(entry) : Optional.empty();
        } catch (Payload.Malformed
                | IllegalArgumentException
                | DateTimeException
                | ArithmeticException _) {
            return Optional.empty();
        }
    }

    /// `record` with texts as long as the log keeps them.
    static SpoolRecord shortened(SpoolRecord record) {
        return switch (record) {
            case SpoolRecord.Settled r when isLong(r.facts()) ->
                    new SpoolRecord.Settled(
                            r.at(),
                            r.id(),
                            r.recipients(),
                            r.disposition(),
                            r.attempt(),
                            shortened(r.facts()));
            case SpoolRecord.Deferred r when isLong(r.facts()) ->
                    new SpoolRecord.Deferred(
                            r.at(),
                            r.id(),
                            r.recipients(),
                            r.attempt(),
                            r.dueAt(),
                            r.isDelayNotified(),
                            r.isPossibleDuplicate(),
                            shortened(r.facts()));
            case SpoolRecord.Settled _,
                    SpoolRecord.Deferred _,
                    SpoolRecord.Accepted _,
                    SpoolRecord.Quarantined _,
                    SpoolRecord.Operator _,
                    SpoolRecord.Job _,
                    SpoolRecord.Moved _,
                    SpoolRecord.Notice _ ->
                    record;
        };
    }

    private static boolean isLong(AttemptFacts facts) {
        return facts.text().length() > TEXT_CHARACTERS_MAX;
    }

    private static AttemptFacts shortened(AttemptFacts facts) {
        boolean splits = Character.isHighSurrogate(facts.text().charAt(TEXT_CHARACTERS_MAX - 1));
        String text = facts.text().substring(0, TEXT_CHARACTERS_MAX - (splits ? 1 : 0));
        return new AttemptFacts(
                facts.source(),
                facts.site(),
                facts.peer(),
                facts.code(),
                facts.enhanced(),
                text,
                facts.tls(),
                facts.mailAt());
    }

    private static void head(Payload.Writer out, LogEntry.Head head) {
        out.instant(head.at()).id(head.id()).id(head.cause()).text(head.origin());
        out.number(head.size()).number(head.bodyParts()).number(head.envelopeParts());
        if (head.envelopeParts() == 0) {
            EnvelopeCodec.write(out, head.envelope().orElseThrow());
        } else {
            out.number(head.recipients());
        }
    }

    private static LogEntry.Head head(Payload.Reader in) throws Payload.Malformed {
        var at = in.instant();
        QueueId id = in.id();
        QueueId cause = in.id();
        String origin = in.text();
        long size = in.size();
        int bodyParts = in.integer();
        int envelopeParts = in.integer();
        if (envelopeParts > 0) {
            int recipients = in.integer();
            if (recipients > RECIPIENTS_MAX) {
                throw new Payload.Malformed();
            }
            return new LogEntry.Head(
                    at,
                    id,
                    cause,
                    origin,
                    size,
                    bodyParts,
                    envelopeParts,
                    recipients,
                    Optional.empty());
        }
        Envelope envelope = EnvelopeCodec.read(in);
        int recipients = envelope.recipients().size();
        return new LogEntry.Head(
                at, id, cause, origin, size, bodyParts, 0, recipients, Optional.of(envelope));
    }

    private static LogEntry carried(Payload.Reader in) throws Payload.Malformed {
        int groups = in.count(4);
        var waiting = new ArrayList<RecoveredMessage.Waiting>(groups);
        int count = 0;
        for (int i = 0; i < groups; i++) {
            RecipientNumbers recipients = in.numbers(RECIPIENTS_MAX);
            count += recipients.size();
            // Each recipient is in one group; a few bytes could claim gigabytes otherwise.
            if (count > RECIPIENTS_MAX) {
                throw new Payload.Malformed();
            }
            waiting.add(
                    new RecoveredMessage.Waiting(
                            recipients, in.integer(), in.instant(), in.flag()));
        }
        return new LogEntry.Carried(head(in), List.copyOf(waiting));
    }

    private static void fact(Payload.Writer out, SpoolRecord record) {
        switch (record) {
            case SpoolRecord.Settled r -> {
                out.instant(r.at()).id(r.id()).constant(r.disposition(), DISPOSITIONS);
                out.number(r.attempt());
                out.numbers(r.recipients());
                facts(out, r.facts());
            }
            case SpoolRecord.Deferred r -> {
                out.instant(r.at()).id(r.id()).number(r.attempt()).instant(r.dueAt());
                out.flag(r.isDelayNotified()).flag(r.isPossibleDuplicate());
                out.numbers(r.recipients());
                facts(out, r.facts());
            }
            case SpoolRecord.Quarantined r -> {
                out.id(r.id()).instant(r.at()).numbers(r.recipients());
                out.number(r.queues().size());
                for (SpoolRecord.InQueue share : r.queues()) {
                    EnvelopeCodec.stream(out, share.queue().stream())
                            .text(share.queue().domain().value());
                    out.numbers(share.recipients());
                }
            }
            case SpoolRecord.Operator r -> operator(out, r);
            case SpoolRecord.Notice r ->
                    out.instant(r.at())
                            .constant(r.kind(), NOTICES)
                            .text(r.subject())
                            .text(r.text());
            case SpoolRecord.Job r -> job(out, r);
            case SpoolRecord.Moved r ->
                    EnvelopeCodec.stream(out.instant(r.at()).id(r.id()), r.stream()).id(r.job());
            case SpoolRecord.Accepted _ ->
                    throw new IllegalArgumentException(
                            "Accepted is no fact but an entry of its own");
        }
    }

    private static SpoolRecord settled(Payload.Reader in) throws Payload.Malformed {
        var at = in.instant();
        QueueId id = in.id();
        SpoolRecord.Disposition disposition = in.constant(DISPOSITIONS);
        int attempt = in.integer();
        return new SpoolRecord.Settled(
                at, id, in.numbers(RECIPIENTS_MAX), disposition, attempt, facts(in));
    }

    private static SpoolRecord deferred(Payload.Reader in) throws Payload.Malformed {
        var at = in.instant();
        QueueId id = in.id();
        int attempt = in.integer();
        var dueAt = in.instant();
        boolean isDelayNotified = in.flag();
        boolean isPossibleDuplicate = in.flag();
        return new SpoolRecord.Deferred(
                at,
                id,
                in.numbers(RECIPIENTS_MAX),
                attempt,
                dueAt,
                isDelayNotified,
                isPossibleDuplicate,
                facts(in));
    }

    private static SpoolRecord notice(Payload.Reader in) throws Payload.Malformed {
        return new SpoolRecord.Notice(in.instant(), in.constant(NOTICES), in.text(), in.text());
    }

    private static SpoolRecord quarantined(Payload.Reader in) throws Payload.Malformed {
        QueueId id = in.id();
        var at = in.instant();
        RecipientNumbers recipients = in.numbers(RECIPIENTS_MAX);
        int count = in.count(5);
        var queues = new ArrayList<SpoolRecord.InQueue>(count);
        for (int i = 0; i < count; i++) {
            var queue = new QueueName(EnvelopeCodec.stream(in), new DomainName(in.text()));
            queues.add(new SpoolRecord.InQueue(queue, in.numbers(RECIPIENTS_MAX)));
        }
        return new SpoolRecord.Quarantined(at, id, recipients, List.copyOf(queues));
    }

    static void operator(Payload.Writer out, SpoolRecord.Operator record) {
        out.instant(record.at());
        switch (record.action()) {
            case SpoolRecord.OperatorAction.Hold(QueueScope scope, String reason) ->
                    scope(out.octet(0), scope).text(reason);
            case SpoolRecord.OperatorAction.Release(QueueScope scope) -> scope(out.octet(1), scope);
            case SpoolRecord.OperatorAction.Suspend(
                            QueueScope scope,
                            Duration duration,
                            String reason) ->
                    scope(out.octet(2), scope)
                            .number(duration.toSeconds())
                            .number(duration.toNanosPart())
                            .text(reason);
            case SpoolRecord.OperatorAction.Resume(QueueScope scope) -> scope(out.octet(3), scope);
            case SpoolRecord.OperatorAction.RetryNow(QueueScope scope) ->
                    scope(out.octet(4), scope);
        }
    }

    static SpoolRecord.Operator operator(Payload.Reader in) throws Payload.Malformed {
        var at = in.instant();
        SpoolRecord.OperatorAction action =
                switch (in.octet()) {
                    case 0 -> new SpoolRecord.OperatorAction.Hold(scope(in), in.text());
                    case 1 -> new SpoolRecord.OperatorAction.Release(scope(in));
                    case 2 ->
                            new SpoolRecord.OperatorAction.Suspend(
                                    scope(in),
                                    Duration.ofSeconds(in.number(), in.integer()),
                                    in.text());
                    case 3 -> new SpoolRecord.OperatorAction.Resume(scope(in));
                    case 4 -> new SpoolRecord.OperatorAction.RetryNow(scope(in));
                    default -> throw new Payload.Malformed();
                };
        return new SpoolRecord.Operator(at, action);
    }

    static void job(Payload.Writer out, SpoolRecord.Job record) {
        QueueJob job = record.job();
        out.instant(record.at()).constant(record.stage(), STAGES).id(job.id());
        switch (job.work()) {
            case QueueJob.Work.Bounce _ -> out.octet(0);
            case QueueJob.Work.Delete _ -> out.octet(1);
            case QueueJob.Work.Move(var tenant, var campaign, var priority) -> {
                out.octet(2);
                out.octet(
                        (tenant.isPresent() ? 1 : 0)
                                | (campaign.isPresent() ? 2 : 0)
                                | (priority.isPresent() ? 4 : 0));
                tenant.ifPresent(out::text);
                campaign.ifPresent(out::text);
                priority.ifPresent(one -> out.constant(one, EnvelopeCodec.PRIORITIES));
            }
        }
        scope(out, job.scope()).text(job.reason()).number(record.done()).number(record.of());
    }

    static SpoolRecord.Job job(Payload.Reader in) throws Payload.Malformed {
        var at = in.instant();
        SpoolRecord.Stage stage = in.constant(STAGES);
        QueueId id = in.id();
        QueueJob.Work work =
                switch (in.octet()) {
                    case 0 -> new QueueJob.Work.Bounce();
                    case 1 -> new QueueJob.Work.Delete();
                    case 2 -> move(in);
                    default -> throw new Payload.Malformed();
                };
        var job = new QueueJob(id, work, scope(in), in.text());
        return new SpoolRecord.Job(at, job, stage, in.size(), in.size());
    }

    private static QueueJob.Work move(Payload.Reader in) throws Payload.Malformed {
        int bits = in.octet();
        return new QueueJob.Work.Move(
                (bits & 1) != 0 ? Optional.of(in.text()) : Optional.empty(),
                (bits & 2) != 0 ? Optional.of(in.text()) : Optional.empty(),
                (bits & 4) != 0
                        ? Optional.of(in.constant(EnvelopeCodec.PRIORITIES))
                        : Optional.empty());
    }

    private static SpoolRecord moved(Payload.Reader in) throws Payload.Malformed {
        return new SpoolRecord.Moved(in.instant(), in.id(), EnvelopeCodec.stream(in), in.id());
    }

    private static Payload.Writer scope(Payload.Writer out, QueueScope scope) {
        out.octet(
                (scope.id().isPresent() ? 1 : 0)
                        | (scope.domain().isPresent() ? 2 : 0)
                        | (scope.tenant().isPresent() ? 4 : 0)
                        | (scope.campaign().isPresent() ? 8 : 0)
                        | (scope.upTo().isPresent() ? 16 : 0));
        scope.id().ifPresent(out::id);
        scope.domain().ifPresent(domain -> out.text(domain.value()));
        scope.tenant().ifPresent(out::text);
        scope.campaign().ifPresent(out::text);
        scope.upTo().ifPresent(out::id);
        return out;
    }

    private static QueueScope scope(Payload.Reader in) throws Payload.Malformed {
        int bits = in.octet();
        return new QueueScope(
                (bits & 1) != 0 ? Optional.of(in.id()) : Optional.empty(),
                (bits & 2) != 0 ? Optional.of(new DomainName(in.text())) : Optional.empty(),
                (bits & 4) != 0 ? Optional.of(in.text()) : Optional.empty(),
                (bits & 8) != 0 ? Optional.of(in.text()) : Optional.empty(),
                (bits & 16) != 0 ? Optional.of(in.id()) : Optional.empty());
    }

    private static void facts(Payload.Writer out, AttemptFacts facts) {
        out.text(facts.source()).text(facts.site()).text(facts.peer()).number(facts.code());
        out.text(facts.enhanced()).text(facts.text()).text(facts.tls());
        out.number(facts.mailAt().map(Instant::toEpochMilli).orElse(0L));
    }

    private static AttemptFacts facts(Payload.Reader in) throws Payload.Malformed {
        return new AttemptFacts(
                in.text(),
                in.text(),
                in.text(),
                in.integer(),
                in.text(),
                in.text(),
                in.text(),
                mailAt(in));
    }

    private static Optional<Instant> mailAt(Payload.Reader in) throws Payload.Malformed {
        // Version 2 of the log ends here.
        long millis = in.isAtEnd() ? 0 : in.number();
        return millis == 0 ? Optional.empty() : Optional.of(Instant.ofEpochMilli(millis));
    }
}
