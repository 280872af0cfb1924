package io.whimbrel.reception;

import io.whimbrel.auth.AuthSettings;
import io.whimbrel.auth.Authenticator;
import io.whimbrel.dns.Resolver;
import io.whimbrel.metrics.Metrics;
import io.whimbrel.policy.Bans;
import io.whimbrel.policy.Blocklists;
import io.whimbrel.policy.DomainExistence;
import io.whimbrel.policy.DoorRates;
import io.whimbrel.policy.Quotas;
import io.whimbrel.policy.RecipientPolicy;
import io.whimbrel.policy.SenderRules;
import io.whimbrel.policy.TenantConnections;
import io.whimbrel.policy.Tenants;
import io.whimbrel.tls.ServerTls;
import io.whimbrel.tls.ServerTlsSettings;
import io.whimbrel.tls.TlsProvider;
import io.whimbrel.tls.TlsReload;
import io.whimbrel.verification.Verification;
import io.whimbrel.verification.VerificationSettings;

import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

import java.io.IOException;
import java.net.SocketAddress;
import java.time.Instant;
import java.time.InstantSource;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;

/// Makes the terms of listeners from settings, and keeps what has to outlive a reload: who failed
/// to log in, who is banned, what is used of quotas, sessions of TLS. Thread-safe.
final class Doorkeeper {
    private static final Logger LOG = LoggerFactory.getLogger(Doorkeeper.class);

    private final Metrics metrics;
    private final InstantSource clock;
    private final Quotas quotas;
    private final Bans bans;
    private final TenantConnections connections;
    private final SenderRules senders;
    private final Map<AuthSettings, Authenticator> authenticators = new HashMap<>();
    private final Map<ServerTlsSettings, ServerTls> tls = new HashMap<>();

    /// What was said of certificates last, so that it is not said each minute.
    private final Set<String> told = new HashSet<>();

    /// Whose certificates the metric is about, by the label of the listener.
    private final Map<String, ServerTls> tlsOfListeners = new HashMap<>();

    private final Map<SocketAddress, DoorRates> rates = new HashMap<>();

    /// @param quotas kept over restarts by whoever made them
    Doorkeeper(Quotas quotas, Metrics metrics, InstantSource clock) {
        this.quotas = quotas;
        this.metrics = metrics;
        this.clock = clock;
        this.bans = new Bans(clock, metrics.door);
        this.connections = new TenantConnections(metrics.door);
        this.senders = new SenderRules(metrics.door);
    }

    /// The terms of all listeners, in their order. Settings that some listener had before get the
    /// same parts again.
    ///
    /// @throws IOException where a certificate cannot be used; the message names file and remedy
    synchronized List<ListenTerms> terms(ReceptionSettings settings, Resolver resolver)
            throws IOException {
        for (ListenSettings listen : settings.listens()) {
            // All that can fail comes first: then nothing has changed.
            Optional<ServerTls> _ = serverTls(listen);
        }
        var tenants = new Tenants(settings.tenants());
        var shared =
                new Door.Shared(
                        senders,
                        quotas,
                        connections,
                        new Blocklists(
                                resolver,
                                Blocklists.PATIENCE,
                                () -> clock.millis() * 1_000_000,
                                metrics.door),
                        new DomainExistence(resolver, metrics.door));
        var terms = new ArrayList<ListenTerms>();
        for (ListenSettings listen : settings.listens()) {
            var recipients =
                    new RecipientPolicy(
                            settings.inbound(),
                            ListenTerms.domainOf(listen.hostName()),
                            metrics.door);
            var door =
                    new Door(
                            listen.access().door(),
                            tenants,
                            recipients,
                            rates(listen),
                            settings.pools(),
                            shared);
            terms.add(
                    ListenTerms.of(
                            listen,
                            new ListenTerms.Parts(
                                    serverTls(listen),
                                    authenticators.computeIfAbsent(
                                            listen.access().auth(),
                                            auth -> new Authenticator(auth, metrics.auth, clock)),
                                    verification(listen, resolver),
                                    door)));
        }
        quotas.keepOnly(tenants);
        keepTlsOf(terms);
        authenticators
                .keySet()
                .retainAll(
                        settings.listens().stream().map(listen -> listen.access().auth()).toList());
        return terms;
    }

    /// Certificates that no listener has any more are not looked after.
    private void keepTlsOf(List<ListenTerms> terms) {
        tlsOfListeners.clear();
        for (ListenTerms one : terms) {
            one.tls().ifPresent(its -> tlsOfListeners.put(one.settings().label(), its));
        }
        tls.values().retainAll(tlsOfListeners.values());
        tellOfCertificates();
    }

    /// Logs warnings that are new; one about an expiry is new each day.
    private void tellOfCertificates() {
        List<String> warnings =
                tls.values().stream().flatMap(it -> it.warnings().stream()).toList();
        for (String warning : warnings) {
            if (told.add(warning)) {
                LOG.warn("TLS: {}", warning);
            }
        }
        told.retainAll(warnings);
        var expires = new HashMap<String, Instant>();
        tlsOfListeners.forEach((label, its) -> expires.put(label, its.expires()));
        metrics.tls.expire(expires);
    }

    private Optional<Verification> verification(ListenSettings listen, Resolver resolver) {
        VerificationSettings wanted = listen.handling().verification();
        return wanted.isActive()
                ? Optional.of(new Verification(wanted, resolver, metrics.verification, clock))
                : Optional.empty();
    }

    private DoorRates rates(ListenSettings listen) {
        var limits = listen.access().door().limits();
        DoorRates known =
                rates.computeIfAbsent(
                        listen.address(), _ -> new DoorRates(limits, bans, clock, metrics.door));
        known.reload(limits);
        return known;
    }

    private Optional<ServerTls> serverTls(ListenSettings listen) throws IOException {
        Optional<ServerTlsSettings> wanted = listen.entrance().tls().settings();
        if (wanted.isEmpty()) {
            return Optional.empty();
        }
        ServerTls known = tls.get(wanted.get());
        if (known == null) {
            if (tls.isEmpty()) {
                LOG.info("TLS by {}", TlsProvider.preferred().text());
            }
            known = ServerTls.load(wanted.get(), clock);
            tls.put(wanted.get(), known);
        }
        return Optional.of(known);
    }

    /// Reads certificates anew where their files changed; once a minute is enough.
    ///
    /// @return what cannot be used, a line each; those of before stay in force
    synchronized List<String> refreshCertificates() {
        var failures = new ArrayList<String>();
        for (ServerTls one : tls.values()) {
            switch (one.reloadIfChanged()) {
                case TlsReload.Unchanged() -> {}
                case TlsReload.Reloaded _ ->
                        LOG.info("TLS: certificates read anew: {}", one.settings().certificates());
                case TlsReload.Failed(String message, boolean isNew) -> {
                    failures.add(message);
                    if (isNew) {
                        LOG.error("TLS: {}; the certificates of before stay in force", message);
                    }
                }
            }
        }
        tellOfCertificates();
        return failures;
    }

    /// How many connections tenants have.
    TenantConnections connections() {
        return connections;
    }

    Bans bans() {
        return bans;
    }
}
