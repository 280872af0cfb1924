package io.whimbrel.outcome;

import io.whimbrel.mail.Envelope;
import io.whimbrel.mail.RecipientNumbers;
import io.whimbrel.outcome.AttemptResult.Accepted;
import io.whimbrel.outcome.AttemptResult.ConnectionLost;
import io.whimbrel.outcome.AttemptResult.NotTried;
import io.whimbrel.outcome.AttemptResult.Overdue;
import io.whimbrel.outcome.AttemptResult.Refused;
import io.whimbrel.outcome.AttemptResult.Stage;
import io.whimbrel.reaction.Advice;
import io.whimbrel.reaction.Advice.Next;
import io.whimbrel.schedule.QueueEntry;
import io.whimbrel.schedule.RetrySchedule;
import io.whimbrel.smtp.SmtpReply;
import io.whimbrel.spool.AttemptFacts;
import io.whimbrel.spool.SpoolRecord;
import io.whimbrel.spool.SpoolRecord.Disposition;

import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.BitSet;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;
import java.util.function.DoubleSupplier;

/// Decides what follows from one attempt. Pure; confined to one thread, used once.
///
/// | result | verdict |
/// |---|---|
/// | accepted | delivered |
/// | 4yz, connection lost, 2yz or 3yz out of place | deferred, or expired when the life is over |
/// | 5yz to a command of the mail transaction | bounced |
/// | 5yz at greeting, EHLO or STARTTLS | as 4yz: it is about this host or us, not the recipient |
/// | 4yz or 552 "too many recipients" at RCPT | deferred; due now if others were accepted |
/// | not tried | bounced with 5yz, else deferred or expired |
/// | overdue | expired |
///
/// What a rule of the provider advises goes before all of this ([Advice]). Tries that it ordered at
/// once are no steps of the retry schedule ([#steps]).
///
/// Expiry is judged only after a failed attempt, so nothing expires untried; but for what its
/// sender wanted returned after a time of his own ([io.whimbrel.mail.Treatment#deadline]).
final class Verdicts {
    /// Tries that rules may order at once; then the ordinary times hold.
    private static final int AT_ONCE_MOST = 3;

    private final Attempt attempt;
    private final QueueEntry entry;
    private final Envelope envelope;
    private final RetrySchedule retry;
    private final Instant now;

    /// Empty once the life is over. Drawn once, so that what stays together is tried together.
    private final Optional<Instant> nextDue;

    private final List<SpoolRecord> records = new ArrayList<>(1);
    private final List<Notice> notices = new ArrayList<>(0);
    private final Map<Future, BitSet> futures = new LinkedHashMap<>();

    /// What recipients must share to be retried as one entry.
    private record Future(Instant dueAt, boolean isDelayNotified) {}

    private Verdicts(Attempt attempt, RetrySchedule retry, Instant now, Optional<Instant> nextDue) {
        this.attempt = attempt;
        this.entry = attempt.entry();
        this.envelope = entry.message().envelope();
        this.retry = retry;
        this.now = now;
        this.nextDue = nextDue;
    }

    /// @param jitter 0.0 up to 1.0; drawn at most once, and only where something is retried
    static Consequences decide(
            Attempt attempt, RetrySchedule retry, Instant now, DoubleSupplier jitter) {
        if (attempt.results().size() == 1 && attempt.results().getFirst() instanceof Accepted a) {
            return delivered(attempt, a, now);
        }
        QueueEntry entry = attempt.entry();
        Optional<Instant> nextDue = nextDue(entry, retry, now, jitter.getAsDouble());
        var verdicts = new Verdicts(attempt, retry, now, nextDue);
        verdicts.judgeAll();
        return new Consequences(verdicts.records, verdicts.retries(), verdicts.notices);
    }

    private static Optional<Instant> nextDue(
            QueueEntry entry, RetrySchedule retry, Instant now, double jitter) {
        Envelope envelope = entry.message().envelope();
        Instant endOfLife = envelope.endOfLife(retry.expire());
        Optional<Instant> due =
                retry.nextDueBefore(endOfLife, steps(entry, retry, now), now, jitter);
        Optional<Instant> noticeAt = envelope.delayNoticeAt().filter(now::isBefore);
        // So that the sender is told at that time, and not hours later.
        return noticeAt.isPresent() && due.filter(noticeAt.get()::isBefore).isPresent()
                ? noticeAt
                : due;
    }

    /// How many of the tries so far, this one included, are steps of the retry schedule: those for
    /// which the time since the life began is enough; of the others at most [#AT_ONCE_MOST] were
    /// ordered at once. Told from the time, so that nothing more need be kept of a message.
    private static int steps(QueueEntry entry, RetrySchedule retry, Instant now) {
        int tries = entry.attempts() + 1;
        Instant earliest = entry.message().envelope().lifeBegins();
        int steps = 0;
        while (steps < tries && !now.isBefore(earliest)) {
            steps++;
            earliest = retry.nextDueBefore(Instant.MAX, steps, earliest, 0).orElse(Instant.MAX);
        }
        return Math.max(1, Math.max(steps, tries - AT_ONCE_MOST));
    }

    /// The common case, one recipient taken, without any of the bookkeeping below.
    private static Consequences delivered(Attempt attempt, Accepted accepted, Instant now) {
        QueueEntry entry = attempt.entry();
        AttemptFacts facts = Facts.of(attempt, accepted);
        var settled = settled(entry, entry.recipients(), Disposition.DELIVERED, now, facts);
        int number = entry.recipients().get(0);
        List<Notice> notices =
                toBeTold(entry.message().envelope(), number, accepted)
                        .map(kind -> List.of(new Notice(number, kind, facts)))
                        .orElse(List.of());
        return new Consequences(List.of(settled), List.of(), notices);
    }

    private void judgeAll() {
        List<AttemptResult> results = attempt.results();
        boolean hasProgress = results.stream().anyMatch(Accepted.class::isInstance);
        if (results.stream().allMatch(results.getFirst()::equals)) {
            judge(results.getFirst(), entry.recipients(), hasProgress);
            return;
        }
        var groups = new LinkedHashMap<AttemptResult, List<Integer>>();
        for (int i = 0; i < results.size(); i++) {
            groups.computeIfAbsent(results.get(i), _ -> new ArrayList<>())
                    .add(entry.recipients().get(i));
        }
        groups.forEach((result, numbers) -> judge(result, numbersOf(numbers), hasProgress));
    }

    private void judge(AttemptResult result, RecipientNumbers group, boolean hasProgress) {
        AttemptFacts facts = Facts.of(attempt, result);
        switch (result) {
            case Accepted accepted -> deliver(accepted, group, facts);
            case Refused refused when isAdvised(refused, group, hasProgress, facts) -> {}
            case Refused(_, var stage, var reply) -> {
                if (stage == Stage.RCPT && isTooManyRecipients(reply)) {
                    // RFC 5321 §4.5.3.1.10: the rest goes in the next transaction, at once. Without
                    // an accepted recipient that would be a loop.
                    defer(hasProgress ? Optional.of(now) : nextDue, group, false, facts);
                } else if (reply.isPermanent() && isOfTransaction(stage)) {
                    fail(Disposition.BOUNCED, Notice.Kind.REFUSED, group, facts);
                } else {
                    defer(nextDue, group, false, facts);
                }
            }
            case ConnectionLost(_, var stage, _) ->
                    defer(nextDue, group, stage == Stage.END_OF_DATA, facts);
            case NotTried(var reply) -> {
                if (reply.isPermanent()) {
                    fail(Disposition.BOUNCED, Notice.Kind.REFUSED, group, facts);
                } else {
                    // What the host said beforehand that it would not take with the others.
                    boolean isNext = hasProgress && isTooManyRecipients(reply);
                    defer(isNext ? Optional.of(now) : nextDue, group, false, facts);
                }
            }
            case Overdue _ -> fail(Disposition.EXPIRED, Notice.Kind.EXPIRED, group, facts);
        }
    }

    /// What rules say goes before what the code of the reply means.
    ///
    /// @return whether they say anything
    private boolean isAdvised(
            Refused refused, RecipientNumbers group, boolean hasProgress, AttemptFacts facts) {
        Advice advice = attempt.advice().getOrDefault(refused, Advice.NONE);
        switch (advice.next()) {
            case Next.None() -> {
                return false;
            }
            case Next.Bounce _ -> fail(Disposition.BOUNCED, Notice.Kind.REFUSED, group, facts);
            case Next.DelayMessage(Duration delay) -> {
                // A recipient that exists and wants less mail is not refused for good.
                defer(nextDue.map(due -> delayed(delay, due)), group, false, facts);
            }
            case Next.RetryElsewhere _, Next.Reconnect _ -> {
                if (entry.attempts() >= AT_ONCE_MOST) {
                    return false;
                }
                defer(Optional.of(now), group, false, facts);
            }
            case Next.SplitRecipients() -> {
                if (!hasProgress) {
                    return false;
                }
                defer(Optional.of(now), group, false, facts);
            }
        }
        return true;
    }

    /// After `delay` where it is the first try; from the second on not before the schedule says,
    /// for a delay that did not help once will not help at each try.
    private Instant delayed(Duration delay, Instant scheduled) {
        Instant endOfLife = envelope.endOfLife(retry.expire());
        Instant due = now.plus(delay);
        Instant bounded = due.isBefore(endOfLife) ? due : endOfLife;
        boolean isFirst = steps(entry, retry, now) == 1;
        return isFirst || bounded.isAfter(scheduled) ? bounded : scheduled;
    }

    private void deliver(Accepted accepted, RecipientNumbers group, AttemptFacts facts) {
        records.add(settled(entry, group, Disposition.DELIVERED, now, facts));
        for (int i = 0; i < group.size(); i++) {
            int number = group.get(i);
            toBeTold(envelope, number, accepted)
                    .ifPresent(kind -> notices.add(new Notice(number, kind, facts)));
        }
    }

    private void fail(
            Disposition disposition, Notice.Kind kind, RecipientNumbers group, AttemptFacts facts) {
        records.add(settled(entry, group, disposition, now, facts));
        for (int i = 0; i < group.size(); i++) {
            if (Notice.isWanted(envelope, group.get(i), kind)) {
                notices.add(new Notice(group.get(i), kind, facts));
            }
        }
    }

    private void defer(
            Optional<Instant> dueAt,
            RecipientNumbers group,
            boolean isPossibleDuplicate,
            AttemptFacts facts) {
        if (dueAt.isEmpty()) {
            fail(Disposition.EXPIRED, Notice.Kind.EXPIRED, group, facts);
            return;
        }
        var told = new ArrayList<Integer>(group.size());
        var untold = new ArrayList<Integer>(0);
        Instant noticeAt =
                envelope.delayNoticeAt()
                        .orElseGet(() -> envelope.lifeBegins().plus(retry.delayNotice()));
        boolean isLate = !now.isBefore(noticeAt);
        for (int i = 0; i < group.size(); i++) {
            int number = group.get(i);
            boolean isToldNow =
                    isLate
                            && !entry.isDelayNotified()
                            && Notice.isWanted(envelope, number, Notice.Kind.DELAYED);
            if (isToldNow) {
                notices.add(new Notice(number, Notice.Kind.DELAYED, facts));
            }
            (isToldNow || entry.isDelayNotified() ? told : untold).add(number);
        }
        defer(new Future(dueAt.get(), true), told, isPossibleDuplicate, facts);
        defer(new Future(dueAt.get(), false), untold, isPossibleDuplicate, facts);
    }

    private void defer(
            Future future, List<Integer> numbers, boolean isPossibleDuplicate, AttemptFacts facts) {
        if (numbers.isEmpty()) {
            return;
        }
        records.add(
                new SpoolRecord.Deferred(
                        now,
                        entry.message().id(),
                        numbersOf(numbers),
                        entry.attempts() + 1,
                        future.dueAt,
                        future.isDelayNotified,
                        isPossibleDuplicate,
                        facts));
        BitSet recipients = futures.computeIfAbsent(future, _ -> new BitSet());
        numbers.forEach(recipients::set);
    }

    private List<QueueEntry> retries() {
        var retries = new ArrayList<QueueEntry>(futures.size());
        futures.forEach((future, recipients) ->
                retries.add(
                        new QueueEntry(
                                entry.message(),
                                entry.domain(),
                                RecipientNumbers.of(recipients.stream().toArray()),
                                entry.attempts() + 1,
                                future.dueAt,
                                future.isDelayNotified,
                                entry.route())));
        return retries;
    }

    private static SpoolRecord.Settled settled(
            QueueEntry entry,
            RecipientNumbers group,
            Disposition disposition,
            Instant now,
            AttemptFacts facts) {
        return new SpoolRecord.Settled(
                now, entry.message().id(), group, disposition, entry.attempts() + 1, facts);
    }

    /// Which notice of success the sender gets. A host that offers DSN has taken over the duty to
    /// report (RFC 3461 §5.2.2), but for what is traced.
    private static Optional<Notice.Kind> toBeTold(
            Envelope envelope, int number, Accepted accepted) {
        if (envelope.treatment().isTraced()) {
            return Optional.of(Notice.Kind.TRACED)
                    .filter(kind -> Notice.isWanted(envelope, number, kind));
        }
        return !accepted.peer().dsn() && Notice.isWanted(envelope, number, Notice.Kind.RELAYED)
                ? Optional.of(Notice.Kind.RELAYED)
                : Optional.empty();
    }

    /// RFC 5321 §4.5.3.1.10: 452 is the right code, old servers say 552.
    private static boolean isTooManyRecipients(SmtpReply reply) {
        if (reply.code() != 452 && reply.code() != 552) {
            return false;
        }
        boolean saysStatus =
                reply.status().isPresent()
                        && reply.status().get().subject() == 5
                        && reply.status().get().detail() == 3;
        return saysStatus || reply.text().toLowerCase(Locale.ROOT).contains("too many recipients");
    }

    private static boolean isOfTransaction(Stage stage) {
        return switch (stage) {
            case CONNECT, GREETING, EHLO, TLS -> false;
            case MAIL, RCPT, DATA, END_OF_DATA -> true;
        };
    }

    private static RecipientNumbers numbersOf(List<Integer> ascending) {
        return RecipientNumbers.of(ascending.stream().mapToInt(Integer::intValue).toArray());
    }
}
