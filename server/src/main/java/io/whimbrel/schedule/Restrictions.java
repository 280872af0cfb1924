package io.whimbrel.schedule;

import io.whimbrel.mail.DomainName;
import io.whimbrel.mail.MailStream;
import io.whimbrel.mail.QueueId;
import io.whimbrel.mail.QueueJob;
import io.whimbrel.mail.QueueScope;
import io.whimbrel.schedule.Restriction.Held;
import io.whimbrel.schedule.Restriction.Suspended;
import io.whimbrel.spool.SpoolRecord.OperatorAction;
import io.whimbrel.spool.SpooledMessage;

import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.ConcurrentHashMap;
import java.util.function.Predicate;

/// Every hold and suspension in force, by scope. Thread-safe: reads take no lock, so a queue may
/// read it while its own lock is held; changes are made one at a time. Bounded by what operators
/// ask for.
///
/// A lookup costs the same however many are in force: a message can match at most sixteen scopes,
/// and each is looked up by name. Where nothing is restricted it costs next to nothing. Those with
/// an age are looked through, for there are few.
///
/// Mail restricted by its age *stays at rest*: it is mixed with other mail of its queues, so it is
/// passed over where it rests and costs no memory however much it is.
final class Restrictions {
    /// Combinations of domain, tenant and campaign that a scope may name.
    private static final int SCOPES = 8;

    private static final Restriction NONE = new Restriction.None();

    private final ConcurrentHashMap<QueueScope, Held> holds = new ConcurrentHashMap<>();
    private final ConcurrentHashMap<QueueScope, Suspended> suspensions = new ConcurrentHashMap<>();
    private final ConcurrentHashMap<QueueId, Aged> jobs = new ConcurrentHashMap<>();
    private volatile List<Aged> aged = List.of();
    private volatile boolean isEmpty = true;
    private volatile boolean hasMessageScopes;
    private volatile long nextEndMillis = DueHeap.NEVER;

    /// A restriction of mail of some age.
    private record Aged(QueueScope scope, Restriction restriction) {}

    void hold(QueueScope scope, String reason) {
        holds.keySet().removeIf(scope::ends);
        holds.put(scope, new Held(reason));
        recount();
    }

    void release(QueueScope scope) {
        holds.keySet().removeIf(scope::ends);
        recount();
    }

    void suspend(QueueScope scope, Instant until, String reason) {
        suspensions.keySet().removeIf(scope::ends);
        suspensions.put(scope, new Suspended(until, reason));
        recount();
    }

    void resume(QueueScope scope) {
        suspensions.keySet().removeIf(scope::ends);
        recount();
    }

    /// Ends the suspensions whose time has come.
    ///
    /// @return their scopes
    List<QueueScope> endSuspensions(Instant now) {
        var ended = new ArrayList<QueueScope>();
        suspensions.forEach((scope, suspended) -> {
            if (!now.isBefore(suspended.until())) {
                ended.add(scope);
            }
        });
        ended.forEach(suspensions::remove);
        recount();
        return ended;
    }

    /// What a job is about is not tried until it ends.
    void begin(QueueJob job) {
        String why = "job " + job.id() + " is about to " + job.work().word() + " it";
        jobs.put(job.id(), new Aged(job.meant(), new Held(why)));
        recount();
    }

    void end(QueueJob job) {
        jobs.remove(job.id());
        recount();
    }

    /// When the first suspension ends, in epoch milliseconds, rounded up; or [DueHeap#NEVER].
    long nextEndMillis() {
        return nextEndMillis;
    }

    /// What restricts all mail of `stream` for `domain`. Scopes that name a message or an age do
    /// not count.
    Restriction of(MailStream stream, DomainName domain) {
        return isEmpty ? NONE : find(Optional.empty(), stream, domain);
    }

    /// What restricts the message of `entry` beyond what [#of] says.
    Restriction ofMessage(QueueEntry entry) {
        SpooledMessage message = entry.message();
        MailStream stream = message.envelope().stream();
        Restriction found =
                hasMessageScopes ? find(Optional.of(message.id()), stream, entry.domain()) : NONE;
        for (Aged one : aged) {
            if (one.scope.matches(message.id(), stream, entry.domain())) {
                found = found.and(one.restriction);
            }
        }
        return found;
    }

    /// Whether `entry` is restricted by its age.
    boolean isStaying(QueueEntry entry) {
        SpooledMessage message = entry.message();
        for (Aged one : aged) {
            if (one.scope.matches(message.id(), message.envelope().stream(), entry.domain())) {
                return true;
            }
        }
        return false;
    }

    /// Which messages of `stream` for `domain` are restricted by their age.
    Predicate<QueueId> staying(MailStream stream, DomainName domain) {
        List<Aged> its =
                aged.stream().filter(one -> one.scope.matchesQueue(stream, domain)).toList();
        return id -> its.stream().anyMatch(one -> one.scope.matchesMessage(id));
    }

    /// As the actions that would bring them about at `now`.
    List<OperatorAction> inForce(Instant now) {
        var actions = new ArrayList<OperatorAction>();
        holds.forEach((scope, held) -> actions.add(new OperatorAction.Hold(scope, held.reason())));
        suspensions.forEach((scope, suspended) ->
                actions.add(
                        new OperatorAction.Suspend(
                                scope,
                                Duration.between(now, suspended.until()),
                                suspended.reason())));
        return actions;
    }

    private Restriction find(Optional<QueueId> id, MailStream stream, DomainName domain) {
        var itsDomain = Optional.of(domain);
        var itsTenant = Optional.of(stream.tenant());
        var itsCampaign = Optional.of(stream.campaign());
        Restriction found = NONE;
        for (int names = 0; names < SCOPES; names++) {
            var scope =
                    new QueueScope(
                            id,
                            (names & 1) == 0 ? Optional.empty() : itsDomain,
                            (names & 2) == 0 ? Optional.empty() : itsTenant,
                            (names & 4) == 0 ? Optional.empty() : itsCampaign);
            Held held = holds.get(scope);
            if (held != null) {
                return held;
            }
            Suspended suspended = suspensions.get(scope);
            if (suspended != null) {
                found = found.and(suspended);
            }
        }
        return found;
    }

    private void recount() {
        long end = DueHeap.NEVER;
        for (Suspended suspended : suspensions.values()) {
            end = Math.min(end, DueHeap.millisUp(suspended.until()));
        }
        nextEndMillis = end;
        var byAge = new ArrayList<Aged>(jobs.values());
        addAged(holds, byAge);
        addAged(suspensions, byAge);
        aged = List.copyOf(byAge);
        hasMessageScopes = namesMessage(holds) || namesMessage(suspensions);
        isEmpty = holds.isEmpty() && suspensions.isEmpty();
    }

    private static void addAged(
            ConcurrentHashMap<QueueScope, ? extends Restriction> restrictions, List<Aged> byAge) {
        restrictions.forEach((scope, restriction) -> {
            if (scope.upTo().isPresent()) {
                byAge.add(new Aged(scope, restriction));
            }
        });
    }

    private static boolean namesMessage(ConcurrentHashMap<QueueScope, ?> restrictions) {
        for (QueueScope scope : restrictions.keySet()) {
            if (scope.id().isPresent()) {
                return true;
            }
        }
        return false;
    }
}
