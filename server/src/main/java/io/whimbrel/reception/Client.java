package io.whimbrel.reception;

import io.whimbrel.auth.AuthClient;
import io.whimbrel.auth.SaslStep;
import io.whimbrel.mail.IpText;
import io.whimbrel.mail.Network;
import io.whimbrel.policy.DoorClient;
import io.whimbrel.policy.TenantSettings;
import io.whimbrel.tls.ChannelBinding;
import io.whimbrel.tls.TlsFacts;

import java.net.InetAddress;
import java.util.List;
import java.util.Optional;

/// Who is at the other end of a connection, and on which terms. Immutable; a session has another
/// one after STARTTLS, AUTH and XCLIENT.
///
/// @param address of the client, as its proxy has it where there is one
/// @param terms of the listener when the connection came
/// @param isTrustedProxy whether the client may send XCLIENT; not again once it has, for what comes
///   then may be its own client's
/// @param tls how the connection is protected; empty where it is not
/// @param login who has authenticated
/// @param proxiedName what the client called itself, as its proxy has it
/// @param standing whose it is, and what follows from that
record Client(
        InetAddress address,
        ListenTerms terms,
        boolean isTrustedProxy,
        Optional<TlsFacts> tls,
        Optional<SaslStep.Granted> login,
        Optional<String> proxiedName,
        Standing standing) {

    /// Whose client it is. Immutable.
    ///
    /// @param tenant without rules where the configuration has none
    /// @param isListed whether `relay-from` has the address
    /// @param isCertified whether a tenant is known by the client's certificate
    /// @param isNamed whether the tenant follows from the client itself, not from the listener, so
    ///   that no header may name another
    record Standing(
            TenantSettings tenant, boolean isListed, boolean isCertified, boolean isNamed) {}

    /// @param address of the client, not of a proxy that stands between
    static Client of(InetAddress address, ListenTerms terms) {
        return new Client(
                address,
                terms,
                Network.anyContains(terms.settings().entrance().proxies().xclientFrom(), address),
                Optional.empty(),
                Optional.empty(),
                Optional.empty(),
                terms.door().standing(address, terms, Optional.empty(), Optional.empty()));
    }

    Client with(TlsFacts facts) {
        return with(address, isTrustedProxy, Optional.of(facts), login, proxiedName);
    }

    Client with(Optional<SaslStep.Granted> granted) {
        return with(address, isTrustedProxy, tls, granted, proxiedName);
    }

    /// The client behind this one, which is a proxy. TLS is the proxy's.
    Client introduced(
            InetAddress behind, Optional<String> name, Optional<SaslStep.Granted> granted) {
        return with(behind, false, tls.map(TlsFacts::withoutIdentity), granted, name);
    }

    private Client with(
            InetAddress client,
            boolean isProxy,
            Optional<TlsFacts> facts,
            Optional<SaslStep.Granted> granted,
            Optional<String> name) {
        return new Client(
                client,
                terms,
                isProxy,
                facts,
                granted,
                name,
                terms.door().standing(client, terms, facts, granted));
    }

    /// Whether mail to any domain is taken from here.
    boolean mayRelay() {
        return standing.isListed || standing.isCertified || login.isPresent();
    }

    /// Whether no mail is taken before AUTH.
    boolean mustAuthenticate() {
        return terms.requiresAuth() && login.isEmpty() && !standing.isCertified;
    }

    /// Whether header fields direct its messages.
    boolean mayControl() {
        return mayRelay()
                && (terms.settings().header().mayControl()
                        || standing.tenant.mayControl()
                        || login.filter(granted -> granted.identity().mayControl()).isPresent());
    }

    /// Which extensions MAIL may use: a stranger may not have us hold or hurry mail.
    Offered offered() {
        Offered all = mayRelay() ? terms.settings().handling().offered() : Offered.NONE;
        return all.withAuth(terms.offersAuth()).withRequireTls(tls.isPresent());
    }

    /// Whether its mail is checked by SPF, DKIM and so on: mail of others that comes in.
    boolean isVerified() {
        return !mayRelay() && terms.verification().isPresent();
    }

    /// The field whose value names the campaign.
    Optional<String> campaignHeader() {
        return standing.tenant
                .campaignHeader()
                .or(() -> terms.settings().handling().campaignHeader());
    }

    long messageBytesMax() {
        long most = terms.limits().messageBytesMax();
        return Math.min(most, standing.tenant.limits().messageBytesMax().orElse(most));
    }

    int recipientsMax() {
        int most = terms.limits().recipientsMax();
        return Math.min(most, standing.tenant.limits().recipientsMax().orElse(most));
    }

    AuthClient authClient() {
        List<ChannelBinding> bindings = tls.map(TlsFacts::channelBindings).orElse(List.of());
        return new AuthClient(address, terms.settings().label(), tls.isPresent(), bindings);
    }

    DoorClient doorClient() {
        return new DoorClient(address, mayRelay());
    }

    /// The address as a literal, `[192.0.2.7]` or `[IPv6:2001:db8::7]` (RFC 5321 §4.1.3).
    String literal() {
        return IpText.literal(address);
    }
}
