package io.whimbrel.index;

import io.whimbrel.index.MessageRow.Entry;
import io.whimbrel.index.QueueIndex.Change;
import io.whimbrel.log.FramePlace;
import io.whimbrel.mail.DomainName;
import io.whimbrel.mail.MailStream;
import io.whimbrel.mail.PriorityClass;
import io.whimbrel.mail.QueueId;
import io.whimbrel.mail.QueueName;
import io.whimbrel.mail.RecipientNumbers;

import java.io.IOException;
import java.nio.file.Path;
import java.time.Instant;
import java.util.List;
import java.util.Optional;

/// Rows to test with.
final class IndexFixtures {
    static final Instant NOW = Instant.parse("2026-11-24T12:00:00.000001Z");

    private IndexFixtures() {}

    static QueueIndex open(Path folder) throws IOException {
        return QueueIndex.open(new IndexSettings(folder, IndexSettings.MEMORY_BYTES_MIN));
    }

    static QueueName queue(String domain) {
        return new QueueName(
                new MailStream("shop", "spring", PriorityClass.BULK), new DomainName(domain));
    }

    static QueueId id(long value) {
        return new QueueId(value);
    }

    static Entry entry(String domain, Instant dueAt, int... recipients) {
        return new Entry(queue(domain), RecipientNumbers.of(recipients), 0, dueAt, false);
    }

    /// A message of one part in segment 1.
    static MessageRow row(long id, Entry... entries) {
        return row(id, 1, entries);
    }

    static MessageRow row(long id, long segment, Entry... entries) {
        return new MessageRow(
                id(id),
                1000,
                9,
                List.of(new FramePlace(segment, 64, 1000)),
                List.of(),
                new FramePlace(segment, 1064, 200),
                List.of(entries));
    }

    static Change added(MessageRow row) {
        return new Change(row.id(), Optional.empty(), Optional.of(row));
    }

    static Change changed(MessageRow before, MessageRow after) {
        return new Change(before.id(), Optional.of(before), Optional.of(after));
    }

    static Change removed(MessageRow row) {
        return new Change(row.id(), Optional.of(row), Optional.empty());
    }
}
