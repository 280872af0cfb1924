package io.whimbrel.cli;

import io.whimbrel.admin.Json;
import io.whimbrel.cli.QueueText.Reach;
import io.whimbrel.toml.DurationText;

import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;
import picocli.CommandLine.Spec;

import tools.jackson.databind.node.ObjectNode;

import java.io.IOException;
import java.time.Duration;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.Callable;

/// `whimbrel queue`: look at the queue and change it. Exit 0 where that worked, also where there
/// was nothing to act on, 1 where it did not or a message that was named is gone, 2 for a mistake
/// on the command line. A list may be empty.
@Command(
        name = "queue",
        description = "Look at the queue and change it; without a verb, the summary.")
final class QueueCommand implements Callable<Integer> {
    private static final int LIST_MOST = 100_000;

    @Mixin private Console console = new Console();
    @Mixin private NodeOptions node = new NodeOptions();

    @Spec private CommandSpec spec = CommandSpec.create();

    @Override
    public Integer call() {
        return summary();
    }

    @Command(name = "summary", description = "Recipients by state, domain and tenant; holds.")
    int summary() {
        return console.run(() -> {
            ObjectNode request = Json.object().put("verb", "queue-summary");
            for (ObjectNode line : node.client().lines(request)) {
                if (console.isJson()) {
                    console.printJson(line);
                } else {
                    QueueText.summary(line, console.out());
                }
            }
            return Console.OK;
        });
    }

    @Command(name = "list", description = "What waits, oldest due first.")
    int list(
            @Mixin ScopeOptions scope,
            @Option(
                            names = "--limit",
                            paramLabel = "N",
                            defaultValue = "100",
                            description = "At most so many lines, 1 to 100000; default 100.")
                    int limit) {
        if (limit < 1 || limit > LIST_MOST) {
            throw console.usage("--limit is 1 to " + LIST_MOST);
        }
        // One more than is shown, to know whether there are more.
        ObjectNode request = Json.object().put("verb", "queue-list").put("limit", limit + 1);
        scope.addTo(request);
        String whenEmpty = scope.isGiven() ? "nothing like that is queued" : "nothing is queued";
        return console.run(() -> list(request, new QueueText.Listing(console, limit, whenEmpty)));
    }

    @Command(name = "show", description = "One message: envelope, and each recipient's state.")
    int show(@Parameters(paramLabel = "ID", description = "Its queue id.") String id) {
        ObjectNode request = Json.object().put("verb", "queue-show");
        request.put("id", ScopeOptions.requireId(spec, id));
        return console.run(() -> {
            var lines = node.client().lines(request);
            if (console.isJson()) {
                lines.forEach(console::printJson);
            } else {
                QueueText.message(lines, console.out());
            }
            return Console.OK;
        });
    }

    @Command(name = "hold", description = "Try nothing of it, later mail included, until released.")
    int hold(@Mixin ActionOptions action, @Mixin ReasonOption reason) {
        return act(reason.addTo(action.request("queue-hold")), "held", Reach.TO_COME);
    }

    @Command(
            name = "release",
            description =
                    "End the hold with exactly these conditions; with --older-than, all that"
                            + " concern only older mail.")
    int release(@Mixin ActionOptions action) {
        return act(action.request("queue-release"), "released", Reach.RESTRICTED);
    }

    @Command(
            name = "suspend",
            description = {
                "Try nothing of it for a while.",
                "The time counts while the node runs; after a kill, from its last write on."
            })
    int suspend(
            @Mixin ActionOptions action,
            @Option(
                            names = "--for",
                            paramLabel = "TIME",
                            required = true,
                            description = "How long: 30s, 5m, 1h, 2d.")
                    String time,
            @Mixin ReasonOption reason) {
        Duration duration =
                DurationText.parse(time)
                        .filter(it -> it.toSeconds() > 0)
                        .orElseThrow(
                                () -> console.usage("Not a time such as 30s, 5m, 1h: " + time));
        ObjectNode request = reason.addTo(action.request("queue-suspend"));
        return act(
                request.put("seconds", duration.toSeconds()),
                "suspended for " + Words.duration(duration),
                Reach.TO_COME);
    }

    @Command(name = "resume", description = "End the suspension with exactly these conditions.")
    int resume(@Mixin ActionOptions action) {
        return act(action.request("queue-resume"), "resumed", Reach.RESTRICTED);
    }

    @Command(name = "retry-now", description = "What waits for its due time is due now.")
    int retryNow(@Mixin ActionOptions action) {
        return act(action.request("queue-retry-now"), "due now", Reach.QUEUED);
    }

    @Command(name = "bounce", description = "Give up: remove it and tell its senders. A job.")
    int bounce(
            @Mixin ActionOptions action, @Mixin ReasonOption reason, @Mixin DetachOption detach) {
        return job(reason.addTo(action.request("queue-bounce")), "bounced", detach);
    }

    @Command(name = "delete", description = "Remove it; nobody is told. A job.")
    int delete(
            @Mixin ActionOptions action, @Mixin ReasonOption reason, @Mixin DetachOption detach) {
        return job(reason.addTo(action.request("queue-delete")), "deleted", detach);
    }

    @Command(
            name = "move",
            description = {
                "Make it mail of another tenant, campaign or class. A job.",
                "A message moves whole, even where only some of its recipients are meant; those"
                        + " are",
                "counted. Holds and suspensions are of conditions: mail that moves leaves those of"
                        + " its",
                "old tenant and campaign, and meets those of the new ones."
            })
    int move(
            @Mixin ActionOptions action,
            @Mixin MoveOptions to,
            @Mixin ReasonOption reason,
            @Mixin DetachOption detach) {
        return job(reason.addTo(to.addTo(action.request("queue-move"))), "moved", detach);
    }

    @Command(name = "jobs", description = "Jobs that run, and those that ended since the start.")
    int jobs() {
        return console.run(() -> {
            var lines = node.client().lines(Json.object().put("verb", "queue-jobs"));
            if (console.isJson()) {
                lines.forEach(console::printJson);
            } else {
                new JobFollower(console, node.client()).list(lines);
            }
            return Console.OK;
        });
    }

    @Command(name = "cancel", description = "End a job; what it has done stays done.")
    int cancel(@Parameters(paramLabel = "JOB", description = "Its id.") String job) {
        ObjectNode request = Json.object().put("verb", "queue-cancel");
        request.put("job", ScopeOptions.requireId(spec, job));
        return console.run(() -> {
            for (ObjectNode line : node.client().lines(request)) {
                if (console.isJson()) {
                    console.printJson(line);
                } else {
                    new JobFollower(console, node.client()).list(List.of(line));
                }
            }
            return Console.OK;
        });
    }

    private int job(ObjectNode request, String done, DetachOption detach) {
        return console.run(() ->
                new JobFollower(console, node.client()).begin(request, done, detach.isGiven()));
    }

    private int list(ObjectNode request, QueueText.Listing listing) throws IOException {
        for (ObjectNode one : ScopeOptions.oneByOne(request)) {
            Optional<String> refusal = node.client().ask(one, listing::add);
            if (refusal.isPresent()) {
                return console.fail(refusal.get());
            }
        }
        return listing.end();
    }

    /// Where several messages are named, each is acted on, whatever became of the others.
    private int act(ObjectNode request, String done, Reach reach) {
        return console.run(() -> {
            boolean isRefused = false;
            List<ObjectNode> requests = ScopeOptions.oneByOne(request);
            for (ObjectNode one : requests) {
                String about = requests.size() > 1 ? Json.text(one, "id") + ": " : "";
                Optional<String> refusal =
                        node.client().ask(one, line -> printAction(line, about, done, reach));
                if (refusal.isPresent()) {
                    isRefused = true;
                    console.fail(refusal.get());
                }
            }
            return isRefused ? Console.FAILED : Console.OK;
        });
    }

    /// @param about the message, where it is one of several; otherwise `""`
    private void printAction(ObjectNode line, String about, String done, Reach reach) {
        if (console.isJson()) {
            console.printJson(line);
        } else {
            console.out().print(about);
            QueueText.action(line, done, reach, console.out());
        }
    }
}
