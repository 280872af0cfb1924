package io.whimbrel.spool;

import io.whimbrel.mail.Envelope;
import io.whimbrel.mail.QueueId;

import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.function.Supplier;

/// Records that become durable together or not at all: the outcomes of one attempt, and the bounce
/// messages that they cause. Immutable.
///
/// @param records Settled, Deferred, Operator and Notice records; Accepted ones are made from
///   `reports`
/// @param reports messages that this node writes itself
public record SpoolBatch(List<SpoolRecord> records, List<Report> reports) {

    public SpoolBatch {
        records = List.copyOf(records);
        reports = List.copyOf(reports);
    }

    /// As the log has them: reports first, then what caused them.
    ///
    /// @param ids for the reports
    /// @param partBytes of a body, at most
    /// @throws IllegalArgumentException where a report has more than 256 KiB
    List<Inbox.Item> items(Supplier<QueueId> ids, int partBytes) {
        var items = new ArrayList<Inbox.Item>();
        for (Report report : reports) {
            report.addTo(items, ids.get(), partBytes);
        }
        for (SpoolRecord record : records) {
            items.add(Inbox.Item.of(new LogEntry.Fact(RecordCodec.shortened(record))));
        }
        return items;
    }

    /// A message of our own, small: a DSN.
    ///
    /// @param body the message, at most 256 KiB; not to be changed after
    /// @param cause the message that it reports about
    public record Report(Envelope envelope, byte[] body, QueueId cause) {

        private void addTo(List<Inbox.Item> items, QueueId id, int partBytes) {
            if (body.length > Spool.PART_BYTES_MAX) {
                throw new IllegalArgumentException("a report has at most 256 KiB");
            }
            var draft = new SpooledMessage.Draft(id);
            List<Inbox.Item> parts =
                    IncomingBody.partRecords(draft, 0, Inbox.Bytes.of(body), partBytes);
            LogEntry.Head head =
                    new LogEntry.Head(
                            envelope.receivedAt(),
                            id,
                            cause,
                            "local",
                            body.length,
                            parts.size(),
                            0,
                            envelope.recipients().size(),
                            Optional.of(envelope));
            items.addAll(parts);
            items.add(Inbox.Item.of(new LogEntry.Accepted(head), Inbox.Bytes.NONE, draft));
        }
    }
}
