package io.whimbrel.cli;

import io.whimbrel.config.DurationText;
import io.whimbrel.mail.DomainName;
import io.whimbrel.mail.QueueId;

import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.ParameterException;
import picocli.CommandLine.Spec;

import tools.jackson.databind.node.ObjectNode;

import java.time.Duration;
import java.util.Optional;

/// Which queued mail a verb is about. All conditions that are given must hold. Confined to one
/// thread.
final class ScopeOptions {
    @Spec(Spec.Target.MIXEE)
    private CommandSpec spec = CommandSpec.create();

    @Option(names = "--id", paramLabel = "ID", description = "One message.")
    private Optional<String> id = Optional.empty();

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
    /// @throws ParameterException where one is no id or no domain
    void addTo(ObjectNode request) {
        id.ifPresent(text -> request.put("id", requireId(spec, text)));
        domain.ifPresent(text -> request.put("domain", requireDomain(text)));
        tenant.ifPresent(text -> request.put("tenant", text));
        campaign.ifPresent(text -> request.put("campaign", text));
        age.ifPresent(text -> request.put("older_than_s", requireAge(text)));
    }

    /// As [#addTo], for verbs that change the queue: they need a condition, or `--all`.
    void addTo(ObjectNode request, boolean isAll) {
        addTo(request);
        if (isGiven() == isAll) {
            throw Console.usage(
                    spec,
                    isAll
                            ? "--all contradicts a condition: give one or the other"
                            : "Which mail? Give --id, --domain, --tenant, --campaign or"
                                    + " --older-than (several combine), or --all for the whole"
                                    + " queue");
        }
        if (isAll) {
            request.put("all", true);
        }
    }

    /// Whether there is any condition.
    boolean isGiven() {
        return id.isPresent()
                || domain.isPresent()
                || tenant.isPresent()
                || campaign.isPresent()
                || age.isPresent();
    }

    static String requireId(CommandSpec spec, String text) {
        return QueueId.parse(text)
                .map(QueueId::toString)
                .orElseThrow(() ->
                        Console.usage(spec, "Not a queue id, which has 13 characters: " + text));
    }

    private long requireAge(String text) {
        return DurationText.parse(text)
                .map(Duration::toSeconds)
                .orElseThrow(() -> Console.usage(spec, "Not a time such as 30m, 2h, 3d: " + text));
    }

    private String requireDomain(String text) {
        return DomainName.parse(text)
                .map(DomainName::value)
                .orElseThrow(() -> Console.usage(spec, "Not a domain: " + text));
    }
}
