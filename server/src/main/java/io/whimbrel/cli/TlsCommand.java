package io.whimbrel.cli;

import io.whimbrel.admin.Json;

import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;

import tools.jackson.databind.node.ObjectNode;

/// `whimbrel tls`: how TLS with other hosts went. Confined to one thread.
@Command(name = "tls", description = "How TLS with the hosts of a domain went.")
final class TlsCommand implements Runnable {
    @Mixin private Console console = new Console();
    @Mixin private NodeOptions node = new NodeOptions();

    /// Without a verb there is nothing to do.
    @Override
    public void run() {
        throw console.usage("Say what to do: report");
    }

    @Command(
            name = "report",
            description =
                    "Print yesterday's report (UTC) on sessions with the hosts of a domain, as RFC"
                            + " 8460 has it.")
    int report(
            @Parameters(paramLabel = "DOMAIN", description = "A recipients' domain.") String domain,
            @Option(names = "--today", description = "Of today so far.") boolean isToday) {
        return console.run(() -> {
            ObjectNode request = Json.object().put("verb", "tls-report").put("domain", domain);
            for (ObjectNode line : node.client().lines(request.put("today", isToday))) {
                console.out().println(console.isJson() ? Json.line(line) : line.toPrettyString());
            }
            return Console.OK;
        });
    }
}
