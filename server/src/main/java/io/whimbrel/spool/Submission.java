package io.whimbrel.spool;

import io.whimbrel.smtp.SmtpReply;

import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.locks.LockSupport;
import java.util.function.Consumer;

/// Records that somebody wants in the log, in one batch, with the one who waits for them.
/// Thread-safe: a caller waits, the writer answers.
final class Submission {
    private static final Logger LOG = LoggerFactory.getLogger(Submission.class);

    private final Kind kind;
    private final List<Item> items;
    private final int bytes;
    private final Consumer<List<SpooledMessage>> whenDurable;
    private final List<SpooledMessage> messages = new ArrayList<>(1);
    private Optional<SmtpReply> refusal = Optional.empty();
    private volatile boolean isDone;
    private volatile Optional<Thread> waiter = Optional.empty();

    /// What becomes of a submission when the disk fails or is full.
    enum Kind {
        /// Refused, for the client keeps the message.
        MAIL,
        /// Refused, for the caller is told.
        WAITED,
        /// Kept in memory until it can be made durable.
        OUTCOME
    }

    /// @param head payload
    /// @param tail of a part, its bytes, which follow `head`
    /// @param draft the message that a part or an `accepted` record belongs to
    record Item(LogEntry entry, byte[] head, Bytes tail, Optional<MessageDraft> draft) {

        static Item of(LogEntry entry) {
            byte[] head = RecordCodec.encode(entry);
            return new Item(entry, head, Bytes.NONE, Optional.empty());
        }

        static Item of(LogEntry entry, Bytes tail, MessageDraft draft) {
            return new Item(entry, RecordCodec.encode(entry), tail, Optional.of(draft));
        }

        int frameBytes() {
            return LogFormat.FRAME_BYTES + head.length + tail.length;
        }
    }

    /// A slice of an array that is not changed any more.
    record Bytes(byte[] array, int from, int length) {
        static final Bytes NONE = new Bytes(new byte[0], 0, 0);
    }

    /// @param whenDurable run by the writer after the sync; must not block
    Submission(Kind kind, List<Item> items, Consumer<List<SpooledMessage>> whenDurable) {
        this.kind = kind;
        this.items = items;
        this.whenDurable = whenDurable;
        int sum = 0;
        for (Item item : items) {
            sum = Math.addExact(sum, item.frameBytes());
        }
        this.bytes = sum;
    }

    Kind kind() {
        return kind;
    }

    List<Item> items() {
        return items;
    }

    /// Of all frames.
    int bytes() {
        return bytes;
    }

    boolean isDone() {
        return isDone;
    }

    /// Whether a piece of the message is missing in the log, or nobody wants it any more.
    boolean isAbandoned() {
        for (Item item : items) {
            if (item.draft.isPresent() && item.draft.get().isOver()) {
                return true;
            }
        }
        return false;
    }

    /// The messages that its `accepted` records committed; the writer adds them.
    List<SpooledMessage> messages() {
        return messages;
    }

    void durable() {
        try {
            whenDurable.accept(List.copyOf(messages));
        } catch (RuntimeException e) {
            // A bug elsewhere must not end the writer.
            LOG.error("after a sync", e);
        }
        finish();
    }

    void refuse(SmtpReply reply) {
        for (Item item : items) {
            item.draft.ifPresent(MessageDraft::drop);
        }
        refusal = Optional.of(reply);
        finish();
    }

    /// Waits for the writer, and says why it refused; empty where all is durable. An interrupt does
    /// not end the wait: the records may be in the log by then.
    Optional<SmtpReply> await() {
        waiter = Optional.of(Thread.currentThread());
        boolean isInterrupted = false;
        while (!isDone) {
            LockSupport.park(this);
            isInterrupted |= Thread.interrupted();
        }
        if (isInterrupted) {
            Thread.currentThread().interrupt();
        }
        return refusal;
    }

    private void finish() {
        isDone = true;
        waiter.ifPresent(LockSupport::unpark);
    }
}
