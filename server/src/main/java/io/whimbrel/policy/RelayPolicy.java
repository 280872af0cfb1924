package io.whimbrel.policy;

import io.whimbrel.mail.IpText;
import io.whimbrel.mail.Network;
import io.whimbrel.smtp.SmtpReply;

import java.net.InetAddress;
import java.util.List;

/// Who may relay: clients in listed networks, and nobody else. Immutable.
///
/// @param relayFrom the listed networks; empty where nobody may relay
public record RelayPolicy(List<Network> relayFrom) {

    public RelayPolicy {
        relayFrom = List.copyOf(relayFrom);
    }

    public boolean mayRelay(InetAddress client) {
        for (Network network : relayFrom) {
            if (network.contains(client)) {
                return true;
            }
        }
        return false;
    }

    /// What a client that may not relay is told for each recipient.
    public static SmtpReply refusal(InetAddress client) {
        String text = "Relaying denied: relay-from does not list " + IpText.of(client);
        return SmtpReply.of(550, 5, 7, 1, text);
    }
}
