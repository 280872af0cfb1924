package io.whimbrel.schedule;

import io.whimbrel.mail.QueueJob;
import io.whimbrel.mail.QueueScope;
import io.whimbrel.spool.SpoolRecord.OperatorAction;
import io.whimbrel.spool.SpoolRecord.OperatorAction.Hold;
import io.whimbrel.spool.SpoolRecord.OperatorAction.Release;
import io.whimbrel.spool.SpoolRecord.OperatorAction.Resume;
import io.whimbrel.spool.SpoolRecord.OperatorAction.RetryNow;
import io.whimbrel.spool.SpoolRecord.OperatorAction.Suspend;

import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.locks.ReentrantLock;
import java.util.function.Predicate;
import java.util.function.ToLongFunction;

/// What operators do to what is in memory. Thread-safe: one at a time, and not while a domain moves
/// from one queue to another, so that no mail slips past an operator. What rests is another's
/// business: it is restricted when it comes back, and a job over the index does the remainder.
final class Operations {
    /// Longer suspensions are as good as this.
    private static final Duration SUSPENSION_MOST = Duration.ofDays(3650);

    private final PathQueues queues;
    private final Restrictions restrictions;
    private final Aftermath aftermath;
    private final Resting resting;
    private final ReentrantLock relocation;
    private final boolean isBounded;

    /// @param isBounded what is restricted by its age can rest
    Operations(
            PathQueues queues,
            Restrictions restrictions,
            Aftermath aftermath,
            Resting resting,
            ReentrantLock relocation,
            boolean isBounded) {
        this.queues = queues;
        this.restrictions = restrictions;
        this.aftermath = aftermath;
        this.resting = resting;
        this.relocation = relocation;
        this.isBounded = isBounded;
    }

    /// As [Schedule#apply].
    long apply(OperatorAction action, Instant now) {
        var left = new ArrayList<Effects>();
        var staying = new ArrayList<QueueEntry>();
        relocation.lock();
        try {
            switch (action) {
                case Hold(QueueScope scope, String reason) -> {
                    restrictions.hold(scope, reason);
                    reconsider(scope, now, left, staying);
                }
                case Release(QueueScope scope) -> {
                    restrictions.release(scope);
                    reconsider(scope, now, left, staying);
                }
                case Suspend(QueueScope scope, Duration duration, String reason) -> {
                    restrictions.suspend(scope, now.plus(atMost(duration)), reason);
                    reconsider(scope, now, left, staying);
                }
                case Resume(QueueScope scope) -> {
                    restrictions.resume(scope);
                    reconsider(scope, now, left, staying);
                }
                case RetryNow(QueueScope scope) ->
                        change(scope, queue -> queue.retryNow(scope, now), left);
            }
        } finally {
            relocation.unlock();
        }
        staying.forEach(aftermath::rest);
        aftermath.carryOut(left, now);
        wake(action);
        return recipients(left);
    }

    /// As [Schedule#begin] and [Schedule#end].
    void restrict(QueueJob job, boolean isBegun, Instant now) {
        var left = new ArrayList<Effects>();
        var staying = new ArrayList<QueueEntry>();
        relocation.lock();
        try {
            if (isBegun) {
                restrictions.begin(job);
            } else {
                restrictions.end(job);
            }
            reconsider(job.meant(), now, left, staying);
            if (!isBegun && isBounded && job.work() instanceof QueueJob.Work.Move) {
                takeOutMoved(job.scope(), left, staying);
            }
        } finally {
            relocation.unlock();
        }
        staying.forEach(aftermath::rest);
        aftermath.carryOut(left, now);
        if (!isBegun) {
            resting.wake(job.meant());
        }
    }

    private void wake(OperatorAction action) {
        switch (action) {
            case Hold _, Suspend _ -> {}
            case Release(QueueScope scope) -> resting.wake(scope);
            case Resume(QueueScope scope) -> resting.wake(scope);
            case RetryNow(QueueScope scope) -> resting.wake(scope);
        }
    }

    /// Ends the suspensions whose time has come.
    void endSuspensions(Instant now) {
        if (restrictions.nextEndMillis() > now.toEpochMilli()) {
            return;
        }
        List<QueueScope> ended;
        var left = new ArrayList<Effects>();
        var staying = new ArrayList<QueueEntry>();
        relocation.lock();
        try {
            ended = restrictions.endSuspensions(now);
            for (QueueScope scope : ended) {
                reconsider(scope, now, left, staying);
            }
        } finally {
            relocation.unlock();
        }
        staying.forEach(aftermath::rest);
        aftermath.carryOut(left, now);
        ended.forEach(resting::wake);
    }

    /// Brings the queues in `scope` in line with the restrictions; under `relocation`.
    ///
    /// @param staying gets what has to rest
    private void reconsider(
            QueueScope scope, Instant now, List<Effects> left, List<QueueEntry> staying) {
        if (scope.isOfWholeQueues()) {
            change(
                    scope,
                    queue -> {
                        queue.restrict(restrictions.of(queue.stream(), queue.domain()));
                        return queue.recipients();
                    },
                    left);
        } else {
            change(scope, queue -> reconsider(queue, scope, now, staying), left);
        }
    }

    private long reconsider(
            ScheduledQueue queue, QueueScope scope, Instant now, List<QueueEntry> staying) {
        long recipients = queue.recipientsIn(scope);
        queue.rejoin(this::isApart, now.toEpochMilli());
        if (isBounded) {
            queue.takeOut(restrictions::isStaying, staying::add);
        }
        queue.setApart(entry -> ScheduledQueue.isIn(scope, entry) && isApart(entry));
        return recipients;
    }

    /// A message moves whole, under those of its recipients too that are in no scope and in memory:
    /// they come back to the queue that is theirs now, and meet what it is restricted by.
    private void takeOutMoved(QueueScope scope, List<Effects> left, List<QueueEntry> moved) {
        var before =
                new QueueScope(
                        Optional.empty(), Optional.empty(), scope.tenant(), scope.campaign());
        change(before, queue -> takeOut(queue, entry -> !entry.isOf(queue.name()), moved), left);
    }

    private boolean isApart(QueueEntry entry) {
        return !restrictions.ofMessage(entry).isNone();
    }

    private void change(
            QueueScope scope, ToLongFunction<ScheduledQueue> change, List<Effects> left) {
        for (PathQueue queue : queues.in(scope)) {
            Effects effects = queue.change(scope, change);
            if (!effects.isNothing()) {
                left.add(effects);
            }
        }
    }

    private static long takeOut(
            ScheduledQueue queue, Predicate<QueueEntry> meant, List<QueueEntry> taken) {
        long before = queue.recipients();
        queue.takeOut(meant, taken::add);
        return before - queue.recipients();
    }

    private static Duration atMost(Duration duration) {
        return duration.compareTo(SUSPENSION_MOST) < 0 ? duration : SUSPENSION_MOST;
    }

    private static long recipients(List<Effects> left) {
        long recipients = 0;
        for (Effects effects : left) {
            recipients += effects.recipients();
        }
        return recipients;
    }
}
