package io.whimbrel.cli;

import io.whimbrel.admin.AdminClient;
import io.whimbrel.admin.Json;

import tools.jackson.databind.node.ObjectNode;

import java.io.IOException;
import java.time.Duration;
import java.util.List;

/// Begins jobs and tells how far they are. Confined to one thread.
final class JobFollower {
    private final Console console;
    private final AdminClient client;

    /// The width of the line that is rewritten on the terminal.
    private int shown;

    JobFollower(Console console, AdminClient client) {
        this.console = console;
        this.client = client;
    }

    /// Begins a job and follows it to its end.
    ///
    /// @param done what becomes of a recipient, in one word
    /// @return the exit code
    int begin(ObjectNode request, String done, boolean isDetached) throws IOException {
        ObjectNode line = client.lines(request).getFirst();
        boolean isBegun = line.has("job");
        if (!isBegun) {
            // A dry run, or there is nothing to do.
            return end(line, done);
        }
        String job = Json.text(line, "job");
        if (isDetached) {
            if (console.isJson()) {
                console.printJson(line);
            } else {
                console.out()
                        .println(
                                "job "
                                        + job
                                        + " has begun; `whimbrel queue jobs` tells how far it is");
            }
            return Console.OK;
        }
        ObjectNode ask = Json.object().put("verb", "queue-job").put("job", job).put("wait", true);
        while (isRunning(line)) {
            showProgress(line, done);
            try {
                line = client.lines(ask).getFirst();
            } catch (IOException e) {
                throw new IOException(
                        e.getMessage()
                                + "; job "
                                + job
                                + " is durable and goes on, `whimbrel queue jobs` tells how far it"
                                + " is",
                        e);
            }
        }
        clear();
        return end(line, done);
    }

    /// What `queue jobs` prints.
    void list(List<ObjectNode> jobs) {
        var table = new TextTable("JOB", "WORK", "STATE", "RECIPIENTS", "OF", "TOOK", "SCOPE");
        for (ObjectNode job : jobs) {
            table.add(
                    Json.text(job, "job"),
                    Json.text(job, "work"),
                    job.has("trouble")
                            ? "waits: " + Json.text(job, "trouble")
                            : Json.text(job, "state"),
                    job.path("recipients").asLong(0),
                    job.path("of").asLong(0),
                    Words.duration(took(job)),
                    QueueText.scope(job));
        }
        if (table.isEmpty()) {
            console.out().println("no jobs since the start");
        } else {
            table.print(console.out());
        }
    }

    private int end(ObjectNode line, String done) {
        if (console.isJson()) {
            console.printJson(line);
        } else {
            QueueText.action(line, done, QueueText.Reach.QUEUED, console.out());
        }
        if (Json.text(line, "state").equals("cancelled")) {
            return console.fail("the job was cancelled");
        }
        return Console.OK;
    }

    private void showProgress(ObjectNode line, String done) {
        if (console.isJson() || !console.isTerminal()) {
            return;
        }
        long recipients = line.path("recipients").asLong(0);
        long seconds = Math.max(1, took(line).toSeconds());
        String text =
                recipients
                        + " of "
                        + line.path("of").asLong(0)
                        + " recipients "
                        + done
                        + ", "
                        + recipients / seconds
                        + "/s"
                        + (line.has("trouble") ? ", waits: " + Json.text(line, "trouble") : "");
        clear();
        shown = text.length();
        console.err().print(Words.printable(text));
        console.err().flush();
    }

    private void clear() {
        if (shown > 0) {
            console.err().print("\r" + " ".repeat(shown) + "\r");
            console.err().flush();
            shown = 0;
        }
    }

    private static boolean isRunning(ObjectNode line) {
        return Json.text(line, "state").equals("running");
    }

    private static Duration took(ObjectNode line) {
        return Duration.ofMillis(line.path("took_ms").asLong(0));
    }
}
