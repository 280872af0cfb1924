package io.whimbrel.cli;

import io.whimbrel.admin.Json;
import io.whimbrel.mail.QueueId;

import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;

import tools.jackson.databind.node.ObjectNode;

import java.io.IOException;
import java.util.List;
import java.util.Optional;
import java.util.SortedMap;
import java.util.concurrent.Callable;

/// `whimbrel trace`: the life of a message, or of the newest messages of an address, from the event
/// log. Works without a running server. Exit 1 where nothing was found.
@Command(
        name = "trace",
        description = "The life of a message from the event log; needs no running server.")
final class TraceCommand implements Callable<Integer> {
    private static final int LIMIT_MOST = 1_000;

    @Mixin private Console console = new Console();
    @Mixin private DataOptions data = new DataOptions();

    @Parameters(
            paramLabel = "ID|ADDRESS",
            description = "A queue id, or the address of a sender or recipient.")
    private String subject = "";

    @Option(
            names = "--limit",
            paramLabel = "N",
            defaultValue = "10",
            description = "Of an address, the newest N messages, 1 to 1000; default 10.")
    private int limit;

    @Override
    public Integer call() {
        if (limit < 1 || limit > LIMIT_MOST) {
            throw console.usage("--limit is 1 to " + LIMIT_MOST);
        }
        Optional<QueueId> id = QueueId.parse(subject);
        String address = withoutBrackets(subject);
        if (id.isEmpty() && address.indexOf('@') < 0) {
            throw console.usage(
                    "Neither a queue id, which has 13 characters, nor an address: " + subject);
        }
        return console.run(() -> trace(id, address));
    }

    private int trace(Optional<QueueId> id, String address) throws IOException {
        var trail = new EventTrail(data.folder().resolve("events"));
        SortedMap<String, List<EventTrail.Event>> found =
                id.isPresent() ? trail.ofMessage(id.get()) : trail.ofAddress(address, limit);
        boolean isFirst = true;
        for (var message : found.entrySet()) {
            if (!isFirst && !console.isJson()) {
                console.out().println();
            }
            isFirst = false;
            print(message.getKey(), message.getValue());
        }
        if (trail.unreadableLines() > 0) {
            console.err().println(trail.unreadableLines() + " lines of the event log are damaged");
        }
        if (trail.isCut()) {
            console.err().println("there are more events than are shown here");
        }
        return found.isEmpty()
                ? console.fail("the event log knows nothing of " + subject)
                : Console.OK;
    }

    private void print(String id, List<EventTrail.Event> events) {
        if (console.isJson()) {
            events.forEach(event -> console.out().println(event.line()));
            return;
        }
        console.out().println(head(id, events));
        var table = new TextTable("TIME", "EVENT", "RECIPIENT", "TRY", "PEER", "REPLY");
        for (EventTrail.Event event : events) {
            ObjectNode fields = event.fields();
            table.add(
                    Json.text(fields, "time"),
                    Json.text(fields, "event"),
                    Json.text(fields, "recipient"),
                    Json.shown(fields, "attempt"),
                    peer(fields),
                    isReport(id, fields) ? "report " + Json.text(fields, "id") : reply(fields));
        }
        table.print(console.out());
    }

    /// What is the same in all events, said once.
    private static String head(String id, List<EventTrail.Event> events) {
        ObjectNode first = events.getFirst().fields();
        var head = new StringBuilder(id);
        head.append("  from <").append(Json.text(first, "sender")).append('>');
        for (String field : List.of("tenant", "campaign")) {
            String value = Json.text(first, field);
            if (!value.isEmpty()) {
                head.append("  ").append(field).append(' ').append(value);
            }
        }
        if (first.path("size").isNumber()) {
            head.append("  ").append(Words.size(first.path("size").asLong(0)));
        }
        return Words.printable(head.toString());
    }

    /// A report about the message is a message of its own; its id leads on.
    private static boolean isReport(String id, ObjectNode fields) {
        return id.equals(Json.text(fields, "cause"));
    }

    private static String peer(ObjectNode fields) {
        String peer = Json.text(fields, "peer");
        String source = Json.text(fields, "source");
        String tls = Json.text(fields, "tls");
        return (peer.isEmpty() ? Json.text(fields, "site") : peer)
                + (source.isEmpty() ? "" : " from " + source)
                + (tls.isEmpty() ? "" : " over " + tls);
    }

    private static String reply(ObjectNode fields) {
        String text = Json.text(fields, "text");
        String enhanced = Json.text(fields, "enhanced");
        var reply = new StringBuilder(Json.shown(fields, "code"));
        // Many hosts repeat the enhanced status in their text.
        if (!enhanced.isEmpty() && !text.startsWith(enhanced)) {
            reply.append(reply.isEmpty() ? "" : " ").append(enhanced);
        }
        return reply.append(reply.isEmpty() || text.isEmpty() ? "" : " ").append(text).toString();
    }

    private static String withoutBrackets(String text) {
        return text.length() > 2 && text.startsWith("<") && text.endsWith(">")
                ? text.substring(1, text.length() - 1)
                : text;
    }
}
