package io.whimbrel.tidy;

import java.util.Map;
import java.util.Set;

/// The import table of the server: which room may import which (docs/ARCHITECTURE.md, "Rooms").
/// Every room may also import the words and tools in [#SHARED].
final class Rooms {
    static final Set<String> SHARED = Set.of("smtp", "mail", "time", "metrics");

    /// Rooms that are shared words themselves import almost nothing.
    private static final Map<String, Set<String>> SHARED_MAY_IMPORT =
            Map.of(
                    "smtp", Set.of(),
                    "time", Set.of(),
                    "metrics", Set.of(),
                    "mail", Set.of("smtp"));

    private static final Map<String, Set<String>> MAY_IMPORT =
            Map.ofEntries(
                    Map.entry("dns", Set.of()),
                    Map.entry("tls", Set.of()),
                    Map.entry("state", Set.of()),
                    Map.entry("auth", Set.of("tls")),
                    Map.entry("header", Set.of()),
                    Map.entry("socket", Set.of("tls")),
                    Map.entry("dkim", Set.of()),
                    Map.entry("verification", Set.of("dns", "dkim")),
                    Map.entry("mime", Set.of()),
                    Map.entry("token", Set.of()),
                    Map.entry("keys", Set.of("dns", "dkim", "state")),
                    Map.entry("pickup", Set.of("reception")),
                    Map.entry("log", Set.of("budget")),
                    Map.entry("index", Set.of("log")),
                    Map.entry("budget", Set.of()),
                    Map.entry("spool", Set.of("log", "index", "budget")),
                    Map.entry("toml", Set.of()),
                    Map.entry("dkimport", Set.of("dkim", "keys", "toml")),
                    Map.entry("shaping", Set.of("state")),
                    Map.entry("reaction", Set.of("state", "shaping")),
                    Map.entry("provider", Set.of("toml", "shaping", "reaction")),
                    Map.entry("transport", Set.of("dns", "tls", "state")),
                    Map.entry("tlsrpt", Set.of("dns", "tls", "state", "transport", "reception")),
                    Map.entry("suppression", Set.of()),
                    Map.entry("signing", Set.of("dkim", "keys")),
                    Map.entry("eventlog", Set.of("log", "spool")),
                    Map.entry("salvage", Set.of("log", "spool", "index", "eventlog")),
                    Map.entry("egress", Set.of("shaping")),
                    Map.entry("routing", Set.of("dns", "egress", "provider")),
                    Map.entry("schedule", Set.of("spool", "shaping", "egress", "budget")),
                    Map.entry(
                            "policy",
                            Set.of("state", "dns", "auth", "signing", "egress", "suppression")),
                    Map.entry(
                            "outcome",
                            Set.of(
                                    "spool",
                                    "schedule",
                                    "shaping",
                                    "reaction",
                                    "egress",
                                    "suppression",
                                    "eventlog")),
                    Map.entry(
                            "delivery",
                            Set.of(
                                    "state",
                                    "routing",
                                    "transport",
                                    "wire",
                                    "tls",
                                    "signing",
                                    "mime",
                                    "token",
                                    "spool",
                                    "schedule",
                                    "shaping",
                                    "reaction",
                                    "egress",
                                    "outcome")),
                    Map.entry("wire", Set.of("egress", "routing", "tls")),
                    Map.entry("feedback", Set.of("spool", "suppression", "eventlog")),
                    Map.entry(
                            "reception",
                            Set.of(
                                    "tls",
                                    "auth",
                                    "header",
                                    "socket",
                                    "verification",
                                    "dns",
                                    "policy",
                                    "spool",
                                    "schedule",
                                    "feedback",
                                    "eventlog",
                                    "budget")));

    private Rooms() {}

    /// Whether code in `room` may import from `imported`. The empty room is `Main`, which may all.
    static boolean mayImport(String room, String imported) {
        if (room.isEmpty() || room.equals(imported)) {
            return true;
        }
        if (SHARED_MAY_IMPORT.containsKey(room)) {
            return SHARED_MAY_IMPORT.get(room).contains(imported);
        }
        if (SHARED.contains(imported)) {
            return true;
        }
        return switch (room) {
            // Only settings records: checked by name in Tidy.
            case "config" -> !imported.equals("admin") && !imported.equals("cli");
            case "admin", "cli", "submission", "keydesk", "doctor" ->
                    !imported.equals("reception") && !imported.equals("delivery");
            default -> MAY_IMPORT.getOrDefault(room, Set.of()).contains(imported);
        };
    }

    /// Whether a room of this name has a line in the table.
    static boolean isKnown(String room) {
        return room.isEmpty()
                || SHARED.contains(room)
                || MAY_IMPORT.containsKey(room)
                || room.equals("config")
                || room.equals("admin")
                || room.equals("cli")
                || room.equals("submission")
                || room.equals("keydesk")
                || room.equals("doctor");
    }
}
