package io.whimbrel.salvage;

import io.whimbrel.index.MessageRow;
import io.whimbrel.index.QueueIndex;
import io.whimbrel.index.QueueIndex.DueRow;
import io.whimbrel.index.QueueIndex.QueueRow;
import io.whimbrel.index.SegmentCensus;
import io.whimbrel.log.FramePlace;
import io.whimbrel.mail.QueueId;
import io.whimbrel.mail.QueueName;
import io.whimbrel.spool.BodyReader;
import io.whimbrel.spool.OfflineSpool;
import io.whimbrel.spool.OfflineSpool.Reading;
import io.whimbrel.spool.RecoveredMessage;

import java.io.IOException;
import java.time.Instant;
import java.time.temporal.ChronoUnit;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.HashSet;
import java.util.Locale;
import java.util.Optional;
import java.util.Set;
import java.util.SortedMap;
import java.util.TreeSet;
import java.util.function.Consumer;
import java.util.stream.Collectors;

/// Compares the index of a node, brought to the end of the log, with one that was made from the log
/// alone: messages, due rows, counts of queues, rows of segments. Confined to one thread.
///
/// A message that differs is told once; what follows from it is not told again.
final class IndexComparison {
    private static final int ENTRIES_SHOWN = 3;
    private static final int ROWS_AT_ONCE = 1_000;

    /// Findings of rows, queues and segments; the rest is counted.
    private static final int TOLD_MAX = 1_000;

    private static final String REMEDY =
            "where the log is whole, delete the folder spool/index: the next start makes it anew";

    private static final Comparator<DueRow> DUE_ORDER =
            Comparator.comparing(DueRow::dueAt).thenComparing(DueRow::id);

    private final OfflineSpool spool;
    private final Reading indexed;
    private final QueueIndex index;
    private final QueueIndex log;
    private final Consumer<CheckFinding> findings;

    /// Told already.
    private final Set<QueueId> told;

    private int differences;
    private long untold;

    IndexComparison(
            OfflineSpool spool, Reading indexed, Reading log, Consumer<CheckFinding> findings) {
        this.spool = spool;
        this.indexed = indexed;
        this.index = indexed.index();
        this.log = log.index();
        this.findings = findings;
        this.told = new HashSet<>(log.damaged());
    }

    void run() throws IOException {
        compareMessages();
        compareQueues();
        compareSegments();
        if (untold > 0) {
            String what = untold + " more differences like these";
            findings.accept(
                    new CheckFinding(true, 0, 0, Optional.empty(), what, "as above", REMEDY));
        }
    }

    private void compareMessages() throws IOException {
        Pages<MessageRow> mine = messages(index);
        Pages<MessageRow> logged = messages(log);
        while (mine.peek().isPresent() || logged.peek().isPresent()) {
            Optional<MessageRow> left = mine.peek();
            Optional<MessageRow> right = logged.peek();
            int order =
                    left.isEmpty()
                            ? 1
                            : right.map(row -> left.get().id().compareTo(row.id())).orElse(-1);
            if (order < 0) {
                inIndexOnly(left.orElseThrow());
                mine.skip();
            } else if (order > 0) {
                inLogOnly(right.orElseThrow());
                logged.skip();
            } else {
                inBoth(left.orElseThrow(), right.orElseThrow());
                mine.skip();
                logged.skip();
            }
        }
    }

    private static Pages<MessageRow> messages(QueueIndex from) {
        return new Pages<>(last -> from.messages(last.map(MessageRow::id), ROWS_AT_ONCE));
    }

    private void inIndexOnly(MessageRow row) throws IOException {
        // Where nothing is queued any more the row waits for the event log.
        if (row.entries().isEmpty() || told.contains(row.id())) {
            return;
        }
        told.add(row.id());
        Optional<FramePlace> missing = missing(row);
        if (missing.isPresent()) {
            findings.accept(lost(row.id(), missing.get(), "a part of it was in this segment"));
            return;
        }
        Optional<String> trouble = trouble(row);
        if (trouble.isPresent()) {
            findings.accept(lost(row.id(), row.accepted(), trouble.get()));
        } else {
            add(
                    row,
                    "the index has it as queued, the log does not",
                    "it may be sent although it was settled");
        }
    }

    private void inLogOnly(MessageRow row) {
        if (told.add(row.id())) {
            add(row, "it is queued and the index does not have it", "it would not be sent");
        }
    }

    private void inBoth(MessageRow mine, MessageRow logged) {
        if (mine.equals(logged) || !told.add(mine.id())) {
            return;
        }
        if (mine.entries().isEmpty()) {
            add(logged, "the index has it as settled, the log as queued", "it would not be sent");
        } else if (mine.entries().equals(logged.entries())) {
            add(logged, "the index has its records in another place", "it may not be found");
        } else {
            add(
                    logged,
                    "the index has " + text(mine) + ", the log " + text(logged),
                    "they may be tried too early, too late, again, or never");
        }
    }

    /// Where its recipients stand, for people: the first queues of many.
    private static String text(MessageRow row) {
        String text =
                row.entries().stream()
                        .limit(ENTRIES_SHOWN)
                        .map(entry ->
                                "%s of %s, tried %s, due %s"
                                        .formatted(
                                                count(entry.recipients().size(), "recipient"),
                                                entry.queue().domain(),
                                                count(entry.attempts(), "time"),
                                                entry.dueAt().truncatedTo(ChronoUnit.MILLIS)))
                        .collect(Collectors.joining("; "));
        int more = row.entries().size() - ENTRIES_SHOWN;
        return more > 0 ? text + "; and " + count(more, "queue") + " more" : text;
    }

    private static String count(int number, String thing) {
        return number == 1 ? "1 " + thing : number + " " + thing + "s";
    }

    private Optional<FramePlace> missing(MessageRow row) {
        var frames = new ArrayList<>(row.body());
        frames.addAll(row.envelope());
        frames.add(row.accepted());
        return frames.stream().filter(frame -> !spool.hasSegment(frame.segment())).findFirst();
    }

    /// Why the message cannot be read; empty where it can.
    private Optional<String> trouble(MessageRow row) throws IOException {
        try {
            RecoveredMessage message = indexed.message(row);
            BodyReader body = indexed.read(message.message());
            byte[] part = body.nextPart();
            while (part.length > 0) {
                part = body.nextPart();
            }
            return Optional.empty();
        } catch (IOException e) {
            return Optional.of(String.valueOf(e.getMessage()));
        }
    }

    private static CheckFinding lost(QueueId id, FramePlace at, String why) {
        return new CheckFinding(
                true,
                at.segment(),
                at.offset(),
                Optional.of(id),
                "it is queued, and cannot be read: " + why,
                "it is not delivered",
                "bring the segment back from a copy of this disk if there is one; else start the"
                        + " node, which takes the message out of the queue by name");
    }

    private void compareQueues() throws IOException {
        Pages<QueueRow> mine = queues(index);
        for (Optional<QueueRow> row = mine.poll(); row.isPresent(); row = mine.poll()) {
            compareDue(row.get());
        }
        Pages<QueueRow> logged = queues(log);
        for (Optional<QueueRow> row = logged.poll(); row.isPresent(); row = logged.poll()) {
            if (index.queue(row.get().name()).isEmpty()) {
                compareDue(new QueueRow(row.get().name(), 0, 0, Optional.empty()));
            }
        }
    }

    private static Pages<QueueRow> queues(QueueIndex from) {
        return new Pages<>(last -> from.queues(last.map(QueueRow::name), ROWS_AT_ONCE));
    }

    private void compareDue(QueueRow queue) throws IOException {
        Pages<DueRow> mine = due(index, queue.name());
        Pages<DueRow> logged = due(log, queue.name());
        long rows = 0;
        long recipients = 0;
        while (mine.peek().isPresent() || logged.peek().isPresent()) {
            Optional<DueRow> left = mine.peek();
            Optional<DueRow> right = logged.peek();
            int order =
                    left.isEmpty()
                            ? 1
                            : right.map(row -> DUE_ORDER.compare(left.get(), row)).orElse(-1);
            if (order <= 0) {
                rows++;
                recipients += left.map(DueRow::recipients).orElse(0);
                mine.skip();
            }
            if (order >= 0) {
                logged.skip();
            }
            if (!left.equals(right)) {
                differs(queue.name(), order <= 0 ? left.orElseThrow() : right.orElseThrow());
            }
        }
        if (rows != queue.rows() || recipients != queue.recipients()) {
            add(
                    Optional.empty(),
                    "%s: the index counts %d rows and %d recipients, and has %d and %d"
                            .formatted(
                                    shown(queue.name()),
                                    queue.rows(),
                                    queue.recipients(),
                                    rows,
                                    recipients),
                    "lists and counts are wrong");
        }
    }

    private static Pages<DueRow> due(QueueIndex from, QueueName queue) {
        return new Pages<>(last -> from.due(queue, last, Instant.MAX, ROWS_AT_ONCE));
    }

    private void differs(QueueName queue, DueRow row) {
        if (told.add(row.id())) {
            add(
                    Optional.of(row.id()),
                    "%s: what is due at %s differs between index and log"
                            .formatted(shown(queue), row.dueAt()),
                    "it may be tried too early, too late, or never");
        }
    }

    private void compareSegments() throws IOException {
        SortedMap<Long, Long> mine = bytes(index);
        SortedMap<Long, Long> logged = bytes(log);
        var sequences = new TreeSet<>(mine.keySet());
        sequences.addAll(logged.keySet());
        for (long sequence : sequences) {
            boolean areSame = compareSegment(sequence);
            if (areSame
                    && !Optional.ofNullable(mine.get(sequence))
                            .equals(Optional.ofNullable(logged.get(sequence)))) {
                addOfSegment(sequence, Optional.empty(), "the index counts other bytes as needed");
            }
        }
    }

    private static SortedMap<Long, Long> bytes(QueueIndex from) throws IOException {
        try (var census = new SegmentCensus(from)) {
            return census.sum();
        }
    }

    /// @return whether both name the same messages, so that bytes can be compared
    private boolean compareSegment(long sequence) throws IOException {
        Pages<QueueId> mine = inSegment(index, sequence);
        Pages<QueueId> logged = inSegment(log, sequence);
        boolean areSame = true;
        while (mine.peek().isPresent() || logged.peek().isPresent()) {
            Optional<QueueId> left = mine.peek();
            Optional<QueueId> right = logged.peek();
            int order = left.isEmpty() ? 1 : right.map(id -> left.get().compareTo(id)).orElse(-1);
            if (order <= 0) {
                mine.skip();
            }
            if (order >= 0) {
                logged.skip();
            }
            if (order != 0) {
                areSame = false;
                QueueId id = order < 0 ? left.orElseThrow() : right.orElseThrow();
                if (!isSettled(id) && told.add(id)) {
                    addOfSegment(
                            sequence,
                            Optional.of(id),
                            "index and log differ about whether it needs this segment");
                }
            } else {
                areSame &= left.filter(told::contains).isEmpty();
            }
        }
        return areSame;
    }

    private static Pages<QueueId> inSegment(QueueIndex from, long sequence) {
        return new Pages<>(last -> from.inSegment(sequence, last, ROWS_AT_ONCE));
    }

    /// As in [#inIndexOnly].
    private boolean isSettled(QueueId id) throws IOException {
        return index.message(id).filter(row -> row.entries().isEmpty()).isPresent();
    }

    private void addOfSegment(long sequence, Optional<QueueId> message, String what) {
        add(sequence, message, what, "the segment may be reclaimed too early, or never");
    }

    private void add(MessageRow row, String what, String consequence) {
        add(row.accepted().segment(), Optional.of(row.id()), what, consequence);
    }

    private void add(Optional<QueueId> message, String what, String consequence) {
        add(0, message, what, consequence);
    }

    private void add(long segment, Optional<QueueId> message, String what, String consequence) {
        if (differences >= TOLD_MAX) {
            untold++;
            return;
        }
        differences++;
        findings.accept(new CheckFinding(true, segment, 0, message, what, consequence, REMEDY));
    }

    private static String shown(QueueName queue) {
        return "queue of tenant \"%s\", campaign \"%s\", %s, domain %s"
                .formatted(
                        queue.stream().tenant(),
                        queue.stream().campaign(),
                        queue.stream().priority().name().toLowerCase(Locale.ROOT),
                        queue.domain());
    }
}
