package io.whimbrel.policy;

import io.prometheus.metrics.model.registry.PrometheusRegistry;
import io.whimbrel.mail.DomainPattern;
import io.whimbrel.mail.Network;
import io.whimbrel.mail.Rate;
import io.whimbrel.metrics.DoorMetrics;
import io.whimbrel.policy.TenantSettings.Limits;
import io.whimbrel.policy.TenantSettings.TenantQuotas;
import io.whimbrel.smtp.CommandParser;
import io.whimbrel.smtp.SmtpCommand;
import io.whimbrel.smtp.SmtpPath;

import java.nio.charset.StandardCharsets;
import java.util.List;
import java.util.Optional;
import java.util.OptionalInt;
import java.util.OptionalLong;
import java.util.stream.Stream;

/// What tests of this room are made of. Stateless.
final class Policies {
    private Policies() {}

    static DoorMetrics metrics() {
        return new DoorMetrics(new PrometheusRegistry());
    }

    static List<Rate> rates(String... texts) {
        return Stream.of(texts).map(text -> Rate.parse(text).orElseThrow()).toList();
    }

    static TenantSettings withQuotas(
            String name, List<Rate> messages, List<Rate> recipients, List<Rate> bytes) {
        return tenant(
                name, List.of(), List.of(), new TenantQuotas(messages, recipients, bytes), 1_000);
    }

    static TenantSettings withDomains(List<String> domains, List<String> reversePaths) {
        return tenant("shop", domains, reversePaths, TenantQuotas.NONE, 1_000);
    }

    static TenantSettings withConnections(String name, int most) {
        return tenant(name, List.of(), List.of(), TenantQuotas.NONE, most);
    }

    static TenantSettings withIdentity(
            String name, List<String> networks, List<String> certificates) {
        TenantSettings plain = TenantSettings.withoutRules(name);
        return new TenantSettings(
                name,
                plain.fromDomains(),
                plain.reversePaths(),
                plain.pool(),
                plain.quotas(),
                plain.limits(),
                plain.priority(),
                plain.classes(),
                plain.campaignHeader(),
                plain.dsnPolicy(),
                plain.mayControl(),
                networks.stream().map(it -> Network.parse(it).orElseThrow()).toList(),
                certificates,
                plain.expire());
    }

    private static TenantSettings tenant(
            String name,
            List<String> domains,
            List<String> reversePaths,
            TenantQuotas quotas,
            int connections) {
        return new TenantSettings(
                name,
                domains.stream().map(it -> DomainPattern.parse(it).orElseThrow()).toList(),
                reversePaths.stream().map(it -> AddressPattern.parse(it).orElseThrow()).toList(),
                Optional.empty(),
                quotas,
                new Limits(OptionalLong.empty(), OptionalInt.empty(), OptionalInt.of(connections)),
                Optional.empty(),
                List.of(),
                Optional.empty(),
                Optional.empty(),
                false,
                List.of(),
                List.of(),
                Optional.empty());
    }

    /// The path of a RCPT command as a session reads it; empty where it is refused as malformed.
    static Optional<SmtpPath> forwardPath(String written) {
        byte[] line = ("RCPT TO:" + written).getBytes(StandardCharsets.UTF_8);
        return CommandParser.parse(line, 0, line.length) instanceof SmtpCommand.Rcpt rcpt
                ? Optional.of(rcpt.forwardPath())
                : Optional.empty();
    }
}
