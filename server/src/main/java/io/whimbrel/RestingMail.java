package io.whimbrel;

import io.whimbrel.admin.ScheduleDesk;
import io.whimbrel.mail.QueueCount;
import io.whimbrel.mail.QueueId;
import io.whimbrel.mail.QueueName;
import io.whimbrel.mail.QueueScope;
import io.whimbrel.schedule.QueueEntry;
import io.whimbrel.schedule.Resting;
import io.whimbrel.schedule.Schedule;
import io.whimbrel.spool.RecoveredMessage;
import io.whimbrel.spool.Spool;
import io.whimbrel.spool.Waking;

import java.io.IOException;
import java.time.Duration;
import java.time.Instant;
import java.time.InstantSource;
import java.util.List;
import java.util.Optional;
import java.util.function.BooleanSupplier;
import java.util.function.Consumer;
import java.util.function.Predicate;

/// Joins the schedule, which keeps in memory what is due soon, and the spool's index, which keeps
/// the rest. Thread-safe.
final class RestingMail implements Resting, ScheduleDesk.Rested {
    private static final Duration WHILE_TIGHT = Duration.ofSeconds(5);

    private final Spool spool;

    RestingMail(Spool spool) {
        this.spool = spool;
    }

    @Override
    public void rest(QueueEntry entry) {
        spool.rest(entry.message(), entry.recipients(), entry.attempts());
    }

    @Override
    public void wanted(QueueName queue, int most) {
        spool.wanted(queue, most);
    }

    @Override
    public void wake(QueueScope scope) {
        spool.wake(scope);
    }

    @Override
    public long weight() {
        return spool.weight();
    }

    @Override
    public void counts(QueueScope scope, Consumer<QueueCount> viewer) throws IOException {
        spool.counts(scope, viewer);
    }

    @Override
    public Optional<Instant> oldest() throws IOException {
        return spool.oldestResting();
    }

    @Override
    public List<RecoveredMessage> some(QueueScope scope, int most) throws IOException {
        return spool.someResting(scope, most);
    }

    /// From now on mail that is due comes back to `schedule`, but while memory is tight.
    void start(Schedule schedule, BooleanSupplier isTight, InstantSource clock) {
        spool.start(
                new Waking() {
                    @Override
                    public Room room(QueueName queue) {
                        if (isTight()) {
                            return new Room.Later(WHILE_TIGHT);
                        }
                        return switch (schedule.room(queue, clock.instant())) {
                            case io.whimbrel.schedule.Room.Take(int most) -> new Room.Take(most);
                            case io.whimbrel.schedule.Room.Later(var delay) ->
                                    new Room.Later(delay);
                        };
                    }

                    @Override
                    public boolean isTight() {
                        return isTight.getAsBoolean();
                    }

                    @Override
                    public Predicate<QueueId> staying(QueueName queue) {
                        return schedule.staying(queue);
                    }

                    @Override
                    public void due(
                            QueueName queue, List<RecoveredMessage> messages, boolean isMore) {
                        schedule.due(queue, messages, isMore, clock.instant());
                    }
                });
    }
}
