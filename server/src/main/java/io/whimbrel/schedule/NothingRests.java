package io.whimbrel.schedule;

import io.whimbrel.mail.QueueName;
import io.whimbrel.mail.QueueScope;

/// Belongs to a schedule that [ScheduleSettings#isUnbounded]: nothing rests. Where something should
/// all the same it throws, for that is a bug. Immutable.
record NothingRests() implements Resting {

    @Override
    public void rest(QueueEntry entry) {
        throw new IllegalStateException("nowhere to rest: " + entry);
    }

    @Override
    public void wanted(QueueName queue, int most) {
        throw new IllegalStateException("nothing rests for " + queue);
    }

    @Override
    public void wake(QueueScope scope) {}
}
