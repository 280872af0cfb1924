package io.whimbrel.cli;

import io.whimbrel.admin.Json;
import io.whimbrel.mail.DomainName;
import io.whimbrel.mail.QueueId;

import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Parameters;

import tools.jackson.databind.node.ObjectNode;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.Callable;

/// `whimbrel why`: what a message, or the mail of a domain, waits for right now. Of a message that
/// was tried or has left, the event log tells the last that became of it. Exit 1 where nothing
/// waits.
@Command(
        name = "why",
        description = {
            "What a message or the mail of a domain waits for, right now: a limit, a suspension,",
            "its schedule, the DNS, hosts, a connection; with the number and when it changes."
        })
final class WhyCommand implements Callable<Integer> {
    @Mixin private Console console = new Console();
    @Mixin private NodeOptions node = new NodeOptions();

    @Parameters(paramLabel = "DOMAIN|ID", description = "A recipients' domain, or a queue id.")
    private String subject = "";

    @Override
    public Integer call() {
        Optional<QueueId> id = QueueId.parse(subject);
        ObjectNode request = Json.object().put("verb", "why");
        if (id.isPresent()) {
            request.put("id", id.get().toString());
        } else {
            DomainName domain =
                    DomainName.parse(subject)
                            .orElseThrow(() ->
                                    console.usage(
                                            "Neither a domain nor a queue id, which has 13"
                                                    + " characters: "
                                                    + subject));
            request.put("domain", domain.value());
        }
        return console.run(() -> {
            try {
                tell(node.client().lines(request));
            } catch (IOException e) {
                id.ifPresent(it -> tellPast(it, true));
                throw e;
            }
            id.ifPresent(it -> tellPast(it, false));
            return Console.OK;
        });
    }

    private void tell(List<ObjectNode> lines) {
        for (ObjectNode line : lines) {
            if (console.isJson()) {
                console.printJson(line);
            } else {
                console.out().println(Words.printable(Json.text(line, "why")));
            }
        }
    }

    /// The last event of each recipient, where the event log is at hand and people read.
    ///
    /// @param isGone it waits no more
    private void tellPast(QueueId id, boolean isGone) {
        Optional<Path> folder = node.folder().map(it -> it.resolve("events"));
        if (console.isJson() || folder.filter(Files::isDirectory).isEmpty()) {
            return;
        }
        Map<String, ObjectNode> last = new LinkedHashMap<>();
        try {
            for (var message : new EventTrail(folder.get()).ofMessage(id).values()) {
                for (EventTrail.Event event : message) {
                    String kind = Json.text(event.fields(), "event");
                    if (isGone ? !kind.equals("received") : kind.equals("deferred")) {
                        last.put(Json.text(event.fields(), "recipient"), event.fields());
                    }
                }
            }
        } catch (IOException e) {
            console.err().println("the event log cannot be read: " + e.getMessage());
        }
        last.forEach((recipient, event) -> console.out().println(past(recipient, event)));
    }

    private static String past(String recipient, ObjectNode event) {
        String code = Json.shown(event, "code");
        String peer = Json.text(event, "peer");
        return Words.printable(
                recipient
                        + ": "
                        + Json.text(event, "event")
                        + " at "
                        + Words.time(Json.text(event, "time"))
                        + (peer.isEmpty() ? "" : " by " + peer)
                        + (code.isEmpty() ? "" : ": " + code + " " + Json.text(event, "text")));
    }
}
