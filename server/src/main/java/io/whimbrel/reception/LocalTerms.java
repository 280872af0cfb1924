package io.whimbrel.reception;

import io.whimbrel.mail.DsnPolicy;
import io.whimbrel.mail.MailStream;

import java.time.Duration;
import java.util.Optional;

/// On which terms mail of this machine is taken. Immutable.
///
/// @param hostName said in Received fields; `node.name`
/// @param stream tenant, class and (where no header names one) campaign
/// @param campaignHeader header field whose value names the campaign; empty for none
/// @param dsnPolicy which notices may be sent
/// @param messageBytesMax the largest message
/// @param expire how long it is tried, where the tenant's mail is not tried for less
public record LocalTerms(
        String hostName,
        MailStream stream,
        Optional<String> campaignHeader,
        DsnPolicy dsnPolicy,
        long messageBytesMax,
        Optional<Duration> expire) {

    /// Tried as long as the tenant's or the node's mail.
    public LocalTerms(
            String hostName,
            MailStream stream,
            Optional<String> campaignHeader,
            DsnPolicy dsnPolicy,
            long messageBytesMax) {
        this(hostName, stream, campaignHeader, dsnPolicy, messageBytesMax, Optional.empty());
    }
}
