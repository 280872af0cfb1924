package io.whimbrel.cli;

import io.whimbrel.admin.Json;
import io.whimbrel.config.DurationText;

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

/// `whimbrel queue`: look at the queue and change it. Exit 0 where that worked, 1 where it did not
/// or there was nothing to act on, 2 for a mistake on the command line. A list may be empty.
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
        return lasting(reason.addTo(action.request("queue-hold")), "held");
    }

    @Command(
            name = "release",
            description =
                    "End the hold with exactly these conditions; with --older-than, all that"
                            + " concern only older mail.")
    int release(@Mixin ActionOptions action) {
        return lasting(action.request("queue-release"), "released");
    }

    @Command(name = "suspend", description = "Try nothing of it for a while.")
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
        return lasting(
                request.put("seconds", duration.toSeconds()),
                "suspended for " + Words.duration(duration));
    }

    @Command(name = "resume", description = "End the suspension with exactly these conditions.")
    int resume(@Mixin ActionOptions action) {
        return lasting(action.request("queue-resume"), "resumed");
    }

    @Command(name = "retry-now", description = "What waits for its due time is due now.")
    int retryNow(@Mixin ActionOptions action) {
        return once(action.request("queue-retry-now"), "due now");
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
                "A message moves whole, even where only some of its recipients are meant."
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

    /// Actions that hold for mail yet to come, so that touching nothing now is no failure.
    private int lasting(ObjectNode request, String done) {
        return console.run(() -> act(request, done).isRefused() ? Console.FAILED : Console.OK);
    }

    private int once(ObjectNode request, String done) {
        return console.run(() -> {
            Acted acted = act(request, done);
            if (acted.isRefused()) {
                return Console.FAILED;
            }
            return acted.recipients() > 0 ? Console.OK : console.fail("nothing was found");
        });
    }

    /// What an action did.
    ///
    /// @param recipients that were touched, or would be
    /// @param isRefused for one message at least; it was told why
    private record Acted(long recipients, boolean isRefused) {}

    /// Where several messages are named, each is acted on, whatever became of the others.
    private Acted act(ObjectNode request, String done) throws IOException {
        long[] touched = {0};
        boolean isRefused = false;
        List<ObjectNode> requests = ScopeOptions.oneByOne(request);
        for (ObjectNode one : requests) {
            String about = requests.size() > 1 ? Json.text(one, "id") : "";
            Optional<String> refusal =
                    node.client().ask(one, line -> touched[0] += printAction(line, done, about));
            if (refusal.isPresent()) {
                isRefused = true;
                console.fail(refusal.get());
            }
        }
        return new Acted(touched[0], isRefused);
    }

    /// @param about the message, where it is one of several; otherwise `""`
    private long printAction(ObjectNode line, String done, String about) {
        if (console.isJson()) {
            console.printJson(about.isEmpty() ? line : line.put("id", about));
        } else {
            console.out().print(about.isEmpty() ? "" : about + ": ");
            QueueText.action(line, done, console.out());
        }
        return line.path("recipients").asLong(0);
    }
}
