package io.whimbrel.spool;

import io.whimbrel.index.MessageRow;
import io.whimbrel.index.QueueIndex;
import io.whimbrel.log.EnvelopeCodec;
import io.whimbrel.log.FramePlace;
import io.whimbrel.log.LogFormat;
import io.whimbrel.log.Position;
import io.whimbrel.log.SpoolFiles;
import io.whimbrel.log.SpoolSegment;
import io.whimbrel.log.SpoolSegment.DamagedRecord;
import io.whimbrel.mail.Envelope;
import io.whimbrel.mail.QueueId;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.ByteBuffer;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;

/// Reads the log at a start: finds the segments that belong to it, applies every good record, and
/// tells what was torn, damaged or missing. It changes no segment; what it cannot use it copies to
/// the folder `quarantine`. The rules are in `docs/spool-format.md`.
final class SpoolRecovery {
    /// Messages in memory before they are written to the index; of those with many recipients
    /// fewer.
    private static final int CHANGES_AT_ONCE = 10_000;

    private final SpoolFiles files;
    private final LogChain chain;
    private final LiveMessages live;
    private final QueueIndex index;
    private final Indexer indexer;
    private final Position released;
    private final List<Recovery.Finding> findings = new ArrayList<>();
    private final Map<QueueId, Draft> drafts = new HashMap<>();
    private final Map<QueueId, DamagedMessage> damaged = new HashMap<>();
    private long lastId;
    private long bytesRead;
    private final List<Quarantine.LeftOut> leftOut = new ArrayList<>();

    /// Pieces of a message whose commit has not been read yet.
    private static final class Draft {
        private final SpooledMessage.Draft pieces;
        private final List<ByteBuffer> envelope = new ArrayList<>(0);
        private boolean isIncomplete;

        Draft(QueueId id) {
            pieces = new SpooledMessage.Draft(id);
        }
    }

    /// A message that was accepted and cannot be delivered as it was.
    ///
    /// @param states of its recipients, kept here where the envelope is not known
    /// @param location of the parts that are good
    private record DamagedMessage(
            LogEntry.Head head, RecipientStates states, SpooledMessage.Location location) {}

    /// @param released the event log has what is before it
    record Parts(
            SpoolFiles files,
            LogChain chain,
            LiveMessages live,
            QueueIndex index,
            Indexer indexer,
            Position released) {}

    SpoolRecovery(Parts parts) {
        this.files = parts.files;
        this.chain = parts.chain;
        this.live = parts.live;
        this.index = parts.index;
        this.indexer = parts.indexer;
        this.released = parts.released;
    }

    /// Reads the log from `mark` on, or all of it. Then the index is true, and nothing is in
    /// memory.
    void run(Optional<LogMark> mark) throws IOException {
        findings.addAll(chain.findings());
        chain.links().forEach(link -> live.add(link.segment()));
        if (mark.isPresent()) {
            begin(mark.get());
        }
        Position from = mark.map(LogMark::position).orElse(Position.START);
        for (LogChain.Link link : chain.links()) {
            if (link.segment().sequence() < from.segment()) {
                skip(link);
            } else {
                boolean isFirst = link.segment().sequence() == from.segment();
                read(link, isFirst ? from.offset() : LogFormat.HEADER_BYTES);
            }
        }
        live.readingEnds();
        indexer.finish();
        damaged.values().removeIf(this::isSettled);
        damaged.values().removeIf(message -> !quarantine(message));
        indexer.finish();
        drafts.values().forEach(draft -> draft.pieces.drop());
        drafts.clear();
        if (!chain.links().isEmpty()) {
            // After a kill the last batch, and the name of its segment, may be in memory only, and
            // from here on they count: the header of the next segment names them.
            chain.links().getLast().segment().file().sync();
        }
        files.syncFolder();
    }

    List<Recovery.Finding> findings() {
        return findings;
    }

    /// The greatest queue id that the log knows.
    long lastId() {
        return lastId;
    }

    /// Of the log, which the index did not know.
    long bytesRead() {
        return bytesRead;
    }

    /// What could not be kept for people: until it is, a start must read the log from the same
    /// place again.
    List<Quarantine.LeftOut> leftOut() {
        return leftOut;
    }

    /// Messages to be taken out of the queue durably.
    List<QueueId> damaged() {
        return damaged.keySet().stream().sorted().toList();
    }

    private void begin(LogMark mark) throws IOException {
        lastId = mark.lastId();
        for (LogMark.InForce action : mark.actions()) {
            inForce(action.record(), mark.position().segment(), action.segment());
        }
        for (LogMark.JobInForce job : mark.jobs()) {
            live.applyJob(job.record(), job.segment());
        }
        for (LogMark.OpenDraft open : mark.drafts()) {
            var draft = new Draft(open.id());
            for (FramePlace frame : open.body()) {
                live.placeIfPresent(frame)
                        .ifPresentOrElse(
                                draft.pieces::addBodyPart, () -> draft.isIncomplete = true);
            }
            for (FramePlace frame : open.envelope()) {
                addEnvelopePart(draft, live.placeIfPresent(frame));
            }
            drafts.put(open.id(), draft);
        }
        for (LogMark.Settled one : mark.settled()) {
            live.leftBefore(one.id(), one.at());
        }
    }

    /// Copies of suspensions say what was left of them when they were made.
    private void inForce(SpoolRecord.Operator action, long period, long segment) {
        if (action.action() instanceof SpoolRecord.OperatorAction.Suspend) {
            live.actions().passed(period, action.at());
        }
        live.applyAction(action, segment);
    }

    /// A message that was given up after the mark may have lost its segment since.
    private static void addEnvelopePart(Draft draft, Optional<SpoolSegment.Place> place) {
        if (place.isEmpty()) {
            draft.isIncomplete = true;
            return;
        }
        try {
            ByteBuffer payload = place.get().read();
            draft.pieces.addEnvelopePart(place.get());
            draft.envelope.add(envelopeBytes(payload.get(LogFormat.TYPE_AT), payload));
        } catch (IOException _) {
            draft.isIncomplete = true;
        }
    }

    /// The index has it. Only where the event log has not come past it yet its last fact is looked
    /// for, so that it can be reclaimed once that is told.
    private void skip(LogChain.Link link) {
        SpoolSegment segment = link.segment();
        segment.endsAt(link.limit());
        if (released.segment() > segment.sequence()) {
            return;
        }
        var scan = new SpoolSegment.Scan(segment, link.limit(), link.isSealed());
        while (scan.next()) {
            if (CommittedRecords.isFactType(scan.type())) {
                segment.factsEndAt(scan.place().next().offset());
            }
        }
    }

    private boolean isSettled(DamagedMessage message) {
        return message.head.envelope().isPresent()
                ? !isQueued(message.head.id())
                : message.states.unsettled() == 0;
    }

    private boolean isQueued(QueueId id) {
        try {
            return index.message(id).filter(row -> !row.entries().isEmpty()).isPresent();
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    private void read(LogChain.Link link, long from) throws IOException {
        SpoolSegment segment = link.segment();
        var scan = new SpoolSegment.Scan(segment, from, link.limit(), link.isSealed());
        while (scan.next()) {
            if (indexer.backlog() > CHANGES_AT_ONCE) {
                live.release(released);
                indexer.finish();
            }
            Optional<LogEntry> entry = RecordCodec.decode(scan.type(), scan.payload());
            if (entry.isPresent()) {
                apply(entry.get(), scan);
            } else {
                String text =
                        "%s at %d: a record of type %d that this version cannot read was skipped"
                                .formatted(segment.name(), scan.place().offset(), scan.type());
                var kind = Recovery.Kind.UNKNOWN_RECORD;
                findings.add(finding(kind, scan.place(), Optional.empty(), text));
            }
        }
        segment.endsAt(scan.end());
        bytesRead += scan.end() - from;
        lastId = Math.max(lastId, Math.max(link.idFloor(), scan.idFloor()));
        for (SpoolSegment.Scan.Gap gap : scan.gaps()) {
            report(segment, gap);
        }
    }

    private void apply(LogEntry entry, SpoolSegment.Scan scan) throws IOException {
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
                draft.envelope.add(envelopeBytes(scan.type(), scan.payload()));
            }
            case LogEntry.Accepted(LogEntry.Head head) -> accept(head, List.of(), place);
            case LogEntry.Carried(LogEntry.Head head, List<RecoveredMessage.Waiting> waiting) ->
                    accept(head, waiting, place);
            case LogEntry.Fact(SpoolRecord.Quarantined fact) -> {
                boolean isInRowOnly = live.inMemory(fact.id()).isEmpty();
                if (!isInRowOnly || !live.wasSettled(fact.id(), place.next())) {
                    live.apply(fact, place);
                }
                place.segment().factsEndAt(place.next().offset());
                damaged.remove(fact.id());
            }
            case LogEntry.Fact(SpoolRecord fact) -> {
                live.actions().passed(place.segment().sequence(), fact.at());
                if (fact instanceof SpoolRecord.Operator) {
                    // What it applies to is in rows, all of it.
                    indexer.finish();
                }
                boolean isKnown =
                        live.apply(fact, place).isPresent() || isAhead(fact, place.next());
                if (fact instanceof SpoolRecord.Operator) {
                    // What comes behind it in the log is not concerned.
                    indexer.finish();
                }
                if (isKnown || fact.isOfNoMessage()) {
                    place.segment().factsEndAt(place.next().offset());
                } else if (fact instanceof SpoolRecord.Settled settled) {
                    Optional.ofNullable(damaged.get(settled.id()))
                            .ifPresent(message -> message.states.settle(settled.recipients()));
                }
            }
            case LogEntry.StillInForce(SpoolRecord.Operator action) ->
                    inForce(action, place.segment().sequence(), place.segment().sequence());
        }
    }

    /// Whether the row of the message that `fact` is about knows more than that.
    private boolean isAhead(SpoolRecord fact, Position next) throws IOException {
        return switch (fact) {
            case SpoolRecord.Settled one -> live.wasSettled(one.id(), next);
            case SpoolRecord.Deferred one -> live.isAhead(one.id());
            case SpoolRecord.Moved one -> live.isAhead(one.id());
            case SpoolRecord.Accepted _,
                    SpoolRecord.Quarantined _,
                    SpoolRecord.Operator _,
                    SpoolRecord.Job _,
                    SpoolRecord.Notice _ ->
                    false;
        };
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

    /// A message in the queue, in memory from here on.
    private Optional<SpooledMessage> known(QueueId id) throws IOException {
        try {
            Optional<SpooledMessage> known = live.bring(id);
            known.ifPresent(indexer::changed);
            return known;
        } catch (DamagedRecord _) {
            // Told when the message is due.
            return Optional.empty();
        }
    }

    private static ByteBuffer envelopeBytes(byte type, ByteBuffer payload) {
        // Leaves the position behind id and index.
        RecordCodec.decode(type, payload);
        return ByteBuffer.allocate(payload.remaining()).put(payload).flip();
    }

    /// @param waiting of a `carried` record; empty for `accepted`
    private void accept(
            LogEntry.Head read, List<RecoveredMessage.Waiting> waiting, SpoolSegment.Place place)
            throws IOException {
        QueueId id = read.id();
        lastId = Math.max(lastId, id.value());
        Draft draft = Optional.ofNullable(drafts.remove(id)).orElseGet(() -> new Draft(id));
        LogEntry.Head head = complete(read, draft);
        boolean isWhole =
                !draft.isIncomplete
                        && head.envelope().isPresent()
                        && draft.pieces.bodyParts() == head.bodyParts()
                        && draft.pieces.envelopeParts() == head.envelopeParts();
        Optional<MessageRow> row = index.message(id);
        boolean isCarried = !waiting.isEmpty();
        if (!isWhole && isCarried) {
            Optional<SpooledMessage> original = known(id);
            if (original.isPresent()) {
                // The copy is damaged; the original is not.
                draft.pieces.drop();
                enter(original.get().with(waiting), original.get().row());
                return;
            }
        }
        SpooledMessage.Location location = draft.pieces.commit(place);
        if (isWhole) {
            // A copy makes good for an original whose parts are reclaimed already.
            damaged.remove(id);
        } else {
            var states =
                    isCarried
                            ? RecipientStates.carried(head.recipients(), waiting)
                            : RecipientStates.accepted(head.recipients(), head.at());
            damaged.put(id, new DamagedMessage(head, states, location));
        }
        if (head.envelope().isPresent()) {
            Optional<SpooledMessage> earlier = live.inMemory(id);
            enter(
                    isCarried ? head.message(location, waiting) : head.message(location),
                    earlier.isPresent() ? earlier.get().row() : row);
        } else {
            location.unpin();
        }
        if (!isCarried) {
            place.segment().factsEndAt(place.next().offset());
        }
    }

    /// @param row what the index has of the message
    private void enter(SpooledMessage message, Optional<MessageRow> row) {
        message.rowIs(row);
        message.states().restAll();
        // What the record replaces must not reach the index any more.
        live.enter(message);
        indexer.changed(message);
    }

    private static LogEntry.Head complete(LogEntry.Head head, Draft draft) {
        if (head.envelopeParts() == 0) {
            return head;
        }
        Optional<Envelope> joined = EnvelopeCodec.decode(SpooledMessage.Draft.join(draft.envelope));
        return joined.map(head::withEnvelope).orElse(head);
    }

    private void report(SpoolSegment segment, SpoolSegment.Scan.Gap gap) {
        String kept =
                Quarantine.keepBytes(files, segment, gap.from(), gap.to())
                        .orElse("are kept in " + Quarantine.nameOf(segment, gap.from()));
        String place = segment.name() + " at " + gap.from() + ": ";
        long bytes = gap.to() - gap.from();
        String text =
                gap.isTorn()
                        ? place
                                + "the last write was cut short; its %d bytes were never"
                                        .formatted(bytes)
                                + " acknowledged and "
                                + kept
                        : place
                                + "%d bytes of acknowledged data are damaged and %s;"
                                        .formatted(bytes, kept)
                                + " all other mail is delivered";
        var kind = gap.isTorn() ? Recovery.Kind.TORN : Recovery.Kind.DAMAGED;
        findings.add(
                new Recovery.Finding(
                        kind, segment.sequence(), gap.from(), bytes, Optional.empty(), text));
    }

    private static Recovery.Finding finding(
            Recovery.Kind kind, SpoolSegment.Place at, Optional<QueueId> message, String text) {
        return new Recovery.Finding(
                kind, at.segment().sequence(), at.offset(), at.length(), message, text);
    }

    /// Keeps what is left of the message, for people: envelope, an empty line, the good parts; the
    /// writer takes it out of the queue. Where that cannot be written it is left out of the queue
    /// and tried again, and the log stays as it is meanwhile.
    ///
    /// @return whether it is kept
    private boolean quarantine(DamagedMessage message) {
        LogEntry.Head head = message.head;
        var remains =
                new Quarantine.Remains(
                        head.id(),
                        head.size(),
                        head.envelope(),
                        message.location.body(),
                        List.of());
        Optional<String> trouble = remains.keep(files);
        if (trouble.isPresent()) {
            leftOut.add(new Quarantine.LeftOut(remains, unsettled(message)));
            live.leaveOut(head.id());
        }
        SpoolSegment.Place at = message.location.accepted();
        String text =
                "message %s was accepted and is damaged in or before %s: it is not delivered;"
                                .formatted(head.id(), at.segment().name())
                        + " what is left of it "
                        + trouble.map(SpoolRecovery::later).orElseGet(remains::kept);
        findings.add(finding(Recovery.Kind.MESSAGE, at, Optional.of(head.id()), text));
        return trouble.isEmpty();
    }

    private static String later(String trouble) {
        return trouble
                + "; that is tried again each minute, and at each start; until it is kept no space"
                + " of the spool is reclaimed";
    }

    private List<MessageRow.Entry> unsettled(DamagedMessage message) {
        try {
            return live.unsettled(message.head.id());
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }
}
