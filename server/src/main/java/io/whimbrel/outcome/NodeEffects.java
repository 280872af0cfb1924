package io.whimbrel.outcome;

import io.whimbrel.schedule.QueueEntry;
import io.whimbrel.schedule.Schedule;
import io.whimbrel.spool.Spool;
import io.whimbrel.spool.SpoolBatch;
import io.whimbrel.spool.SpoolRecord.OperatorAction;
import io.whimbrel.spool.SpooledMessage;

import java.io.IOException;
import java.time.Instant;
import java.time.InstantSource;
import java.util.List;
import java.util.function.Consumer;

/// Effects on the spool and the schedule of the node.
record NodeEffects(Spool spool, Schedule schedule, InstantSource clock) implements Effects {

    @Override
    public Instant now() {
        return clock.instant();
    }

    @Override
    public void append(SpoolBatch batch, Consumer<List<SpooledMessage>> whenDurable) {
        spool.append(batch, whenDurable);
    }

    @Override
    public List<SpooledMessage> appendAndWait(SpoolBatch batch) throws IOException {
        return spool.appendAndWait(batch);
    }

    @Override
    public PartSource read(SpooledMessage message) {
        return spool.read(message)::nextPart;
    }

    @Override
    public void finished(QueueEntry entry, List<QueueEntry> retries) {
        schedule.finished(entry, retries, clock.instant());
    }

    @Override
    public long apply(OperatorAction action) {
        return schedule.apply(action, clock.instant());
    }

    @Override
    public void admit(List<SpooledMessage> reports) {
        for (SpooledMessage report : reports) {
            schedule.admit(report, clock.instant());
        }
    }
}
