package io.whimbrel.cli;

import io.whimbrel.admin.Json;

import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;

import tools.jackson.databind.node.ObjectNode;

import java.util.List;

/// `whimbrel tls`: how TLS with other hosts went, and who is told. Confined to one thread.
@Command(name = "tls", description = "How TLS with the hosts of a domain went, and who is told.")
final class TlsCommand implements Runnable {
    @Mixin private Console console = new Console();
    @Mixin private NodeOptions node = new NodeOptions();

    /// Without a verb there is nothing to do.
    @Override
    public void run() {
        throw console.usage("Say what to do: report, sent or send");
    }

    @Command(
            name = "report",
            description =
                    "Print yesterday's report (UTC) on sessions with the hosts of a domain, as RFC"
                            + " 8460 has it.")
    int report(
            @Parameters(paramLabel = "DOMAIN", description = "A recipients' domain.") String domain,
            @Option(names = "--today", description = "Of today so far.") boolean isToday,
            @Option(
                            names = "--day",
                            paramLabel = "DAY",
                            defaultValue = "",
                            description = "Of another day, such as 2026-11-27.")
                    String day) {
        return console.run(() -> {
            ObjectNode request = Json.object().put("verb", "tls-report").put("domain", domain);
            if (!day.isEmpty()) {
                request.put("day", day);
            }
            for (ObjectNode line : node.client().lines(request.put("today", isToday))) {
                console.out().println(console.isJson() ? Json.line(line) : line.toPrettyString());
            }
            return Console.OK;
        });
    }

    @Command(
            name = "sent",
            description = "List what has become of the reports of the last days: who was sent one.")
    int sent(
            @Parameters(
                            paramLabel = "DOMAIN",
                            arity = "0..1",
                            defaultValue = "",
                            description = "A recipients' domain; without it all of them.")
                    String domain) {
        return console.run(() -> {
            List<ObjectNode> lines = node.client().lines(request("tls-reports", domain));
            if (console.isJson()) {
                lines.forEach(line -> console.out().println(Json.line(line)));
            } else if (lines.isEmpty()) {
                console.out().println("no report is known");
            } else {
                print(lines);
            }
            return Console.OK;
        });
    }

    @Command(name = "send", description = "Send now what waits for its time or for another try.")
    int send(
            @Parameters(
                            paramLabel = "DOMAIN",
                            arity = "0..1",
                            defaultValue = "",
                            description = "A recipients' domain; without it all of them.")
                    String domain) {
        return console.run(() -> {
            for (ObjectNode line : node.client().lines(request("tls-reports-send", domain))) {
                console.out()
                        .println(
                                console.isJson()
                                        ? Json.line(line)
                                        : line.path("steps").asLong(0)
                                                + " steps were waiting and are due now");
            }
            return Console.OK;
        });
    }

    private static ObjectNode request(String verb, String domain) {
        ObjectNode request = Json.object().put("verb", verb);
        return domain.isEmpty() ? request : request.put("domain", domain);
    }

    private void print(List<ObjectNode> lines) {
        var table = new TextTable("DAY", "DOMAIN", "TO", "STATE", "AT", "TRIES FAILED", "WHAT");
        for (ObjectNode line : lines) {
            String to = Json.text(line, "to");
            table.add(
                    Json.text(line, "day"),
                    Json.text(line, "domain"),
                    to.isEmpty() ? "(who wants it?)" : to,
                    Json.text(line, "state"),
                    Words.time(Json.text(line, "at")),
                    line.path("tries").asLong(0),
                    Json.text(line, "text"));
        }
        table.print(console.out());
    }
}
