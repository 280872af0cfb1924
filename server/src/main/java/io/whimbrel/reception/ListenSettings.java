package io.whimbrel.reception;

import io.whimbrel.auth.AuthSettings;
import io.whimbrel.header.HeaderRules;
import io.whimbrel.mail.DomainPattern;
import io.whimbrel.mail.DsnPolicy;
import io.whimbrel.mail.IpText;
import io.whimbrel.mail.MailStream;
import io.whimbrel.mail.Network;
import io.whimbrel.policy.DoorSettings;
import io.whimbrel.verification.VerificationSettings;

import java.net.InetSocketAddress;
import java.net.SocketAddress;
import java.net.UnixDomainSocketAddress;
import java.util.List;
import java.util.Optional;

/// One `[[listen]]`: an address that takes mail, and on which terms. Immutable.
///
/// @param hostName said in the greeting and in Received fields; `node.name`
/// @param entrance how clients reach us
/// @param access who may send what
/// @param handling what becomes of messages
/// @param limits what one client may do
public record ListenSettings(
        String hostName,
        Entrance entrance,
        Access access,
        Handling handling,
        SessionLimits limits) {

    /// How clients reach us. Immutable.
    ///
    /// @param address an [InetSocketAddress] or a [UnixDomainSocketAddress]
    /// @param socketMode rights of the file of a UNIX socket
    /// @param isLmtp clients speak LMTP (RFC 2033): LHLO, and a reply for each recipient
    /// @param proxies whose word on the client's address is taken
    /// @param tls how connections are protected
    public record Entrance(
            SocketAddress address, int socketMode, boolean isLmtp, Proxies proxies, ListenTls tls) {

        public static Entrance of(SocketAddress address) {
            return new Entrance(address, 0660, false, Proxies.NONE, ListenTls.NONE);
        }
    }

    /// Networks of proxies that may say who their client is. Immutable.
    ///
    /// @param proxyProtocolFrom their connections begin with a header of the PROXY protocol
    /// @param xclientFrom may send XCLIENT
    public record Proxies(List<Network> proxyProtocolFrom, List<Network> xclientFrom) {
        public static final Proxies NONE = new Proxies(List.of(), List.of());

        public Proxies {
            proxyProtocolFrom = List.copyOf(proxyProtocolFrom);
            xclientFrom = List.copyOf(xclientFrom);
        }
    }

    /// Who may send what. Immutable.
    ///
    /// @param relayFrom networks whose clients may relay; without AUTH nobody else may
    /// @param auth who may log in
    /// @param fromDomains whom the From field and the reverse-path may name, of clients that may
    ///   relay; empty for anybody
    /// @param door what is asked of clients before
    public record Access(
            List<Network> relayFrom,
            AuthSettings auth,
            List<DomainPattern> fromDomains,
            DoorSettings door) {

        public Access {
            relayFrom = List.copyOf(relayFrom);
            fromDomains = List.copyOf(fromDomains);
        }

        public static Access of(List<Network> relayFrom) {
            return new Access(relayFrom, AuthSettings.NONE, List.of(), DoorSettings.NONE);
        }
    }

    /// What becomes of messages. Immutable.
    ///
    /// @param stream tenant, class and (where no header names one) campaign of mail taken here
    /// @param campaignHeader header field whose value names the campaign; empty for none
    /// @param dsnPolicy which notices may be sent for mail taken here
    /// @param header how the header is treated
    /// @param offered extensions of MAIL
    /// @param verification checks of mail from clients that may not relay
    public record Handling(
            MailStream stream,
            Optional<String> campaignHeader,
            DsnPolicy dsnPolicy,
            HeaderRules header,
            Offered offered,
            VerificationSettings verification) {

        public static final Handling DEFAULT = of(MailStream.NONE);

        public static Handling of(MailStream stream) {
            return new Handling(
                    stream,
                    Optional.empty(),
                    DsnPolicy.FULL,
                    HeaderRules.DEFAULT,
                    Offered.DEFAULT,
                    VerificationSettings.NONE);
        }
    }

    public SocketAddress address() {
        return entrance.address;
    }

    /// Where TCP connections come in; empty for a UNIX socket.
    public Optional<InetSocketAddress> tcpAddress() {
        return entrance.address instanceof InetSocketAddress tcp
                ? Optional.of(tcp)
                : Optional.empty();
    }

    /// The address for logs and metrics, `0.0.0.0:587` or the path of a UNIX socket.
    public String label() {
        return label(entrance.address);
    }

    static String label(SocketAddress address) {
        return address instanceof InetSocketAddress tcp
                ? IpText.of(tcp.getAddress()) + ":" + tcp.getPort()
                : address.toString();
    }

    public boolean isLmtp() {
        return entrance.isLmtp;
    }

    public HeaderRules header() {
        return handling.header;
    }
}
