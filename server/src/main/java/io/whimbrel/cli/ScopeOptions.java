package io.whimbrel.cli;

import io.whimbrel.mail.DomainName;
import io.whimbrel.mail.QueueId;
import io.whimbrel.mail.QueueScope;

import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.ParameterException;
import picocli.CommandLine.Spec;

import tools.jackson.databind.node.ObjectNode;

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

    /// Puts the conditions into `request`.
    ///
    /// @throws ParameterException where one is no id or no domain
    void addTo(ObjectNode request) {
        id.ifPresent(text -> request.put("id", requireId(spec, text)));
        domain.ifPresent(text -> request.put("domain", requireDomain(text)));
        tenant.ifPresent(text -> request.put("tenant", text));
        campaign.ifPresent(text -> request.put("campaign", text));
    }

    /// The conditions as a scope; all mail where there is none.
    ///
    /// @throws ParameterException where one is no id or no domain
    QueueScope scope() {
        return new QueueScope(
                id.map(text -> requireId(spec, text)).flatMap(QueueId::parse),
                domain.map(this::requireDomain).flatMap(DomainName::parse),
                tenant,
                campaign);
    }

    /// As [#addTo], for verbs that change the queue: they need a condition, or `--all`.
    void addTo(ObjectNode request, boolean isAll) {
        addTo(request);
        if (isGiven() == isAll) {
            throw Console.usage(
                    spec,
                    isAll
                            ? "--all contradicts a condition: give one or the other"
                            : "Which mail? Give --id, --domain, --tenant or --campaign (several"
                                    + " combine), or --all for the whole queue");
        }
        if (isAll) {
            request.put("all", true);
        }
    }

    /// Whether there is any condition.
    boolean isGiven() {
        return id.isPresent() || domain.isPresent() || tenant.isPresent() || campaign.isPresent();
    }

    static String requireId(CommandSpec spec, String text) {
        return QueueId.parse(text)
                .map(QueueId::toString)
                .orElseThrow(() ->
                        Console.usage(spec, "Not a queue id, which has 13 characters: " + text));
    }

    private String requireDomain(String text) {
        return DomainName.parse(text)
                .map(DomainName::value)
                .orElseThrow(() -> Console.usage(spec, "Not a domain: " + text));
    }
}
