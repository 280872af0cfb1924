package io.whimbrel.cli;

import io.whimbrel.admin.Json;
import io.whimbrel.budget.MemoryPlan;

import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;

import tools.jackson.databind.JsonNode;
import tools.jackson.databind.node.ObjectNode;

import java.io.PrintWriter;
import java.time.Duration;
import java.util.concurrent.Callable;

/// `whimbrel status`: how the node is. Exit 0 where it takes mail, 1 where it does not.
@Command(name = "status", description = "Version, uptime, listeners, spool and queue of a node.")
final class StatusCommand implements Callable<Integer> {
    @Mixin private Console console = new Console();
    @Mixin private NodeOptions node = new NodeOptions();

    @Override
    public Integer call() {
        return console.run(() -> {
            ObjectNode request = Json.object().put("verb", "status");
            boolean isAccepting = false;
            for (ObjectNode line : node.client().lines(request)) {
                isAccepting |= line.path("accepting").booleanValue(false);
                if (console.isJson()) {
                    console.printJson(line);
                } else {
                    print(line, console.out());
                }
            }
            return isAccepting ? Console.OK : Console.FAILED;
        });
    }

    private static void print(ObjectNode line, PrintWriter out) {
        out.println("node       " + Json.text(line, "name"));
        out.println("version    " + Json.text(line, "version"));
        Duration uptime = Duration.ofSeconds(line.path("uptime_s").asLong(0));
        out.println(
                "up         "
                        + Words.duration(uptime)
                        + ", since "
                        + Words.time(Json.text(line, "started")));
        for (JsonNode listener : line.path("listeners")) {
            out.println("listens on " + listener(listener));
        }
        out.println("spool      " + Words.printable(Json.text(line, "spool")));
        out.println("queued     " + Words.count(line.path("queued").asLong(0), "recipient"));
        if (!Json.text(line, "shaping").isEmpty()) {
            out.println("shaping    " + Json.text(line, "shaping"));
        }
        out.println("memory     " + Json.text(line, "memory"));
        for (JsonNode budget : line.path("budgets")) {
            out.println("budget     " + budget(budget));
        }
        for (JsonNode warning : line.path("warnings")) {
            out.println("warning    " + Words.printable(warning.stringValue("")));
        }
    }

    /// Such as `0.0.0.0:587 (smtp, tls starttls, auth required, 3 connections, certificate until
    /// 2026-12-24T09:00:00Z)`.
    private static String listener(JsonNode listener) {
        String end = Json.text(listener, "certificate_expires");
        return Words.printable(Json.text(listener, "address"))
                + " ("
                + Json.text(listener, "protocol")
                + ", tls "
                + Json.text(listener, "tls")
                + ", auth "
                + Json.text(listener, "auth")
                + ", "
                + Words.count(listener.path("connections").asLong(0), "connection")
                + (end.isEmpty() ? "" : ", certificate until " + Words.time(end))
                + ")";
    }

    /// Such as `entries: 1204 of 280000`.
    private static String budget(JsonNode budget) {
        String label = budget.path("budget").stringValue("");
        boolean isDisk = label.startsWith("disk-");
        return label
                + ": "
                + amount(budget, "used")
                + (isDisk ? " free, mark " : " of ")
                + amount(budget, "limit")
                + (budget.path("felt").booleanValue(false) ? ", FELT" : "");
    }

    private static String amount(JsonNode budget, String field) {
        long value = budget.path(field).asLong(0);
        boolean isInBytes = budget.path("unit").stringValue("").equals("bytes");
        return isInBytes ? MemoryPlan.size(value) : Long.toString(value);
    }
}
