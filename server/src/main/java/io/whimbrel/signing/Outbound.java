package io.whimbrel.signing;

import io.whimbrel.mail.AddedField;
import io.whimbrel.mail.BodySource;
import io.whimbrel.mail.MailStream;
import io.whimbrel.mail.QueueId;

import java.util.List;
import java.util.function.Supplier;

/// A message that is about to leave. Immutable.
///
/// @param id of the message in the queue
/// @param stream whose mail it is
/// @param size octets, without `added`
/// @param bodies the message from its beginning, at each call
/// @param isSevenBit `bodies` have their 8-bit text encoded, unlike what is in the spool
/// @param hasOthers others of its recipients are sent to apart
/// @param added fields that are to stand in front of it
/// @param recipient whom alone `added` is for; [#EVERYBODY]: all
public record Outbound(
        QueueId id,
        MailStream stream,
        long size,
        Supplier<BodySource> bodies,
        boolean isSevenBit,
        boolean hasOthers,
        List<AddedField> added,
        int recipient) {
    /// As `recipient`.
    public static final int EVERYBODY = -1;

    /// As it lies in the spool.
    public Outbound(
            QueueId id,
            MailStream stream,
            long size,
            Supplier<BodySource> bodies,
            boolean hasOthers) {
        this(id, stream, size, bodies, false, hasOthers, List.of(), EVERYBODY);
    }

    /// Whether what is made now serves other recipients, too.
    boolean isWantedAgain() {
        return hasOthers && recipient == EVERYBODY;
    }
}
