package io.whimbrel.outcome;

import io.whimbrel.schedule.Schedule;
import io.whimbrel.spool.Spool;
import io.whimbrel.spool.SpoolBatch;
import io.whimbrel.spool.SpoolRecord;
import io.whimbrel.spool.SpoolRecord.OperatorAction;

import java.io.IOException;
import java.time.InstantSource;
import java.util.List;

/// What operators do to the queue as a whole: durable first, then in force. Thread-safe; one action
/// at a time, so that the log tells them in the order in which they came into force. What they do
/// to single recipients is [JobRunner].
public final class OperatorDesk {
    private final Effects effects;

    public OperatorDesk(Spool spool, Schedule schedule, InstantSource clock) {
        this(new NodeEffects(spool, schedule, clock));
    }

    OperatorDesk(Effects effects) {
        this.effects = effects;
    }

    /// Holds, releases, suspends, resumes or retries.
    ///
    /// @return recipients touched
    /// @throws IOException where the action could not be made durable; it is not in force then
    public synchronized long apply(OperatorAction action) throws IOException {
        var record = new SpoolRecord.Operator(effects.now(), action);
        effects.appendAndWait(new SpoolBatch(List.of(record), List.of()));
        return effects.apply(action);
    }
}
