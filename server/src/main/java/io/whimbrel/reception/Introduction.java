package io.whimbrel.reception;

import io.whimbrel.auth.SaslStep;
import io.whimbrel.mail.Network;
import io.whimbrel.smtp.SmtpCommand;
import io.whimbrel.smtp.SmtpReply;

import java.net.InetAddress;
import java.util.Map;
import java.util.Optional;

/// What XCLIENT makes of a client (Postfix, XCLIENT_README). Immutable.
sealed interface Introduction {

    /// The client behind the proxy.
    record Of(Client behind) implements Introduction {}

    /// The attributes make none.
    record Bad(SmtpReply reply) implements Introduction {}

    Bad NO_ADDRESS = new Bad(SmtpReply.of(501, 5, 5, 4, "XCLIENT: ADDR is no address"));
    Bad NO_NAME = new Bad(SmtpReply.of(501, 5, 5, 4, "XCLIENT: HELO is too long"));
    Bad NO_USER = new Bad(SmtpReply.of(501, 5, 5, 4, "XCLIENT: LOGIN is no user of ours"));

    InetAddress NOBODY = InetAddress.ofLiteral("0.0.0.0");
    String IPV6 = "IPV6:";
    int NAME_MAX = 255;

    /// Whoever is not named in `LOGIN` has not authenticated.
    static Introduction of(Client client, SmtpCommand.Xclient command) {
        Map<String, String> attributes = command.attributes();
        Optional<InetAddress> address = address(client, attributes);
        Optional<String> name = value(attributes, "HELO").or(client::proxiedName);
        Optional<String> user = value(attributes, "LOGIN");
        Optional<SaslStep.Granted> login =
                user.flatMap(it -> client.terms().authenticator().vouched(it));
        if (address.isEmpty()) {
            return NO_ADDRESS;
        }
        if (name.isPresent() && name.get().length() > NAME_MAX) {
            return NO_NAME;
        }
        if (user.isPresent() && login.isEmpty()) {
            return NO_USER;
        }
        return new Of(client.introduced(address.get(), name, login));
    }

    /// A client whose address the proxy does not know is nobody's, and above all not the proxy
    /// itself, which may relay.
    private static Optional<InetAddress> address(Client client, Map<String, String> attributes) {
        if (!attributes.containsKey("ADDR")) {
            return Optional.of(client.address());
        }
        return value(attributes, "ADDR")
                .map(text -> Network.parseAddress(withoutPrefix(text)))
                .orElse(Optional.of(NOBODY));
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
