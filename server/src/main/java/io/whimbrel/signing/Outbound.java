package io.whimbrel.signing;

import io.whimbrel.mail.BodySource;
import io.whimbrel.mail.MailStream;
import io.whimbrel.mail.QueueId;

import java.util.function.Supplier;

/// A message that is about to leave. Immutable.
///
/// @param id of the message in the queue
/// @param stream whose mail it is
/// @param size octets, without `added`
/// @param bodies the message from its beginning, at each call
/// @param isSevenBit `bodies` have their 8-bit text encoded, unlike what is in the spool
/// @param isWantedAgain others of its recipients are sent to apart
/// @param added fields that stand in front of it, with CRLF; shared, not to be changed
/// @param recipient whom alone `added` is for; [#EVERYBODY]: all
public record Outbound(
        QueueId id,
        MailStream stream,
        long size,
        Supplier<BodySource> bodies,
        boolean isSevenBit,
        boolean isWantedAgain,
        byte[] added,
        int recipient) {
    /// As `recipient`.
    public static final int EVERYBODY = -1;

    /// As it lies in the spool.
    public Outbound(
            QueueId id,
            MailStream stream,
            long size,
            Supplier<BodySource> bodies,
            boolean isWantedAgain) {
        this(id, stream, size, bodies, false, isWantedAgain, new byte[0], EVERYBODY);
    }
}
