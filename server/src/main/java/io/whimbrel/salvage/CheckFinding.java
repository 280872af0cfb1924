package io.whimbrel.salvage;

import io.whimbrel.mail.QueueId;
import io.whimbrel.spool.OfflineSpool;

import java.util.Optional;

/// One thing that a check found. Immutable.
///
/// @param isDamage whether something is wrong; a note otherwise
/// @param segment of the log; 0 where it is about none
/// @param offset in it; 0 where all of it is meant
/// @param what is so
/// @param consequence for mail
/// @param remedy what to do
public record CheckFinding(
        boolean isDamage,
        long segment,
        long offset,
        Optional<QueueId> message,
        String what,
        String consequence,
        String remedy) {

    /// All in one line.
    @Override
    public String toString() {
        var text = new StringBuilder();
        if (segment > 0) {
            text.append(OfflineSpool.segmentName(segment));
            text.append(offset > 0 ? " at " + offset : "").append(": ");
        }
        message.ifPresent(id -> text.append("message ").append(id).append(": "));
        return text.append(what)
                .append("; ")
                .append(consequence)
                .append("; ")
                .append(remedy)
                .toString();
    }

    static CheckFinding note(long segment, long offset, String what, String consequence) {
        return new CheckFinding(
                false,
                segment,
                offset,
                Optional.empty(),
                what,
                consequence,
                "nothing is to be done");
    }
}
