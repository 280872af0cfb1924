package io.whimbrel.spool;

import io.whimbrel.index.MessageRow.FramePlace;
import io.whimbrel.mail.QueueId;

import java.nio.ByteBuffer;
import java.time.DateTimeException;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;

/// A place in the log up to which the index is true, and what the log said there that the index has
/// no rows for. Recovery begins here. Immutable; made by the writer between two batches.
///
/// @param position behind a batch
/// @param generation of its segment, so that the index of another log is noticed
/// @param lastId no queue id up to this one may be given out again
/// @param drafts messages of which parts are in the log, but not the record that commits them
/// @param actions operator actions in force, with the segment of their record
/// @param settled messages with a row that left the queue, of which the event log may not know
record LogMark(
        Position position,
        long generation,
        long lastId,
        List<OpenDraft> drafts,
        List<InForce> actions,
        List<Settled> settled) {
    private static final int VERSION = 1;

    /// @param body places of the body parts so far
    /// @param envelope places of the envelope parts so far
    record OpenDraft(QueueId id, List<FramePlace> body, List<FramePlace> envelope) {}

    /// @param segment where the action's latest record is
    record InForce(SpoolRecord.Operator record, long segment) {}

    /// @param at behind the record by which the last recipient left
    record Settled(QueueId id, Position at) {}

    /// Of a log that is to be read from its oldest segment on.
    static LogMark startOf(SpoolSegment oldest) {
        var start = new Position(oldest.sequence(), LogFormat.HEADER_BYTES);
        return new LogMark(start, oldest.generation(), 0, List.of(), List.of(), List.of());
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
            return Optional.of(new LogMark(position, generation, lastId, drafts, actions, settled));
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
}
