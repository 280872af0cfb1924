package io.whimbrel.pickup;

import io.whimbrel.mail.DsnPolicy;
import io.whimbrel.mail.MailStream;

import java.nio.file.Path;
import java.util.Optional;

/// `[pickup]`: the folder that mail is left in, and on which terms it is taken. Immutable.
///
/// @param folder absolute
/// @param openTo who may leave mail
/// @param messageBytesMax the largest message, its envelope lines included; a larger one is bad
/// @param stream tenant, class and (where no header names one) campaign of this mail
/// @param campaignHeader header field whose value names the campaign; empty for none
/// @param dsnPolicy which notices may be sent for this mail
public record PickupSettings(
        Path folder,
        Access openTo,
        long messageBytesMax,
        MailStream stream,
        Optional<String> campaignHeader,
        DsnPolicy dsnPolicy) {

    /// As listeners have it.
    public static final long MESSAGE_BYTES_MAX_DEFAULT = 50L << 20;

    /// Who may leave mail in the folder.
    public enum Access {
        /// The user the server runs as, and root.
        OWNER,
        /// Every user of the machine: a drop box, where nobody sees what others left.
        EVERYONE
    }

    /// A folder with all else as it is where the file says nothing.
    public static PickupSettings in(Path folder) {
        return new PickupSettings(
                folder,
                Access.OWNER,
                MESSAGE_BYTES_MAX_DEFAULT,
                MailStream.NONE,
                Optional.empty(),
                DsnPolicy.FULL);
    }
}
