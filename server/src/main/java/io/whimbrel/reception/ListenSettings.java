package io.whimbrel.reception;

import io.whimbrel.mail.DsnPolicy;
import io.whimbrel.mail.MailStream;
import io.whimbrel.mail.Network;

import java.net.InetSocketAddress;
import java.util.List;
import java.util.Optional;

/// One `[[listen]]`: an address that takes mail, and on which terms. Immutable.
///
/// @param address where to listen
/// @param hostName said in the greeting and in Received fields; `node.name`
/// @param relayFrom networks whose clients may relay; nobody else may
/// @param stream tenant, class and (where no header names one) campaign of mail taken here
/// @param campaignHeader header field whose value names the campaign; empty for none
/// @param dsnPolicy which notices may be sent for mail taken here
/// @param limits what one client may do
public record ListenSettings(
        InetSocketAddress address,
        String hostName,
        List<Network> relayFrom,
        MailStream stream,
        Optional<String> campaignHeader,
        DsnPolicy dsnPolicy,
        SessionLimits limits) {

    public ListenSettings {
        relayFrom = List.copyOf(relayFrom);
    }
}
