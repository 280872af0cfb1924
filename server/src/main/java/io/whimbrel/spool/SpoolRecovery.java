package io.whimbrel.spool;

import io.whimbrel.mail.Envelope;
import io.whimbrel.mail.QueueId;
import io.whimbrel.mail.Recipient;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;

/// Reads the log at a start: finds the segments that belong to it, applies every good record, and
/// tells what was torn, damaged or missing. It changes no segment; what it cannot use it copies to
/// the folder `quarantine`. The rules are in `docs/spool-format.md`.
final class SpoolRecovery {
    private static final int COPY_BYTES = 1 << 20;

    private final SpoolFiles files;
    private final LogChain chain;
    private final LiveMessages live;
    private final List<String> findings = new ArrayList<>();
    private final Map<QueueId, Draft> drafts = new HashMap<>();
    private final Map<QueueId, DamagedMessage> damaged = new HashMap<>();
    private long lastId;

    /// Pieces of a message whose commit has not been read yet.
    private static final class Draft {
        private final MessageDraft pieces;
        private final List<ByteBuffer> envelope = new ArrayList<>(0);
        private boolean isIncomplete;

        Draft(QueueId id) {
            pieces = new MessageDraft(id);
        }
    }

    /// A message that was accepted and cannot be delivered as it was.
    ///
    /// @param states of its recipients, kept here where the envelope is not known
    /// @param body the parts that are good
    private record DamagedMessage(
            LogEntry.Head head,
            RecipientStates states,
            List<SpoolSegment.Place> body,
            SpoolSegment segment) {}

    SpoolRecovery(SpoolFiles files, LogChain chain, LiveMessages live) {
        this.files = files;
        this.chain = chain;
        this.live = live;
    }

    /// Reads all segments.
    void run() throws IOException {
        findings.addAll(chain.findings());
        for (LogChain.Link link : chain.links()) {
            read(link);
        }
        damaged.values().removeIf(this::isSettled);
        for (DamagedMessage message : damaged.values()) {
            quarantine(message);
        }
        drafts.values().forEach(draft -> draft.pieces.drop());
        drafts.clear();
        if (!findings.isEmpty()) {
            files.syncFolder();
        }
        if (!chain.links().isEmpty()) {
            // After a kill the last batch may be in memory only, and from here on it counts.
            chain.links().getLast().segment().file().sync();
        }
    }

    List<String> findings() {
        return findings;
    }

    /// The greatest queue id that the log knows.
    long lastId() {
        return lastId;
    }

    /// Messages to be taken out of the queue durably.
    List<QueueId> damaged() {
        return damaged.keySet().stream().sorted().toList();
    }

    private boolean isSettled(DamagedMessage message) {
        return message.head.envelope().isPresent()
                ? live.inQueue(message.head.id()).isEmpty()
                : message.states.unsettled() == 0;
    }

    private void read(LogChain.Link link) throws IOException {
        SpoolSegment segment = link.segment();
        var scan = new LogScan(segment, link.limit(), link.isSealed());
        while (scan.next()) {
            Optional<LogEntry> entry = RecordCodec.decode(scan.type(), scan.payload());
            if (entry.isPresent()) {
                apply(entry.get(), scan);
            } else {
                findings.add(
                        "%s at %d: a record of type %d that this version cannot read was skipped"
                                .formatted(segment.name(), scan.place().offset(), scan.type()));
            }
        }
        segment.endsAt(scan.end());
        lastId = Math.max(lastId, Math.max(link.idFloor(), scan.idFloor()));
        for (LogScan.Gap gap : scan.gaps()) {
            report(segment, gap);
        }
    }

    private void apply(LogEntry entry, LogScan scan) {
        SpoolSegment.Place place = scan.place();
        switch (entry) {
            case LogEntry.BodyPart(QueueId id, int index) -> {
                Draft draft = draft(id, index);
                draft.isIncomplete |= index != draft.pieces.bodyParts();
                draft.pieces.addBodyPart(place);
            }
            case LogEntry.EnvelopePart(QueueId id, int index) -> {
                Draft draft = drafts.computeIfAbsent(id, Draft::new);
                draft.isIncomplete |= index != draft.pieces.envelopeParts();
                draft.pieces.addEnvelopePart(place);
                draft.envelope.add(envelopeBytes(scan));
            }
            case LogEntry.Accepted(LogEntry.Head head) -> accept(head, List.of(), place);
            case LogEntry.Carried(LogEntry.Head head, List<RecoveredMessage.Waiting> waiting) ->
                    accept(head, waiting, place);
            case LogEntry.Fact(SpoolRecord fact) -> {
                boolean isKnown = live.apply(fact, place).isPresent();
                if (isKnown || fact instanceof SpoolRecord.Operator) {
                    place.segment().factsEndAt(place.next().offset());
                } else if (fact instanceof SpoolRecord.Settled settled) {
                    Optional.ofNullable(damaged.get(settled.id()))
                            .ifPresent(message -> message.states.settle(settled.recipients()));
                }
            }
            case LogEntry.StillInForce(SpoolRecord.Operator action) ->
                    live.applyAction(action, place.segment());
            case LogEntry.Quarantined(QueueId id) -> {
                live.quarantine(id);
                damaged.remove(id);
            }
        }
    }

    /// The pieces that a body part joins. A second part 0 begins anew: a copy was given up.
    private Draft draft(QueueId id, int index) {
        Draft old = drafts.computeIfAbsent(id, Draft::new);
        if (index > 0 || old.pieces.bodyParts() == 0) {
            return old;
        }
        old.pieces.drop();
        drafts.remove(id);
        return drafts.computeIfAbsent(id, Draft::new);
    }

    private static ByteBuffer envelopeBytes(LogScan scan) {
        ByteBuffer payload = scan.payload();
        // Leaves the position behind id and index.
        RecordCodec.decode(scan.type(), payload);
        return ByteBuffer.allocate(payload.remaining()).put(payload).flip();
    }

    /// @param waiting of a `carried` record; empty for `accepted`
    private void accept(
            LogEntry.Head read, List<RecoveredMessage.Waiting> waiting, SpoolSegment.Place place) {
        QueueId id = read.id();
        lastId = Math.max(lastId, id.value());
        Draft draft = Optional.ofNullable(drafts.remove(id)).orElseGet(() -> new Draft(id));
        LogEntry.Head head = complete(read, draft);
        boolean isWhole =
                !draft.isIncomplete
                        && head.envelope().isPresent()
                        && draft.pieces.bodyParts() == head.bodyParts()
                        && draft.pieces.envelopeParts() == head.envelopeParts();
        Optional<SpooledMessage> known = live.inQueue(id);
        boolean isCarried = !waiting.isEmpty();
        if (!isWhole && known.isPresent()) {
            // The copy is damaged; the original is not.
            draft.pieces.drop();
            live.accept(known.get().with(waiting));
            return;
        }
        MessageDraft.Location location = draft.pieces.commit(place);
        if (isWhole) {
            // A copy makes good for an original whose parts are reclaimed already.
            damaged.remove(id);
        } else {
            var states =
                    isCarried
                            ? new RecipientStates(head.recipients(), waiting)
                            : new RecipientStates(head.recipients(), head.at());
            damaged.put(id, new DamagedMessage(head, states, location.body(), place.segment()));
        }
        if (head.envelope().isPresent()) {
            known.ifPresent(message -> message.location().unpin());
            live.accept(isCarried ? head.message(location, waiting) : head.message(location));
        } else {
            location.unpin();
        }
        if (!isCarried) {
            place.segment().factsEndAt(place.next().offset());
        }
    }

    private static LogEntry.Head complete(LogEntry.Head head, Draft draft) {
        if (head.envelopeParts() == 0) {
            return head;
        }
        Optional<Envelope> joined = RecordCodec.decodeEnvelope(MessageDraft.join(draft.envelope));
        return joined.map(head::withEnvelope).orElse(head);
    }

    private void report(SpoolSegment segment, LogScan.Gap gap) throws IOException {
        String base = segment.name().replace(".log", "");
        String name = SpoolFiles.QUARANTINE + base + "-" + gap.from() + ".bad";
        copy(segment, gap, name);
        String place = segment.name() + " at " + gap.from() + ": ";
        long bytes = gap.to() - gap.from();
        findings.add(
                gap.isTorn()
                        ? place
                                + "the last write was cut short; its %d bytes were never"
                                        .formatted(bytes)
                                + " acknowledged and are kept in "
                                + name
                        : place
                                + "%d bytes of acknowledged data are damaged and kept in %s;"
                                        .formatted(bytes, name)
                                + " all other mail is delivered");
    }

    private void copy(SpoolSegment segment, LogScan.Gap gap, String name) throws IOException {
        try (SpoolFiles.SpoolFile copy = files.create(name)) {
            ByteBuffer bytes = ByteBuffer.allocate(COPY_BYTES);
            for (long at = gap.from(); at < gap.to(); at += bytes.limit()) {
                bytes.clear().limit((int) Math.min(COPY_BYTES, gap.to() - at));
                segment.readForRecovery(bytes, at);
                copy.write(bytes.position(0), at - gap.from());
            }
            copy.sync();
        }
    }

    /// Keeps what is left of a message, for people: envelope, an empty line, the good parts.
    private void quarantine(DamagedMessage message) throws IOException {
        LogEntry.Head head = message.head;
        String name = SpoolFiles.QUARANTINE + head.id() + ".message";
        var text = new StringBuilder("id " + head.id() + "\nsize " + head.size() + "\n");
        head.envelope().ifPresent(envelope -> describe(envelope, text));
        text.append('\n');
        try (SpoolFiles.SpoolFile file = files.create(name)) {
            ByteBuffer bytes = StandardCharsets.UTF_8.encode(text.toString());
            long at = bytes.remaining();
            file.write(bytes, 0);
            for (SpoolSegment.Place place : message.body) {
                ByteBuffer part = place.read();
                // Leaves the position behind id and index.
                RecordCodec.decode(part.get(LogFormat.TYPE_AT), part);
                int length = part.remaining();
                file.write(part, at);
                at += length;
            }
            file.sync();
        }
        live.quarantine(head.id());
        findings.add(
                "message %s was accepted and is damaged in or before %s: it is not delivered;"
                                .formatted(head.id(), message.segment.name())
                        + " what is left of it is kept in "
                        + name);
    }

    private static void describe(Envelope envelope, StringBuilder text) {
        text.append("from ").append(envelope.reversePath()).append('\n');
        for (Recipient recipient : envelope.recipients()) {
            text.append("to ").append(recipient.path()).append('\n');
        }
    }
}
