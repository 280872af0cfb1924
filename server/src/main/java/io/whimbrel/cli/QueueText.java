package io.whimbrel.cli;

import io.whimbrel.admin.Json;

import tools.jackson.databind.JsonNode;
import tools.jackson.databind.node.ObjectNode;

import java.io.PrintWriter;
import java.time.Duration;
import java.util.List;

/// The queue as people read it, from the lines of the server. Stateless but for [Listing].
final class QueueText {
    /// Where an action on what is queued finds nothing, which is no failure.
    static final String NOTHING = "nothing is queued in that scope";

    private static final String ACCEPTED_BY = "accepted_by";

    private QueueText() {}

    static void summary(ObjectNode line, PrintWriter out) {
        long recipients = line.path("recipients").asLong(0);
        out.println(Words.count(recipients, "recipient") + " queued" + oldest(line));
        var states = new TextTable("STATE", "RECIPIENTS");
        for (var state : line.path("states").properties()) {
            states.add(state.getKey(), state.getValue().asLong(0));
        }
        print(states, out);
        var domains = new TextTable("DOMAIN", "RECIPIENTS", "IN FLIGHT", "SITE");
        for (JsonNode domain : line.path("domains")) {
            domains.add(
                    Json.text(domain, "domain"),
                    domain.path("recipients").asLong(0),
                    domain.path("in_flight").asLong(0),
                    Json.text(domain, "site"));
        }
        print(domains, out);
        var tenants = new TextTable("TENANT", "RECIPIENTS");
        for (JsonNode tenant : line.path("tenants")) {
            tenants.add(orDash(Json.text(tenant, "tenant")), tenant.path("recipients").asLong(0));
        }
        print(tenants, out);
        print(campaigns(line), out);
        var restrictions = new TextTable("IN FORCE", "SCOPE", "FOR", "REASON");
        for (JsonNode restriction : line.path("restrictions")) {
            restrictions.add(
                    Json.text(restriction, "action"),
                    scope(restriction),
                    restriction.has("left_s") ? "another " + seconds(restriction, "left_s") : "",
                    Json.text(restriction, "reason"));
        }
        print(restrictions, out);
    }

    /// Of no lines where no campaign has a name.
    private static TextTable campaigns(ObjectNode line) {
        var campaigns = new TextTable("CAMPAIGN", "TENANT", "RECIPIENTS");
        JsonNode all = line.path("campaigns");
        if (all.valueStream().allMatch(one -> Json.text(one, "campaign").isEmpty())) {
            return campaigns;
        }
        for (JsonNode campaign : all) {
            campaigns.add(
                    orDash(Json.text(campaign, "campaign")),
                    orDash(Json.text(campaign, "tenant")),
                    campaign.path("recipients").asLong(0));
        }
        return campaigns;
    }

    /// A message and its recipients, as `queue show` prints them.
    static void message(List<ObjectNode> lines, PrintWriter out) {
        ObjectNode head = lines.getFirst();
        out.println("id          " + Json.text(head, "id"));
        out.println("sender      " + path(head, "sender"));
        out.println("received    " + time(head, "received") + ", " + age(head) + " ago");
        out.println("size        " + Words.size(head.path("size").asLong(0)));
        out.println("class       " + Json.text(head, "class"));
        optional(out, "tenant      ", Json.text(head, "tenant"));
        optional(out, "campaign    ", Json.text(head, "campaign"));
        optional(out, "envelope id ", Json.text(head, "envelope_id"));
        optional(out, "user        ", Json.text(head, "user"));
        optional(out, "pool        ", Json.text(head, "pool"));
        optional(out, "not before  ", time(head, "not_before"));
        optional(out, "expires     ", time(head, "expires"));
        optional(out, "mt-priority ", Json.shown(head, "mt_priority"));
        head.path("meta")
                .propertyStream()
                .forEach(one ->
                        optional(
                                out,
                                "meta        ",
                                one.getKey() + "=" + one.getValue().stringValue("")));
        out.println("notices     " + Json.text(head, "dsn"));
        var table = new TextTable("RECIPIENT", "STATE", "ATTEMPTS", "DUE IN", "SITE", "WHY");
        for (JsonNode recipient : lines.subList(1, lines.size())) {
            table.add(
                    path(recipient, "recipient"),
                    Json.text(recipient, "state"),
                    recipient.path("attempts").asLong(0),
                    recipient.has("due_in_s") ? seconds(recipient, "due_in_s") : "",
                    Json.text(recipient, "site"),
                    Json.text(recipient, "why"));
        }
        print(table, out);
    }

    /// Which mail an action concerns, beside what it says it did.
    enum Reach {
        /// What is queued now.
        QUEUED,
        /// That, and mail that comes later.
        TO_COME,
        /// What an earlier action has to do with.
        RESTRICTED
    }

    /// What an action did, or would do.
    ///
    /// @param done what became of a recipient
    static void action(ObjectNode line, String done, Reach reach, PrintWriter out) {
        long count = line.path("recipients").asLong(0);
        String recipients = Words.count(count, "recipient");
        boolean isAged = line.has(ACCEPTED_BY);
        if (!line.path("dry_run").booleanValue(false)) {
            if (count == 0 && reach == Reach.QUEUED) {
                out.println(NOTHING);
            } else if (count == 0 && reach == Reach.TO_COME && !isAged) {
                out.println("0 recipients are queued now; mail that comes is " + done);
            } else {
                String which = isAged ? " (accepted by " + time(line, ACCEPTED_BY) + ")" : "";
                out.println(recipients + " " + done + which + kept(line));
                line.path("kept_by").forEach(share -> out.println(remedy(share)));
            }
            return;
        }
        long inFlight = line.path("in_flight").asLong(0);
        out.println(
                recipients
                        + " would be "
                        + done
                        + (inFlight > 0 ? " (" + inFlight + " of them are in flight now)" : ""));
    }

    /// What else keeps some of it, by which hold or suspension.
    private static String kept(ObjectNode line) {
        long kept = line.path("kept").asLong(0);
        if (kept == 0) {
            return "";
        }
        var text = new StringBuilder("; " + Words.count(kept, "recipient") + " still kept by");
        String before = " ";
        for (JsonNode share : line.path("kept_by")) {
            text.append(before)
                    .append(Json.text(share, "action"))
                    .append(' ')
                    .append(Words.printable(scope(share)))
                    .append(" (")
                    .append(share.path("recipients").asLong(0))
                    .append(')');
            before = ", ";
        }
        return text.toString();
    }

    /// What ends a hold or suspension that keeps mail. An age needs an option of its own: without
    /// it a release ends another hold, of mail of any age.
    private static String remedy(JsonNode share) {
        boolean isHold = Json.text(share, "action").equals("hold");
        var command = new StringBuilder("whimbrel queue ").append(isHold ? "release" : "resume");
        if (share.has("all")) {
            command.append(" --all");
        }
        if (share.has("id")) {
            command.append(' ').append(Json.text(share, "id"));
        }
        for (String condition : List.of("domain", "tenant", "campaign")) {
            if (share.has(condition)) {
                String value = Words.shellWord(Json.text(share, condition));
                command.append(" --").append(condition).append(' ').append(value);
            }
        }
        if (share.has("older_than_s")) {
            command.append(" --older-than ").append(share.path("older_than_s").asLong(0));
            command.append('s');
        }
        return (isHold ? "that hold" : "that suspension") + " ends with `" + command + "`";
    }

    /// The lines of `queue list` while they arrive. At most `limit` are kept.
    static final class Listing {
        private final Console console;
        private final int limit;
        private final String whenEmpty;
        private final TextTable table =
                new TextTable(
                        "ID",
                        "STATE",
                        "DUE IN",
                        "TRIES",
                        "AGE",
                        "SIZE",
                        "SENDER",
                        "RECIPIENT",
                        "TENANT",
                        "WHY");
        private int count;

        Listing(Console console, int limit, String whenEmpty) {
            this.console = console;
            this.limit = limit;
            this.whenEmpty = whenEmpty;
        }

        void add(ObjectNode line) {
            count++;
            if (count > limit) {
                return;
            }
            if (console.isJson()) {
                console.printJson(line);
                return;
            }
            long others = line.path("recipients").asLong(1) - 1;
            table.add(
                    Json.text(line, "id"),
                    Json.text(line, "state"),
                    seconds(line, "due_in_s"),
                    line.path("attempts").asLong(0),
                    age(line),
                    Words.size(line.path("size").asLong(0)),
                    path(line, "sender"),
                    path(line, "recipient") + (others > 0 ? " +" + others : ""),
                    orDash(Json.text(line, "tenant")),
                    Json.text(line, "why"));
        }

        /// Prints what is left to print. An empty list is as good an answer as any: with `--json`
        /// it has no line.
        ///
        /// @return the exit code
        int end() {
            if (!table.isEmpty()) {
                table.print(console.out());
            }
            if (count == 0 && !console.isJson()) {
                console.out().println(whenEmpty);
            }
            if (count > limit) {
                console.err().println("more is queued: see them with --limit N");
            }
            return Console.OK;
        }
    }

    private static void print(TextTable table, PrintWriter out) {
        if (!table.isEmpty()) {
            out.println();
            table.print(out);
        }
    }

    private static void optional(PrintWriter out, String title, String text) {
        if (!text.isEmpty()) {
            out.println(title + Words.printable(text));
        }
    }

    private static String oldest(ObjectNode line) {
        // The node knows the minute only.
        boolean isOld = line.path("oldest_s").asDouble(0) >= 60;
        return isOld ? ", the oldest for at most " + seconds(line, "oldest_s") : "";
    }

    /// Conditions as people read them.
    static String scope(JsonNode restriction) {
        var words = new StringBuilder();
        for (String condition : List.of("id", "domain", "tenant", "campaign", ACCEPTED_BY)) {
            if (restriction.has(condition)) {
                words.append(words.isEmpty() ? "" : " ").append(condition).append('=');
                words.append(
                        condition.equals(ACCEPTED_BY)
                                ? time(restriction, condition)
                                : Json.text(restriction, condition));
            }
        }
        return words.isEmpty() ? "everything" : words.toString();
    }

    private static String time(JsonNode line, String field) {
        return Words.time(Json.text(line, field));
    }

    private static String path(JsonNode line, String field) {
        return Words.printable("<" + Json.text(line, field) + ">");
    }

    private static String age(JsonNode line) {
        return seconds(line, "age_s");
    }

    private static String seconds(JsonNode line, String field) {
        return Words.duration(Duration.ofSeconds(line.path(field).asLong(0)));
    }

    private static String orDash(String text) {
        return text.isEmpty() ? "-" : text;
    }
}
