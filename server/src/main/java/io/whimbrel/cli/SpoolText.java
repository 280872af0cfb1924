package io.whimbrel.cli;

import io.whimbrel.admin.Json;
import io.whimbrel.mail.QueueId;
import io.whimbrel.mail.QueueJob;
import io.whimbrel.mail.QueueScope;
import io.whimbrel.salvage.CheckFinding;
import io.whimbrel.salvage.Export;
import io.whimbrel.salvage.Import;
import io.whimbrel.salvage.SpoolCheck;
import io.whimbrel.salvage.SpoolTotals;
import io.whimbrel.spool.OfflineSpool;
import io.whimbrel.spool.SpoolRecord.Job;
import io.whimbrel.spool.SpoolRecord.Operator;
import io.whimbrel.spool.SpoolRecord.OperatorAction;

import tools.jackson.databind.node.ArrayNode;
import tools.jackson.databind.node.ObjectNode;

import java.nio.file.Path;
import java.time.Duration;
import java.time.Instant;
import java.time.temporal.ChronoUnit;
import java.util.List;
import java.util.Locale;

/// What the verbs of `whimbrel spool` print, for people or as JSON. Confined to one thread.
final class SpoolText {
    private final Console console;

    SpoolText(Console console) {
        this.console = console;
    }

    void finding(CheckFinding finding) {
        if (!console.isJson()) {
            String kind = finding.isDamage() ? "" : "note: ";
            console.out().println(Words.printable(kind + finding));
            console.out().flush();
            return;
        }
        ObjectNode line = Json.object().put("finding", finding.isDamage() ? "damage" : "note");
        if (finding.segment() > 0) {
            line.put("segment", OfflineSpool.segmentName(finding.segment()));
        }
        if (finding.offset() > 0) {
            line.put("offset", finding.offset());
        }
        finding.message().ifPresent(id -> line.put("id", id.toString()));
        line.put("what", finding.what()).put("consequence", finding.consequence());
        console.printJson(line.put("remedy", finding.remedy()));
        console.out().flush();
    }

    void summary(SpoolCheck.Summary summary) {
        if (console.isJson()) {
            ObjectNode line = Json.object().put("formats", SpoolCheck.formats());
            line.put("segments", summary.segments()).put("log_bytes", summary.logBytes());
            line.put("messages", summary.messages()).put("recipients", summary.recipients());
            summary.checkpoint()
                    .ifPresent(at -> {
                        line.put("checkpoint", OfflineSpool.segmentName(at.segment()));
                        line.put("checkpoint_offset", at.offset());
                    });
            summary.quarantine().forEach(line.putArray("quarantine")::add);
            addJobs(summary.jobs(), line);
            console.printJson(line.put("damages", summary.damages()).put("notes", summary.notes()));
            return;
        }
        for (Job job : summary.jobs()) {
            console.out().println(Words.printable("job " + text(job)));
        }
        for (String file : summary.quarantine()) {
            console.out().println("in quarantine: " + Words.printable(file));
        }
        console.out()
                .println(
                        "%s; %s with %s of log; %s to %s; %s"
                                .formatted(
                                        SpoolCheck.formats(),
                                        Words.count(summary.segments(), "segment"),
                                        Words.size(summary.logBytes()),
                                        Words.count(summary.messages(), "message"),
                                        Words.count(summary.recipients(), "recipient"),
                                        summary.checkpoint()
                                                .map(at ->
                                                        "the index was true up to "
                                                                + OfflineSpool.segmentName(
                                                                        at.segment())
                                                                + " at "
                                                                + at.offset())
                                                .orElse("there was no index to compare with")));
        console.out()
                .println(
                        summary.damages() == 0
                                ? "all is good"
                                : Words.count(summary.damages(), "thing") + " found wrong");
    }

    void totals(SpoolTotals totals, List<SpoolTotals.Key> keys, int top, Instant now) {
        if (console.isJson()) {
            json(totals, keys, top);
            return;
        }
        var out = console.out();
        String age = totals.oldest().map(id -> ", the oldest for " + age(id, now)).orElse("");
        out.println(
                Words.count(totals.messages(), "message")
                        + " ("
                        + Words.size(totals.bytes())
                        + ") to "
                        + Words.count(totals.recipients(), "recipient")
                        + age);
        out.println();
        var states = new TextTable("STATE", "RECIPIENTS");
        totals.states().forEach((state, count) -> states.add(word(state), count));
        states.print(out);
        for (SpoolTotals.Key key : keys) {
            String title = key.name();
            var table = new TextTable(title, "MESSAGES", "RECIPIENTS");
            for (SpoolTotals.Line line : totals.top(key, top)) {
                table.add(line.name(), line.messages(), line.recipients());
            }
            if (!table.isEmpty()) {
                out.println();
                table.print(out);
            }
        }
        printActions(totals.actions());
        printJobs(totals.jobs());
        printSegments(totals);
    }

    private void printActions(List<Operator> actions) {
        var table = new TextTable("IN FORCE", "SINCE", "SCOPE", "REASON");
        for (Operator record : actions) {
            table.add(
                    verb(record),
                    Words.time(record.at().toString()),
                    scope(record.action().scope()),
                    reason(record));
        }
        if (!table.isEmpty()) {
            console.out().println();
            table.print(console.out());
        }
    }

    private void printJobs(List<Job> jobs) {
        var table = new TextTable("JOB", "WORK", "DONE", "OF", "SCOPE", "REASON");
        for (Job one : jobs) {
            QueueJob job = one.job();
            table.add(
                    job.id(),
                    job.work().word(),
                    one.done(),
                    one.of(),
                    scope(job.scope()),
                    job.reason());
        }
        if (!table.isEmpty()) {
            console.out().println();
            table.print(console.out());
        }
    }

    private static void addJobs(List<Job> jobs, ObjectNode line) {
        ArrayNode lines = line.putArray("jobs");
        for (Job one : jobs) {
            lines.addObject()
                    .put("job", one.job().id().toString())
                    .put("work", one.job().work().word())
                    .put("scope", scope(one.job().scope()))
                    .put("reason", one.job().reason())
                    .put("done", one.done())
                    .put("of", one.of());
        }
    }

    private static String text(Job one) {
        return "%s (%s, %s) has done %d of %d recipients and goes on when the node starts"
                .formatted(
                        one.job().id(),
                        one.job().work().word(),
                        scope(one.job().scope()),
                        one.done(),
                        one.of());
    }

    private void printSegments(SpoolTotals totals) {
        console.out().println();
        var table = new TextTable("SEGMENT", "LOG", "LIVE", "FILE");
        long log = 0;
        long live = 0;
        long files = 0;
        for (OfflineSpool.Segment segment : totals.segments()) {
            long needed = totals.liveBytes(segment.sequence());
            log += segment.end();
            live += needed;
            files += segment.fileBytes();
            table.add(
                    segment.sequence(),
                    Words.size(segment.end()),
                    Words.size(needed),
                    Words.size(segment.fileBytes()));
        }
        table.add("all", Words.size(log), Words.size(live), Words.size(files));
        table.print(console.out());
        console.out().println();
        console.out().println("index " + Words.size(totals.indexBytes()));
    }

    private void json(SpoolTotals totals, List<SpoolTotals.Key> keys, int top) {
        ObjectNode line = Json.object().put("messages", totals.messages());
        line.put("recipients", totals.recipients()).put("bytes", totals.bytes());
        totals.oldest()
                .ifPresent(id ->
                        line.put("oldest", id.toString())
                                .put("oldest_accepted", Json.time(acceptedAt(id))));
        ObjectNode states = line.putObject("states");
        totals.states().forEach((state, count) -> states.put(word(state), count));
        for (SpoolTotals.Key key : keys) {
            ArrayNode lines = line.putArray("by_" + word(key));
            for (SpoolTotals.Line one : totals.top(key, top)) {
                lines.addObject()
                        .put(word(key), one.name())
                        .put("messages", one.messages())
                        .put("recipients", one.recipients());
            }
        }
        addActions(totals.actions(), line);
        addJobs(totals.jobs(), line);
        ArrayNode segments = line.putArray("segments");
        for (OfflineSpool.Segment segment : totals.segments()) {
            segments.addObject()
                    .put("segment", segment.name())
                    .put("log_bytes", segment.end())
                    .put("live_bytes", totals.liveBytes(segment.sequence()))
                    .put("file_bytes", segment.fileBytes());
        }
        console.printJson(line.put("index_bytes", totals.indexBytes()));
    }

    private static void addActions(List<Operator> actions, ObjectNode line) {
        ArrayNode lines = line.putArray("in_force");
        for (Operator record : actions) {
            ObjectNode one =
                    lines.addObject()
                            .put("action", verb(record))
                            .put("since", Json.time(record.at()))
                            .put("scope", scope(record.action().scope()));
            switch (record.action()) {
                case OperatorAction.Hold hold -> one.put("reason", hold.reason());
                case OperatorAction.Suspend suspend ->
                        one.put("reason", suspend.reason())
                                .put("left_s", suspend.duration().toSeconds());
                case OperatorAction.Release _,
                        OperatorAction.Resume _,
                        OperatorAction.RetryNow _ -> {}
            }
        }
    }

    void exported(Export.Result result, Path folder) {
        if (console.isJson()) {
            ObjectNode line = Json.object().put("written", result.written());
            line.put("skipped", result.skipped()).put("failed", result.failed());
            line.put("removed", result.removed());
            addJobs(result.jobs(), line);
            addActions(result.actions(), line);
            console.printJson(line);
            return;
        }
        if (result.removed() > 0) {
            console.fail(
                    Words.count(result.removed(), "recipient")
                            + " left out: a job bounces or deletes them, and ends when the node"
                            + " starts here");
        }
        result.jobs().forEach(job -> console.fail("job " + text(job) + ", here only"));
        for (Operator record : result.actions()) {
            console.fail(
                    "%s of %s (%s) does not come along: give it anew where the mail is imported"
                            .formatted(
                                    verb(record), scope(record.action().scope()), reason(record)));
        }
        console.out()
                .println(
                        Words.count(result.written(), "message")
                                + " written to "
                                + folder
                                + also(result.skipped(), "were there already")
                                + also(result.failed(), "cannot be read"));
    }

    void outcome(Import.Outcome outcome) {
        switch (outcome) {
            case Import.Outcome.Imported(String file, QueueId id) -> {
                if (console.isJson()) {
                    console.printJson(Json.object().put("file", file).put("id", id.toString()));
                } else {
                    console.out().println(Words.printable(file) + " " + id);
                }
                console.out().flush();
            }
            case Import.Outcome.Bad(String file, String reason) -> {
                if (console.isJson()) {
                    console.printJson(Json.object().put("file", file).put("problem", reason));
                    console.out().flush();
                }
                console.fail(file + ": " + reason);
            }
        }
    }

    void imported(Import.Result result) {
        if (console.isJson()) {
            console.printJson(
                    Json.object()
                            .put("imported", result.imported())
                            .put("skipped", result.skipped())
                            .put("bad", result.bad()));
            return;
        }
        console.out()
                .println(
                        Words.count(result.imported(), "message")
                                + " imported"
                                + also(result.skipped(), "were imported before")
                                + also(result.bad(), "were left out"));
    }

    private static String also(long count, String what) {
        return count == 0 ? "" : ", " + count + " " + what;
    }

    private static String age(QueueId id, Instant now) {
        Duration age = Duration.between(acceptedAt(id), now);
        return Words.duration(age.isNegative() ? Duration.ZERO : age);
    }

    /// An id tells when it was given, in microseconds.
    private static Instant acceptedAt(QueueId id) {
        return Instant.EPOCH.plus(id.value(), ChronoUnit.MICROS);
    }

    private static String word(Enum<?> constant) {
        return constant.name().toLowerCase(Locale.ROOT);
    }

    private static String verb(Operator record) {
        return record.action() instanceof OperatorAction.Hold ? "hold" : "suspend";
    }

    private static String reason(Operator record) {
        return switch (record.action()) {
            case OperatorAction.Hold hold -> hold.reason();
            case OperatorAction.Suspend suspend ->
                    suspend.reason()
                            + (suspend.reason().isEmpty() ? "" : ", ")
                            + "for another "
                            + Words.duration(suspend.duration())
                            + " while the node runs";
            case OperatorAction.Release _, OperatorAction.Resume _, OperatorAction.RetryNow _ -> "";
        };
    }

    private static String scope(QueueScope scope) {
        var text = new StringBuilder();
        scope.id().ifPresent(id -> text.append(" id=").append(id));
        scope.domain().ifPresent(domain -> text.append(" domain=").append(domain));
        scope.tenant().ifPresent(tenant -> text.append(" tenant=").append(tenant));
        scope.campaign().ifPresent(campaign -> text.append(" campaign=").append(campaign));
        scope.upTo()
                .ifPresent(last ->
                        text.append(" accepted by ")
                                .append(Words.time(acceptedAt(last).toString())));
        return text.isEmpty() ? "all" : text.substring(1);
    }
}
