package io.whimbrel.spool;

import io.whimbrel.index.MessageRow;
import io.whimbrel.log.FramePlace;
import io.whimbrel.log.LogFormat;
import io.whimbrel.log.SpoolFiles;
import io.whimbrel.log.SpoolSegment;
import io.whimbrel.log.SpoolSegment.DamagedRecord;
import io.whimbrel.mail.Envelope;
import io.whimbrel.mail.MailStream;
import io.whimbrel.mail.QueueId;
import io.whimbrel.mail.Recipient;
import io.whimbrel.mail.RecipientNumbers;

import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.time.Instant;
import java.time.InstantSource;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;

/// The folder where people find what the spool cannot use, and how damaged mail leaves the queue.
final class Quarantine {
    private static final int COPY_BYTES = 1 << 20;

    private Quarantine() {}

    /// What fills a file in quarantine.
    interface Filling {
        void into(SpoolFiles.SpoolFile file) throws IOException;
    }

    /// Makes a file in quarantine, durably. A disk that is full must not stop the caller.
    ///
    /// @return why there is none; empty where there is
    static Optional<String> keep(SpoolFiles files, String name, Filling filling) {
        try (SpoolFiles.SpoolFile file = files.create(name)) {
            filling.into(file);
            file.sync();
            return Optional.empty();
        } catch (IOException e) {
            try {
                files.delete(name);
            } catch (IOException _) {
                // Then a piece of it stays; the finding says what to think of it.
            }
            return Optional.of("could not be copied to " + name + " (" + e.getMessage() + ")");
        }
    }

    /// The file for bytes of a segment, from `from` on.
    static String nameOf(SpoolSegment segment, long from) {
        String base = segment.name().replace(".log", "");
        return SpoolFiles.QUARANTINE + base + "-" + from + ".bad";
    }

    /// Keeps bytes of a segment as they are; those that the disk cannot read are zero. Result as of
    /// [#keep].
    static Optional<String> keepBytes(SpoolFiles files, SpoolSegment segment, long from, long to) {
        if (isKept(files, nameOf(segment, from), to - from)) {
            return Optional.empty();
        }
        return keep(
                files,
                nameOf(segment, from),
                copy -> {
                    ByteBuffer bytes = ByteBuffer.allocate((int) Math.min(COPY_BYTES, to - from));
                    for (long at = from; at < to; at += bytes.limit()) {
                        bytes.clear().limit((int) Math.min(bytes.capacity(), to - at));
                        segment.readForRecovery(bytes, at);
                        copy.write(bytes.position(0), at - from);
                    }
                });
    }

    /// Whether an earlier find kept as much or more from there on, durably.
    private static boolean isKept(SpoolFiles files, String name, long length) {
        try (SpoolFiles.SpoolFile file = files.open(name)) {
            boolean isWhole = file.size() >= length;
            if (isWhole) {
                // Whoever wrote it may have been killed before its sync.
                file.sync();
            }
            return isWhole;
        } catch (IOException _) {
            return false;
        }
    }

    /// What is left of a damaged message: envelope, an empty line, the good parts of its body.
    ///
    /// @param body places of its parts; those that cannot be read are left out
    /// @param bad places of its records that are not as they were written, where those are not kept
    ///   as gaps of their segment anyhow
    record Remains(
            QueueId id,
            long size,
            Optional<Envelope> envelope,
            List<SpoolSegment.Place> body,
            List<SpoolSegment.Place> bad) {

        /// What the log still has of the message of a row.
        static Remains of(MessageRow row, LiveMessages live) {
            var body = new ArrayList<SpoolSegment.Place>();
            var bad = new ArrayList<SpoolSegment.Place>();
            for (FramePlace frame : row.body()) {
                live.placeIfPresent(frame)
                        .ifPresent(place -> (isGood(place) ? body : bad).add(place));
            }
            var rest = new ArrayList<>(row.envelope());
            rest.add(row.accepted());
            for (FramePlace frame : rest) {
                live.placeIfPresent(frame).filter(place -> !isGood(place)).ifPresent(bad::add);
            }
            return new Remains(row.id(), row.size(), envelope(row, live), body, bad);
        }

        private static boolean isGood(SpoolSegment.Place place) {
            try {
                place.read();
                return true;
            } catch (IOException _) {
                return false;
            }
        }

        private static Optional<Envelope> envelope(MessageRow row, LiveMessages live) {
            try {
                var location =
                        new SpooledMessage.Location(
                                List.of(), live.places(row.envelope()), live.place(row.accepted()));
                LogEntry.Head head = location.head();
                return head.id().equals(row.id()) ? head.envelope() : Optional.empty();
            } catch (IOException _) {
                return Optional.empty();
            }
        }

        /// Of the file that keeps it.
        String name() {
            return SpoolFiles.QUARANTINE + id + ".message";
        }

        /// Makes its files, durably but for their names. Result as of [Quarantine#keep].
        Optional<String> keep(SpoolFiles files) {
            for (SpoolSegment.Place place : bad) {
                long end = (long) place.offset() + place.length();
                Optional<String> trouble = keepBytes(files, place.segment(), place.offset(), end);
                if (trouble.isPresent()) {
                    return trouble;
                }
            }
            return Quarantine.keep(files, name(), this::write);
        }

        /// Where it is kept, for people.
        String kept() {
            if (bad.isEmpty()) {
                return "is kept in " + name();
            }
            var first = bad.getFirst();
            return "is kept in "
                    + name()
                    + ", and the damaged bytes in "
                    + nameOf(first.segment(), first.offset())
                    + (bad.size() > 1 ? " and " + (bad.size() - 1) + " others" : "");
        }

        private void write(SpoolFiles.SpoolFile file) throws IOException {
            var text = new StringBuilder("id " + id + "\nsize " + size + "\n");
            envelope.ifPresent(known -> describe(known, text));
            text.append('\n');
            ByteBuffer bytes = StandardCharsets.UTF_8.encode(text.toString());
            long at = bytes.remaining();
            file.write(bytes, 0);
            for (SpoolSegment.Place place : body) {
                at += copy(place, file, at);
            }
        }

        private static int copy(SpoolSegment.Place place, SpoolFiles.SpoolFile file, long at)
                throws IOException {
            ByteBuffer part;
            try {
                part = place.read();
            } catch (IOException _) {
                return 0;
            }
            // Leaves the position behind id and index.
            RecordCodec.decode(part.get(LogFormat.TYPE_AT), part);
            int length = part.remaining();
            file.write(part, at);
            return length;
        }

        private static void describe(Envelope envelope, StringBuilder text) {
            text.append("from ").append(envelope.reversePath()).append('\n');
            for (Recipient recipient : envelope.recipients()) {
                text.append("to ").append(recipient.path()).append('\n');
            }
        }
    }

    /// A message that the start left out of the queue, for what is left of it could not be kept.
    ///
    /// @param entries its recipients that were in the queue
    record LeftOut(Remains remains, List<MessageRow.Entry> entries) {}

    /// Messages that cannot be read, on their way out of the queue: one record for each, and so one
    /// event for each recipient. None goes before what is left of it was kept, which is tried again
    /// each minute where it fails. Bounded by what is damaged. The writer's, but for what is said
    /// to be thread-safe.
    static final class Leaving {
        private static final Logger LOG = LoggerFactory.getLogger(Leaving.class);

        private static final int AT_ONCE = 100;
        private static final int FOUND_AT_ONCE = 1000;

        /// Named in one record; and in one line of the log, which is for people.
        private static final int QUEUES_MOST = 1000;

        private static final int DOMAINS_MOST = 5;

        private static final Duration BETWEEN_TRIES = Duration.ofMinutes(1);

        private final LiveMessages live;
        private final SpoolFiles files;
        private final InstantSource clock;
        private final Runnable nudge;

        /// Found in this run.
        private final Set<QueueId> known = ConcurrentHashMap.newKeySet();

        /// Of these, those that are still in the queue, and kept.
        private final Set<QueueId> waiting = ConcurrentHashMap.newKeySet();

        /// Those of which nothing is kept yet.
        private final Map<QueueId, Remains> unkept = new ConcurrentHashMap<>();

        /// Recipients that the record is to name, of those that no row tells of any more.
        private final Map<QueueId, List<MessageRow.Entry>> leftOut = new ConcurrentHashMap<>();

        private volatile Instant nextTry = Instant.MIN;

        /// @param nudge wakes the writer
        Leaving(LiveMessages live, SpoolFiles files, InstantSource clock, Runnable nudge) {
            this.live = live;
            this.files = files;
            this.clock = clock;
            this.nudge = nudge;
        }

        /// A message cannot be read: it is taken out with the next batch, once what is left of it
        /// is kept. Told once in a run. Thread-safe.
        void found(MessageRow row, DamagedRecord why) {
            if (!known.add(row.id())) {
                return;
            }
            Remains remains = Remains.of(row, live);
            Optional<String> trouble = kept(remains);
            if (trouble.isPresent()) {
                triedLater(remains);
            } else {
                waiting.add(row.id());
            }
            LOG.error(
                    "message {}{} was accepted and is damaged ({}): it is not delivered; what is"
                            + " left of it {}",
                    row.id(),
                    whose(row.entries()),
                    why.getMessage(),
                    trouble.map(one -> one + ", which is tried again each minute")
                            .orElseGet(remains::kept));
            nudge.run();
        }

        /// Such as ` (tenant shop, campaign spring, for example.com)`.
        private static String whose(List<MessageRow.Entry> entries) {
            if (entries.isEmpty()) {
                return "";
            }
            MailStream stream = entries.getFirst().queue().stream();
            List<String> domains =
                    entries.stream().map(one -> one.queue().domain().value()).distinct().toList();
            int named = Math.min(DOMAINS_MOST, domains.size());
            String others = domains.size() > named ? " and others" : "";
            return " ("
                    + (stream.tenant().isEmpty() ? "" : "tenant " + stream.tenant() + ", ")
                    + (stream.campaign().isEmpty() ? "" : "campaign " + stream.campaign() + ", ")
                    + "for "
                    + String.join(", ", domains.subList(0, named))
                    + others
                    + ")";
        }

        /// Keeps it, its name included. Result as of [Quarantine#keep].
        private Optional<String> kept(Remains remains) {
            Optional<String> trouble = remains.keep(files);
            if (trouble.isPresent()) {
                return trouble;
            }
            try {
                files.syncFolder();
                return Optional.empty();
            } catch (IOException e) {
                return Optional.of("could not be made durable (" + e.getMessage() + ")");
            }
        }

        /// For the start, which tried to keep it.
        void leftOut(LeftOut message) {
            known.add(message.remains.id);
            leftOut.put(message.remains.id, message.entries);
            triedLater(message.remains);
        }

        private void triedLater(Remains remains) {
            if (unkept.isEmpty()) {
                nextTry = clock.instant().plus(BETWEEN_TRIES);
            }
            unkept.put(remains.id, remains);
        }

        /// Tries again to keep what could not be kept, where a minute is over. The index thread's.
        void tryAgain(Instant now) {
            if (unkept.isEmpty() || now.isBefore(nextTry)) {
                return;
            }
            nextTry = now.plus(BETWEEN_TRIES);
            unkept.values().removeIf(this::isKeptNow);
        }

        private boolean isKeptNow(Remains remains) {
            if (kept(remains).isPresent()) {
                return false;
            }
            waiting.add(remains.id);
            LOG.warn("what is left of damaged message {} {} now", remains.id, remains.kept());
            return true;
        }

        /// Whether the next start must find messages in the log that this one left out of the
        /// queue. Thread-safe.
        boolean hasLeftOut() {
            return !leftOut.isEmpty();
        }

        /// What people should know; empty where all is kept. Thread-safe.
        Optional<String> warning() {
            if (unkept.isEmpty()) {
                return Optional.empty();
            }
            String space = hasLeftOut() ? "; until then no space of the spool is reclaimed" : "";
            return Optional.of(
                    "what is left of "
                            + unkept.size()
                            + " damaged messages could not be kept in spool/quarantine (see the"
                            + " log); it is tried again each minute: free space, or mend the disk"
                            + space);
        }

        /// The record that takes `id` out is durable.
        void isOut(QueueId id) {
            waiting.remove(id);
            leftOut.remove(id);
        }

        /// What the start found, at most a thousand.
        ///
        /// @param ids taken from its head
        Inbox.Submission found(ArrayDeque<QueueId> ids) throws IOException {
            var records = new ArrayList<Inbox.Item>();
            while (!ids.isEmpty() && records.size() < FOUND_AT_ONCE) {
                QueueId id = ids.removeFirst();
                known.add(id);
                records.add(record(id, live.unsettled(id)));
            }
            return new Inbox.Submission(Inbox.Kind.WAITED, records, _ -> {});
        }

        /// For the head of a batch: the records say which recipients were in the queue, so no
        /// outcome may come between. What does not become durable comes again.
        Optional<Inbox.Submission> next() {
            var records = new ArrayList<Inbox.Item>();
            var gone = new ArrayList<QueueId>();
            for (QueueId id : waiting) {
                if (records.size() >= AT_ONCE) {
                    break;
                }
                try {
                    Optional<List<MessageRow.Entry>> left = Optional.ofNullable(leftOut.get(id));
                    List<MessageRow.Entry> entries =
                            left.isPresent() ? left.get() : live.unsettled(id);
                    if (entries.isEmpty() && left.isEmpty()) {
                        gone.add(id);
                    } else {
                        records.add(record(id, entries));
                    }
                } catch (IOException e) {
                    LOG.error("damaged message {}: {}; tried again", id, e.getMessage());
                }
            }
            gone.forEach(waiting::remove);
            return records.isEmpty()
                    ? Optional.empty()
                    : Optional.of(new Inbox.Submission(Inbox.Kind.WAITED, records, _ -> {}));
        }

        private Inbox.Item record(QueueId id, List<MessageRow.Entry> entries) {
            RecipientNumbers recipients =
                    RecipientStates.joined(
                            entries.stream().map(MessageRow.Entry::recipients).toList());
            List<SpoolRecord.InQueue> queues =
                    entries.stream()
                            .limit(QUEUES_MOST)
                            .map(one -> new SpoolRecord.InQueue(one.queue(), one.recipients()))
                            .toList();
            var record = new SpoolRecord.Quarantined(clock.instant(), id, recipients, queues);
            return Inbox.Item.of(new LogEntry.Fact(record));
        }
    }
}
