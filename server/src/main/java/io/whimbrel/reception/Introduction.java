package io.whimbrel.reception;

import io.whimbrel.mail.Network;
import io.whimbrel.smtp.SmtpCommand;
import io.whimbrel.smtp.SmtpReply;

import java.net.InetAddress;
import java.util.Map;
import java.util.Optional;

/// What XCLIENT makes of a client (Postfix, XCLIENT_README). Pure.
final class Introduction {
    static final SmtpReply BAD =
            SmtpReply.of(501, 5, 5, 4, "XCLIENT: ADDR is no address, or HELO no name");

    private static final String IPV6 = "IPV6:";
    private static final int NAME_MAX = 255;

    private Introduction() {}

    /// The client behind the proxy that `client` is; empty where the attributes make none. Whoever
    /// is not named in `LOGIN` has not authenticated.
    static Optional<Client> of(Client client, SmtpCommand.Xclient command) {
        Map<String, String> attributes = command.attributes();
        Optional<String> given = value(attributes, "ADDR");
        Optional<InetAddress> address =
                given.isEmpty()
                        ? Optional.of(client.address())
                        : Network.parseAddress(withoutPrefix(given.get()));
        Optional<String> name = value(attributes, "HELO").or(client::proxiedName);
        boolean isGoodName = name.isEmpty() || name.get().length() <= NAME_MAX;
        return isGoodName ? address.map(found -> client.introduced(found, name)) : Optional.empty();
    }

    private static String withoutPrefix(String address) {
        return address.regionMatches(true, 0, IPV6, 0, IPV6.length())
                ? address.substring(IPV6.length())
                : address;
    }

    private static Optional<String> value(Map<String, String> attributes, String name) {
        return Optional.ofNullable(attributes.get(name))
                .filter(value -> !value.equalsIgnoreCase("[UNAVAILABLE]"))
                .filter(value -> !value.equalsIgnoreCase("[TEMPUNAVAIL]"));
    }
}
