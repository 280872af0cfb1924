package io.whimbrel.reception;

import io.whimbrel.auth.AuthSettings;
import io.whimbrel.header.HeaderRules;
import io.whimbrel.mail.DomainPattern;
import io.whimbrel.mail.DsnPolicy;
import io.whimbrel.mail.MailStream;
import io.whimbrel.mail.Network;
import io.whimbrel.policy.DoorSettings;
import io.whimbrel.policy.InboundSettings;
import io.whimbrel.policy.TenantSettings;
import io.whimbrel.reception.ListenSettings.Access;
import io.whimbrel.reception.ListenSettings.Entrance;
import io.whimbrel.reception.ListenSettings.Handling;
import io.whimbrel.reception.ListenSettings.Proxies;
import io.whimbrel.tls.ServerTlsSettings;
import io.whimbrel.verification.VerificationSettings;

import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.SocketAddress;
import java.util.List;
import java.util.Optional;
import java.util.Set;

/// Settings of a reception with one listener, put together piece by piece: strangers on a free
/// loopback port in plain text, unless told otherwise. Confined to one thread.
final class TestListens {
    private SocketAddress address = new InetSocketAddress(InetAddress.getLoopbackAddress(), 0);
    private int mode = 0600;
    private boolean isLmtp;
    private Proxies proxies = Proxies.NONE;
    private ListenTls tls = ListenTls.NONE;
    private List<Network> relayFrom = List.of();
    private AuthSettings auth = AuthSettings.NONE;
    private DoorSettings door = DoorSettings.NONE;
    private VerificationSettings verification = VerificationSettings.NONE;
    private SessionLimits limits = SessionLimits.DEFAULT;
    private List<TenantSettings> tenants = List.of();
    private List<InboundSettings> inbound = List.of();

    TestListens on(SocketAddress where, int rights) {
        address = where;
        mode = rights;
        return this;
    }

    TestListens lmtp() {
        isLmtp = true;
        return this;
    }

    /// Connections begin with a header of the PROXY protocol.
    TestListens proxied() {
        proxies = new Proxies(TestReception.EVERYBODY, List.of());
        return this;
    }

    TestListens tls(TlsMode when, ServerTlsSettings settings) {
        tls = new ListenTls(when, Optional.of(settings));
        return this;
    }

    TestListens relayFrom(List<Network> networks) {
        relayFrom = networks;
        return this;
    }

    TestListens auth(AuthSettings settings) {
        auth = settings;
        return this;
    }

    TestListens door(DoorSettings settings) {
        door = settings;
        return this;
    }

    TestListens verified(VerificationSettings settings) {
        verification = settings;
        return this;
    }

    TestListens limits(SessionLimits settings) {
        limits = settings;
        return this;
    }

    TestListens tenants(TenantTerms... all) {
        tenants = List.of(all).stream().map(TenantTerms::settings).toList();
        return this;
    }

    TestListens inbound(String domain) {
        inbound = List.of(new InboundSettings(DomainPattern.parse(domain).orElseThrow()));
        return this;
    }

    ListenSettings listen() {
        return new ListenSettings(
                TestReception.HOST,
                new Entrance(address, mode, isLmtp, proxies, tls),
                new Access(relayFrom, auth, List.of(), door),
                new Handling(
                        MailStream.NONE,
                        Optional.empty(),
                        DsnPolicy.FULL,
                        HeaderRules.DEFAULT,
                        Offered.DEFAULT,
                        verification),
                limits);
    }

    ReceptionSettings settings() {
        return new ReceptionSettings(List.of(listen()), tenants, inbound, Set.of());
    }
}
