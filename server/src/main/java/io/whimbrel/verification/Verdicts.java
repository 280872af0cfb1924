package io.whimbrel.verification;

import io.whimbrel.smtp.SmtpReply;

import java.net.InetAddress;
import java.util.List;
import java.util.Optional;

/// What was found out about one message. Immutable. Of a check that is not wanted there is nothing.
///
/// @param client who sent it
/// @param dkim in the order of the signatures; one that says `NONE` where there is none
/// @param refusal what policy wants to be answered instead of 250
public record Verdicts(
        InetAddress client,
        Optional<SpfVerdict> spf,
        List<DkimVerdict> dkim,
        Optional<DmarcVerdict> dmarc,
        Optional<ArcVerdict> arc,
        Optional<SmtpReply> refusal) {

    public Verdicts {
        dkim = List.copyOf(dkim);
    }

    /// The `Authentication-Results` field that tells all of it (RFC 8601), folded, with CRLF at its
    /// end. It goes above everything that came, and below our Received field.
    ///
    /// @param authservId who says so: a host name of ours
    public byte[] field(String authservId) {
        return AuthenticationResults.render(authservId, this);
    }
}
