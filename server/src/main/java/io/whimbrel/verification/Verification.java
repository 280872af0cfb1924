package io.whimbrel.verification;

import io.whimbrel.dns.Resolver;
import io.whimbrel.metrics.VerificationMetrics;
import io.whimbrel.verification.Lookups.DnsLookups;

import java.net.InetAddress;
import java.time.InstantSource;

/// Checks who is to answer for messages that come in. Thread-safe; one for each set of settings.
public final class Verification {
    private final VerificationSettings settings;
    private final Lookups lookups;
    private final VerificationMetrics metrics;
    private final InstantSource clock;

    public Verification(
            VerificationSettings settings,
            Resolver resolver,
            VerificationMetrics metrics,
            InstantSource clock) {
        this(settings, new DnsLookups(resolver), metrics, clock);
    }

    Verification(
            VerificationSettings settings,
            Lookups lookups,
            VerificationMetrics metrics,
            InstantSource clock) {
        this.settings = settings;
        this.lookups = lookups;
        this.metrics = metrics;
        this.clock = clock;
    }

    /// Begins to check one message, and to ask the DNS for SPF.
    ///
    /// @param heloName what the client calls itself; `""` where it said nothing
    /// @param mailFrom the reverse-path without angle brackets; `""` is the null reverse-path
    public MessageCheck begin(InetAddress client, String heloName, String mailFrom) {
        var spfClient = SpfClient.of(client, heloName, mailFrom);
        return new MessageCheck(settings, lookups, metrics, clock, spfClient);
    }
}
