package io.whimbrel.cli;

import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.Spec;

import tools.jackson.databind.node.ObjectNode;

import java.util.Optional;

/// Where mail is moved. Confined to one thread.
final class MoveOptions {
    @Spec(Spec.Target.MIXEE)
    private CommandSpec spec = CommandSpec.create();

    @Option(names = "--to-tenant", paramLabel = "TENANT", description = "Its new tenant.")
    private Optional<String> tenant = Optional.empty();

    @Option(names = "--to-campaign", paramLabel = "NAME", description = "Its new campaign.")
    private Optional<String> campaign = Optional.empty();

    @Option(
            names = "--to-class",
            paramLabel = "CLASS",
            description = "Its new class: transactional, normal or bulk.")
    private Optional<String> priority = Optional.empty();

    ObjectNode addTo(ObjectNode request) {
        if (tenant.isEmpty() && campaign.isEmpty() && priority.isEmpty()) {
            throw Console.usage(spec, "Whereto? Give --to-tenant, --to-campaign or --to-class");
        }
        tenant.ifPresent(text -> request.put("to_tenant", text));
        campaign.ifPresent(text -> request.put("to_campaign", text));
        priority.ifPresent(text -> request.put("to_class", text));
        return request;
    }
}
