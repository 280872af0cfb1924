package io.whimbrel.cli;

import io.whimbrel.admin.Json;

import tools.jackson.databind.JsonNode;
import tools.jackson.databind.node.ObjectNode;

import java.io.PrintWriter;
import java.time.Duration;
import java.util.List;

/// What the verbs about the door tell, for people. Stateless.
final class DoorText {
    private DoorText() {}

    /// Who is banned.
    static void bans(List<ObjectNode> lines, PrintWriter out) {
        if (lines.isEmpty()) {
            out.println("nobody is banned");
            return;
        }
        var table = new TextTable("BANNED", "FOR ANOTHER", "SINCE", "UNTIL", "TIMES", "WHY");
        for (ObjectNode line : lines) {
            table.add(
                    Json.text(line, "network"),
                    left(line, "left_s"),
                    Words.time(Json.text(line, "since")),
                    Words.time(Json.text(line, "until")),
                    line.path("count").asLong(0),
                    Json.text(line, "reason"));
        }
        table.print(out);
    }

    /// Who is locked out.
    static void lockouts(List<ObjectNode> lines, PrintWriter out) {
        if (lines.isEmpty()) {
            out.println("nobody is locked out");
            return;
        }
        var table = new TextTable("USER", "FROM", "FOR ANOTHER", "SINCE", "UNTIL");
        for (ObjectNode line : lines) {
            table.add(
                    orElse(Json.text(line, "user"), "(everybody)"),
                    orElse(Json.text(line, "network"), "(everywhere)"),
                    left(line, "left_s"),
                    Words.time(Json.text(line, "since")),
                    Words.time(Json.text(line, "until")));
        }
        table.print(out);
    }

    /// What tenants have used up: a row for each quota, or one for a tenant without any.
    static void tenants(List<ObjectNode> lines, PrintWriter out) {
        if (lines.isEmpty()) {
            out.println("the configuration has no [[tenant]]");
            return;
        }
        var table = new TextTable("TENANT", "CONNECTIONS", "QUOTA", "OF", "USED", "ROOM AGAIN");
        for (ObjectNode line : lines) {
            String tenant = Json.text(line, "tenant");
            String most = Json.shown(line, "connections_max");
            String connections =
                    Json.shown(line, "connections") + (most.isEmpty() ? "" : " of " + most);
            for (JsonNode quota : line.path("quotas")) {
                table.add(
                        tenant,
                        connections,
                        Json.text(quota, "quota"),
                        Json.text(quota, "of"),
                        used(quota),
                        quota.has("room_in_s") ? "in " + left(quota, "room_in_s") : "now");
                tenant = "";
                connections = "";
            }
            if (line.path("quotas").isEmpty()) {
                table.add(tenant, connections, "none", "", "", "");
            }
        }
        table.print(out);
    }

    /// Such as `1200 (1%)`.
    private static String used(JsonNode quota) {
        long used = quota.path("used").asLong(0);
        long limit = Math.max(1, quota.path("limit").asLong(1));
        return used + " (" + Math.round(100.0 * used / limit) + "%)";
    }

    private static String left(JsonNode line, String field) {
        return Words.duration(Duration.ofSeconds(line.path(field).asLong(0)));
    }

    private static String orElse(String text, String empty) {
        return text.isEmpty() ? empty : text;
    }
}
