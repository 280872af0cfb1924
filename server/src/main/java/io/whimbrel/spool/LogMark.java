package io.whimbrel.spool;

import io.whimbrel.log.FramePlace;
import io.whimbrel.log.LogFormat;
import io.whimbrel.log.Payload;
import io.whimbrel.log.Position;
import io.whimbrel.log.SpoolSegment;
import io.whimbrel.mail.QueueId;
import io.whimbrel.mail.QueueScope;
import io.whimbrel.spool.SpoolRecord.OperatorAction;

import java.nio.ByteBuffer;
import java.time.DateTimeException;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.stream.Stream;

/// A place in the log up to which the index is true, and what the log said there that the index has
/// no rows for. Recovery begins here. Immutable; made by the writer between two batches.
///
/// @param position behind a batch
/// @param generation of its segment, so that the index of another log is noticed
/// @param lastId no queue id up to this one may be given out again
/// @param drafts messages of which parts are in the log, but not the record that commits them
/// @param actions operator actions in force, with the segment of their record
/// @param settled messages with a row that left the queue, of which the event log may not know
/// @param jobs that have not ended
record LogMark(
        Position position,
        long generation,
        long lastId,
        List<OpenDraft> drafts,
        List<InForce> actions,
        List<Settled> settled,
        List<JobInForce> jobs) {
    private static final int VERSION = 1;

    /// @param body places of the body parts so far
    /// @param envelope places of the envelope parts so far
    record OpenDraft(QueueId id, List<FramePlace> body, List<FramePlace> envelope) {}

    /// @param segment where the action's latest record is
    record InForce(SpoolRecord.Operator record, long segment) {}

    /// @param segment where the job's latest record is
    record JobInForce(SpoolRecord.Job record, long segment) {}

    /// @param at behind the record by which the last recipient left
    record Settled(QueueId id, Position at) {}

    /// Of a log that is to be read from its oldest segment on.
    static LogMark startOf(SpoolSegment oldest) {
        var start = new Position(oldest.sequence(), LogFormat.HEADER_BYTES);
        return new LogMark(
                start, oldest.generation(), 0, List.of(), List.of(), List.of(), List.of());
    }

    byte[] encode() {
        var out = new Payload.Writer(256);
        out.number(VERSION);
        out.number(position.segment()).number(position.offset());
        out.number(generation).number(lastId).number(drafts.size());
        for (OpenDraft draft : drafts) {
            out.id(draft.id);
            frames(out, draft.body);
            frames(out, draft.envelope);
        }
        out.number(actions.size());
        for (InForce action : actions) {
            out.number(action.segment);
            RecordCodec.operator(out, action.record);
        }
        out.number(settled.size());
        for (Settled one : settled) {
            out.id(one.id).number(one.at.segment()).number(one.at.offset());
        }
        out.number(jobs.size());
        for (JobInForce job : jobs) {
            out.number(job.segment);
            RecordCodec.job(out, job.record);
        }
        return out.toBytes();
    }

    /// Empty where `bytes` are no mark that this version can read.
    static Optional<LogMark> decode(byte[] bytes) {
        var in = new Payload.Reader(ByteBuffer.wrap(bytes));
        try {
            if (in.integer() != VERSION) {
                return Optional.empty();
            }
            var position = new Position(in.size(), in.size());
            long generation = in.number();
            long lastId = in.size();
            var drafts = new ArrayList<OpenDraft>();
            for (int i = in.count(3); i > 0; i--) {
                drafts.add(new OpenDraft(in.id(), frames(in), frames(in)));
            }
            var actions = new ArrayList<InForce>();
            for (int i = in.count(2); i > 0; i--) {
                long segment = in.size();
                actions.add(new InForce(RecordCodec.operator(in), segment));
            }
            var settled = new ArrayList<Settled>();
            for (int i = in.count(3); i > 0; i--) {
                settled.add(new Settled(in.id(), new Position(in.size(), in.size())));
            }
            var jobs = new ArrayList<JobInForce>();
            // Marks of earlier versions end here.
            for (int i = in.isAtEnd() ? 0 : in.count(10); i > 0; i--) {
                long segment = in.size();
                jobs.add(new JobInForce(RecordCodec.job(in), segment));
            }
            return Optional.of(
                    new LogMark(position, generation, lastId, drafts, actions, settled, jobs));
        } catch (Payload.Malformed
                | IllegalArgumentException
                | DateTimeException
                | ArithmeticException _) {
            return Optional.empty();
        }
    }

    private static void frames(Payload.Writer out, List<FramePlace> frames) {
        out.number(frames.size());
        for (FramePlace frame : frames) {
            out.number(frame.segment()).number(frame.offset()).number(frame.length());
        }
    }

    private static List<FramePlace> frames(Payload.Reader in) throws Payload.Malformed {
        var frames = new ArrayList<FramePlace>();
        for (int i = in.count(3); i > 0; i--) {
            frames.add(new FramePlace(in.size(), in.integer(), in.integer()));
        }
        return frames;
    }

    /// Holds and suspensions that last, and where their latest records are. Confined to recovery,
    /// then to the writer.
    ///
    /// A suspension counts the time that the node runs, as far as its log tells: that a wall clock
    /// was set, or the node stood still for a while, ends none. Time passes in *periods*, within
    /// which one steady clock was read: each segment is one while recovery reads, for a start
    /// begins a fresh segment; all that follows is another. What lies between two periods does not
    /// count.
    static final class ActionsInForce {
        private final Map<Key, Lasting> actions = new LinkedHashMap<>();
        private Duration ran = Duration.ZERO;
        private long period = Long.MIN_VALUE;
        private Instant latest = Instant.EPOCH;

        private record Key(boolean isHold, QueueScope scope) {}

        /// @param segment where the action's latest record is
        /// @param endsAt when the node will have run so long
        private record Lasting(SpoolRecord.Operator record, long segment, Duration endsAt) {}

        /// The clock of `inPeriod` says `now`, or said so when a record was made. A time that is
        /// earlier than one before it changes nothing.
        void passed(long inPeriod, Instant now) {
            if (inPeriod != period) {
                period = inPeriod;
                latest = now;
            } else if (now.isAfter(latest)) {
                ran = ran.plus(Duration.between(latest, now));
                latest = now;
            }
        }

        void apply(SpoolRecord.Operator record, long segment) {
            switch (record.action()) {
                case OperatorAction.Hold hold -> {
                    end(true, hold.scope());
                    actions.put(new Key(true, hold.scope()), new Lasting(record, segment, ran));
                }
                case OperatorAction.Release release -> end(true, release.scope());
                case OperatorAction.Suspend suspend -> {
                    end(false, suspend.scope());
                    Duration endsAt = ran.plus(suspend.duration());
                    actions.put(
                            new Key(false, suspend.scope()), new Lasting(record, segment, endsAt));
                }
                case OperatorAction.Resume resume -> end(false, resume.scope());
                case OperatorAction.RetryNow _ -> {}
            }
        }

        private void end(boolean isHold, QueueScope scope) {
            actions.keySet().removeIf(key -> key.isHold == isHold && scope.ends(key.scope));
        }

        /// As a mark has them.
        List<InForce> marks() {
            return lasting().map(action -> new InForce(left(action), action.segment)).toList();
        }

        /// Oldest first; a suspension as if it were made now, for what is left of it.
        List<SpoolRecord.Operator> all() {
            return lasting()
                    .map(this::left)
                    .sorted(Comparator.comparing(SpoolRecord.Operator::at))
                    .toList();
        }

        /// Those whose record is in `segment`, in the same way.
        List<SpoolRecord.Operator> in(SpoolSegment segment) {
            return lasting()
                    .filter(action -> action.segment == segment.sequence())
                    .map(this::left)
                    .toList();
        }

        private Stream<Lasting> lasting() {
            actions.values()
                    .removeIf(action ->
                            action.record.action() instanceof OperatorAction.Suspend
                                    && action.endsAt.compareTo(ran) <= 0);
            return actions.values().stream();
        }

        private SpoolRecord.Operator left(Lasting action) {
            if (action.record.action()
                    instanceof
                    OperatorAction.Suspend(QueueScope scope, Duration _, String reason)) {
                Duration left = action.endsAt.minus(ran);
                return new SpoolRecord.Operator(
                        latest, new OperatorAction.Suspend(scope, left, reason));
            }
            return action.record;
        }
    }
}
