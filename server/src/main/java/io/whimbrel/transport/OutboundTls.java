package io.whimbrel.transport;

import io.whimbrel.mail.DomainName;
import io.whimbrel.mail.TlsRequirement;
import io.whimbrel.metrics.TlsOutMetrics;
import io.whimbrel.tls.CertificateFiles;
import io.whimbrel.tls.ClientTls;
import io.whimbrel.tls.ServerTrust;

import java.io.IOException;
import java.net.InetAddress;
import java.time.Instant;
import java.time.InstantSource;
import java.util.ArrayList;
import java.util.Map;
import java.util.Optional;
import java.util.function.Function;

/// All that delivery needs for TLS, as one configuration has it. Immutable, but for what it leads
/// to, which goes on over a reload. Thread-safe.
public final class OutboundTls {
    private final TlsOutSettings settings;
    private final TlsPolicies policies;
    private final ClientTls client;
    private final ServerTrust trust;
    private final TlsMemory memory;

    /// @param byProvider what provider files say
    /// @param sts of domains; answers None where nobody is to be asked
    /// @param dane of hosts
    /// @throws IOException where `ca-file` or a certificate of ours cannot be used; names file and
    ///   remedy
    public OutboundTls(
            TlsOutSettings settings,
            Map<String, String> byProvider,
            Function<DomainName, StsAnswer> sts,
            DaneAnswer.Source dane,
            TlsMemory memory)
            throws IOException {
        this.settings = settings;
        this.policies = new TlsPolicies(settings, byProvider, sts, dane);
        this.client = new ClientTls(settings.minimum());
        this.trust = trust(settings);
        this.memory = memory;
        checkOwn();
    }

    private void checkOwn() throws IOException {
        var files = new ArrayList<CertificateFiles>();
        settings.certificate().ifPresent(files::add);
        settings.rules().forEach(rule -> rule.certificate().ifPresent(files::add));
        for (CertificateFiles own : files) {
            Optional<String> trouble = client.trouble(own);
            if (trouble.isPresent()) {
                throw new IOException(trouble.get());
            }
        }
    }

    private static ServerTrust trust(TlsOutSettings settings) throws IOException {
        return settings.caFile().isPresent()
                ? ServerTrust.ofJavaAnd(settings.caFile().get())
                : ServerTrust.ofJava();
    }

    /// With the default settings, and nobody who asks the DNS.
    public static OutboundTls opportunistic(InstantSource clock, TlsOutMetrics metrics) {
        try {
            return new OutboundTls(
                    TlsOutSettings.DEFAULT,
                    Map.of(),
                    _ -> new StsAnswer.None(),
                    (_, _, _) -> new DaneAnswer.None(),
                    new TlsMemory(new BrokenTls(clock), new TlsResults(clock), metrics));
        } catch (IOException e) {
            throw new IllegalStateException("the default needs no file", e);
        }
    }

    public TlsOutSettings settings() {
        return settings;
    }

    public ClientTls client() {
        return client;
    }

    public ServerTrust trust() {
        return trust;
    }

    public TlsMemory memory() {
        return memory;
    }

    /// As [TlsPolicies#forDomain]; asked again for each message, cheap where the domain is known.
    ///
    /// @param isByMx whether the domain's own hosts are to take it, so that what it publishes
    ///   counts
    public DomainTls forDomain(
            DomainName domain, String provider, TlsRequirement asked, boolean isByMx) {
        return policies.forDomain(domain, provider, asked, isByMx);
    }

    /// As [TlsPolicies#forHost].
    public TlsPolicy forHost(DomainTls domain, HostPlace host) {
        return policies.forHost(domain, host);
    }

    /// Whether a message may go over a session that began for another domain.
    public boolean allows(DomainTls domain, TlsAchieved session, Instant now) {
        return session.satisfies(forHost(domain, session.facts().host()), now);
    }

    /// Whether STARTTLS is to be used with this host now.
    public boolean isWorthTrying(TlsPolicy policy, HostPlace place, InetAddress address) {
        return policy.needsTls()
                || (policy.mayUseTls() && !memory.broken().contains(place, address));
    }

    /// The handshake failed or stalled, and plain text worked.
    public void broke(HostPlace place, InetAddress address) {
        memory.broken().failed(place, address, settings.rememberBroken());
    }

    /// What is missing for a policy in mode testing.
    public Optional<TlsShortfall> observed(TlsPolicy policy, TlsAchieved session) {
        return policy.observed().flatMap(session::shortfall);
    }
}
