package io.whimbrel.cli;

import io.whimbrel.admin.Json;

import picocli.CommandLine.Mixin;
import picocli.CommandLine.Option;

import tools.jackson.databind.node.ObjectNode;

/// What verbs that change the queue share. Confined to one thread.
final class ActionOptions {
    @Mixin private ScopeOptions scope = new ScopeOptions();

    @Option(names = "--all", description = "The whole queue.")
    private boolean isAll;

    @Option(names = "--dry-run", description = "Only count what would be touched.")
    private boolean isDryRun;

    /// A request for `verb` on what the options name.
    ObjectNode request(String verb) {
        ObjectNode request = Json.object().put("verb", verb);
        scope.addTo(request, isAll);
        return isDryRun ? request.put("dry_run", true) : request;
    }
}
