package io.whimbrel.cli;

import picocli.CommandLine.Option;

import tools.jackson.databind.node.ObjectNode;

/// Why an operator does something. Confined to one thread.
final class ReasonOption {
    @Option(
            names = "--reason",
            paramLabel = "TEXT",
            defaultValue = "",
            description = "Why, for the event log and those who come after you.")
    private String reason = "";

    ObjectNode addTo(ObjectNode request) {
        return request.put("reason", reason);
    }
}
