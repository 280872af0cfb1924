package io.whimbrel.cli;

import io.whimbrel.mail.DomainName;
import io.whimbrel.mail.QueueId;
import io.whimbrel.mail.QueueScope;
import io.whimbrel.toml.DurationText;

import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.ParameterException;
import picocli.CommandLine.Spec;

import tools.jackson.databind.node.ObjectNode;

import java.time.Duration;
import java.time.Instant;
import java.util.Optional;

/// What queued mail has in common that a verb is about; all conditions that are given must hold.
/// Confined to one thread.
final class MailConditions {
    @Spec(Spec.Target.MIXEE)
    private CommandSpec spec = CommandSpec.create();

    @Option(names = "--domain", paramLabel = "DOMAIN", description = "Recipients in this domain.")
    private Optional<String> domain = Optional.empty();

    @Option(names = "--tenant", paramLabel = "TENANT", description = "Mail of this tenant.")
    private Optional<String> tenant = Optional.empty();

    @Option(names = "--campaign", paramLabel = "NAME", description = "Mail of this campaign.")
    private Optional<String> campaign = Optional.empty();

    @Option(
            names = "--older-than",
            paramLabel = "TIME",
            description = "Mail that was accepted longer ago: 30m, 2h, 3d.")
    private Optional<String> age = Optional.empty();

    /// Puts the conditions into `request`.
    ///
    /// @throws ParameterException where one is no domain or no time
    void addTo(ObjectNode request) {
        domain.ifPresent(text -> request.put("domain", requireDomain(text).value()));
        tenant.ifPresent(text -> request.put("tenant", text));
        campaign.ifPresent(text -> request.put("campaign", text));
        age.ifPresent(text -> request.put("older_than_s", requireAge(text).toSeconds()));
    }

    /// Whether there is any.
    boolean isGiven() {
        return domain.isPresent() || tenant.isPresent() || campaign.isPresent() || age.isPresent();
    }

    /// As a scope; all mail, or all of one message, where there is no condition.
    ///
    /// @param now ages count from here
    /// @throws ParameterException where one is no domain or no time
    QueueScope scope(Optional<QueueId> id, Instant now) {
        var scope = new QueueScope(id, domain.map(this::requireDomain), tenant, campaign);
        return age.map(text -> scope.noLaterThan(QueueId.at(now.minus(requireAge(text)))))
                .orElse(scope);
    }

    private Duration requireAge(String text) {
        return DurationText.parse(text)
                .orElseThrow(() -> Console.usage(spec, "Not a time such as 30m, 2h, 3d: " + text));
    }

    private DomainName requireDomain(String text) {
        return DomainName.parse(text)
                .orElseThrow(() -> Console.usage(spec, "Not a domain: " + text));
    }
}
