package io.whimbrel.outcome;

import io.whimbrel.schedule.QueueEntry;
import io.whimbrel.spool.SpoolBatch;
import io.whimbrel.spool.SpoolRecord.OperatorAction;
import io.whimbrel.spool.SpooledMessage;

import java.io.IOException;
import java.time.Instant;
import java.util.List;
import java.util.function.Consumer;

/// All that settling does to the rest of the node: the seam where tests watch the order of things.
/// Thread-safe.
interface Effects {

    Instant now();

    /// As [io.whimbrel.spool.Spool#append].
    void append(SpoolBatch batch, Consumer<List<SpooledMessage>> whenDurable);

    /// As [io.whimbrel.spool.Spool#appendAndWait].
    List<SpooledMessage> appendAndWait(SpoolBatch batch) throws IOException;

    /// Reads the next part of a message's body at each call; an empty array at the end.
    PartSource read(SpooledMessage message);

    /// As [io.whimbrel.schedule.Schedule#finished].
    void finished(QueueEntry entry, List<QueueEntry> retries);

    /// As [io.whimbrel.schedule.Schedule#apply].
    long apply(OperatorAction action);

    /// Queues reports that are durable.
    void admit(List<SpooledMessage> reports);

    /// A body, part by part.
    interface PartSource {
        byte[] nextPart() throws IOException;
    }
}
