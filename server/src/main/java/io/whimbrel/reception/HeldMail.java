package io.whimbrel.reception;

import io.whimbrel.smtp.SmtpReply;
import io.whimbrel.verification.MessageCheck;
import io.whimbrel.verification.Verdicts;

import java.util.ArrayDeque;
import java.util.Deque;
import java.util.Optional;

/// A message that is held in memory until it is verified, for the verdict stands at its top.
/// Confined to one thread.
///
/// Held as a whole only while the memory of arriving bodies has room; beyond it what comes is
/// checked and dropped, and the message refused for now. Mail that may relay is never held.
final class HeldMail implements AutoCloseable {
    private static final int CHUNK_BYTES = 16 << 10;
    private static final int HEADER_BYTES = 256 << 10;
    private static final SmtpReply NO_ROOM =
            SmtpReply.of(452, 4, 3, 1, "Too much mail is arriving at once; try again soon");

    private final MessageCheck check;
    private final ArrivingBodies.Claim claim;
    private final byte[] received;
    private final Deque<byte[]> chunks = new ArrayDeque<>();
    private int used = CHUNK_BYTES;
    private long seen;
    private long size;
    private boolean isDropped;

    /// @param received our Received field
    HeldMail(MessageCheck check, ArrivingBodies.Claim claim, byte[] received) {
        this.check = check;
        this.claim = claim;
        this.received = received;
    }

    /// Looks at octets as the client sent them.
    void verify(byte[] bytes, int from, int length) {
        seen += length;
        // The header is held twice until it is whole, once by us and once by the check.
        hold(2 * Math.min(seen, HEADER_BYTES));
        check.write(bytes, from, length);
    }

    /// Claims memory for so many bytes; where there is none, what is held is let go.
    private void hold(long bytes) {
        if (!isDropped && !claim.holds(bytes)) {
            // What it had is another's at once; the client may be sending for a long time yet.
            isDropped = true;
            chunks.clear();
            claim.end();
        }
    }

    /// Keeps octets that are to be sent on.
    void write(byte[] bytes, int from, int length) {
        size += length;
        hold(size);
        if (isDropped) {
            return;
        }
        int at = from;
        int end = from + length;
        while (at < end) {
            if (used == CHUNK_BYTES) {
                chunks.add(new byte[CHUNK_BYTES]);
                used = 0;
            }
            int some = Math.min(end - at, CHUNK_BYTES - used);
            System.arraycopy(bytes, at, chunks.getLast(), used, some);
            used += some;
            at += some;
        }
    }

    /// The last octet has come: the message goes to `body`, verdict and Received field first.
    ///
    /// @param authservId who says so
    /// @return why it is not taken; nothing was written then
    Optional<SmtpReply> release(MailStore.Body body, String authservId) {
        Verdicts verdicts = check.end();
        if (isDropped) {
            return Optional.of(NO_ROOM);
        }
        if (verdicts.refusal().isPresent()) {
            return verdicts.refusal();
        }
        byte[] field = verdicts.field(authservId);
        body.write(field, 0, field.length);
        body.write(received, 0, received.length);
        while (!chunks.isEmpty()) {
            byte[] chunk = chunks.removeFirst();
            body.write(chunk, 0, chunks.isEmpty() ? used : CHUNK_BYTES);
        }
        return Optional.empty();
    }

    @Override
    public void close() {
        check.close();
        chunks.clear();
    }
}
