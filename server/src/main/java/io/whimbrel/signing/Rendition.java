package io.whimbrel.signing;

import io.whimbrel.signing.KeptSignatures.Hashes;
import io.whimbrel.signing.KeptSignatures.Kept;
import io.whimbrel.signing.KeptSignatures.Version;
import io.whimbrel.smtp.SmtpReply;

import java.util.Optional;

/// How a message leaves.
public sealed interface Rendition {

    /// With these fields in front.
    ///
    /// @param front fields with CRLF; shared, not to be changed; may be empty
    /// @param size octets of it all
    /// @param made what [Signing#keep] keeps
    record Ready(byte[] front, long size, Optional<Made> made) implements Rendition {}

    /// It cannot be signed as the configuration wants it, and is not to leave so.
    record Impossible(SmtpReply reply) implements Rendition {}

    /// What was computed for it.
    record Made(Version version, Kept kept, Hashes hashes) {}
}
