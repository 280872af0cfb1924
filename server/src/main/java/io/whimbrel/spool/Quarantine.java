package io.whimbrel.spool;

import io.whimbrel.log.LogFormat;
import io.whimbrel.log.SpoolFiles;
import io.whimbrel.log.SpoolSegment;
import io.whimbrel.mail.Envelope;
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
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;

/// The folder where people find what the spool cannot use, and how damaged mail leaves the queue.
final class Quarantine {
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

    /// What is left of a damaged message: envelope, an empty line, the good parts of its body.
    ///
    /// @param body places of its parts; those that cannot be read are left out
    record Remains(
            QueueId id, long size, Optional<Envelope> envelope, List<SpoolSegment.Place> body) {

        /// Of the file that keeps it.
        String name() {
            return SpoolFiles.QUARANTINE + id + ".message";
        }

        void write(SpoolFiles.SpoolFile file) throws IOException {
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
    /// @param recipients those that were in the queue
    record LeftOut(Remains remains, RecipientNumbers recipients) {}

    /// Messages that cannot be read, on their way out of the queue: one record for each, and so one
    /// event for each recipient. None goes before what is left of it was kept, which is tried again
    /// each minute where it fails. Bounded by what is damaged. The writer's, but for what is said
    /// to be thread-safe.
    static final class Leaving {
        private static final Logger LOG = LoggerFactory.getLogger(Leaving.class);

        private static final int AT_ONCE = 100;
        private static final Duration BETWEEN_TRIES = Duration.ofMinutes(1);

        private final LiveMessages live;
        private final SpoolFiles files;
        private final InstantSource clock;

        /// Found in this run.
        private final Set<QueueId> known = ConcurrentHashMap.newKeySet();

        /// Of these, those that are still in the queue, and kept.
        private final Set<QueueId> waiting = ConcurrentHashMap.newKeySet();

        /// Those of which nothing is kept yet.
        private final Map<QueueId, Remains> unkept = new ConcurrentHashMap<>();

        /// Recipients that the record is to name, of those that no row tells of any more.
        private final Map<QueueId, RecipientNumbers> leftOut = new ConcurrentHashMap<>();

        private volatile Instant nextTry = Instant.MIN;

        Leaving(LiveMessages live, SpoolFiles files, InstantSource clock) {
            this.live = live;
            this.files = files;
            this.clock = clock;
        }

        /// Whether nobody has found it before in this run. Thread-safe.
        boolean isNew(QueueId id) {
            return known.add(id);
        }

        /// Keeps what is left of a message, which is taken out with the next batch then.
        /// Thread-safe.
        ///
        /// @return why that could not be done yet; empty where it was
        Optional<String> keep(Remains remains) {
            Optional<String> trouble = Quarantine.keep(files, remains.name(), remains::write);
            if (trouble.isPresent()) {
                triedLater(remains);
            } else {
                waiting.add(remains.id);
            }
            return trouble;
        }

        /// For the start, which tried to keep it.
        void leftOut(LeftOut message) {
            known.add(message.remains.id);
            leftOut.put(message.remains.id, message.recipients);
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
            Optional<String> trouble = Quarantine.keep(files, remains.name(), remains::write);
            if (trouble.isPresent()) {
                return false;
            }
            waiting.add(remains.id);
            String name = remains.name();
            LOG.warn("what is left of damaged message {} is kept in {} now", remains.id, name);
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

        /// What the start found.
        Inbox.Submission found(List<QueueId> ids) throws IOException {
            var records = new ArrayList<Inbox.Item>(ids.size());
            for (QueueId id : ids) {
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
                    Optional<RecipientNumbers> left = Optional.ofNullable(leftOut.get(id));
                    RecipientNumbers recipients =
                            left.isPresent() ? left.get() : live.unsettled(id);
                    if (recipients.isEmpty() && left.isEmpty()) {
                        gone.add(id);
                    } else {
                        records.add(record(id, recipients));
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

        private Inbox.Item record(QueueId id, RecipientNumbers recipients) {
            var record = new SpoolRecord.Quarantined(clock.instant(), id, recipients);
            return Inbox.Item.of(new LogEntry.Fact(record));
        }
    }
}
