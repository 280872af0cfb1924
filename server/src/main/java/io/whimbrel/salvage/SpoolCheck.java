package io.whimbrel.salvage;

import io.whimbrel.index.MessageRow;
import io.whimbrel.index.QueueIndex;
import io.whimbrel.log.Position;
import io.whimbrel.mail.QueueId;
import io.whimbrel.spool.OfflineSpool;
import io.whimbrel.spool.OfflineSpool.Indexed;
import io.whimbrel.spool.OfflineSpool.Reading;
import io.whimbrel.spool.Recovery;
import io.whimbrel.spool.SpoolRecord;

import java.io.IOException;
import java.util.HashSet;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import java.util.function.Consumer;

/// Checks a spool: every frame of the log, every queued message, and whether the node's index says
/// the same as the log. Changes nothing. Confined to one thread.
///
/// The log is read twice: in whole, into an index of its own; and from the last checkpoint of the
/// node's index on, into a copy of that, as a start does. Then both must be the same.
public final class SpoolCheck {
    private static final int ROWS_AT_ONCE = 1_000;

    private final OfflineSpool spool;
    private final Consumer<CheckFinding> findings;
    private long damages;
    private long notes;

    /// What was checked.
    ///
    /// @param checkpoint up to where the node's index was true by itself; empty where a start makes
    ///   it anew
    /// @param jobs those that have not ended, oldest first
    /// @param quarantine files that people have not looked through yet
    public record Summary(
            int segments,
            long logBytes,
            long messages,
            long recipients,
            Optional<Position> checkpoint,
            List<SpoolRecord.Job> jobs,
            List<String> quarantine,
            long damages,
            long notes) {}

    /// @param findings gets each as it is found
    public SpoolCheck(OfflineSpool spool, Consumer<CheckFinding> findings) {
        this.spool = spool;
        this.findings = findings;
    }

    /// @throws IOException where the disk or the work folder cannot be used
    public Summary run() throws IOException {
        Reading log = spool.fromLog();
        log.findings().forEach(finding -> add(explained(finding)));
        long logBytes = 0;
        List<OfflineSpool.Segment> segments = spool.segments();
        for (OfflineSpool.Segment segment : segments) {
            logBytes += segment.end();
            checkHeaders(segment);
        }
        Optional<Position> checkpoint =
                switch (spool.fromIndex()) {
                    case Indexed.Usable(Reading index, Position position) -> {
                        new IndexComparison(spool, index, log, this::add).run();
                        yield Optional.of(position);
                    }
                    case Indexed.Unusable(String why, boolean isDamage) -> {
                        add(unusable(why, isDamage));
                        yield Optional.empty();
                    }
                };
        return count(log, segments.size(), logBytes, checkpoint);
    }

    private Summary count(Reading log, int segments, long logBytes, Optional<Position> checkpoint)
            throws IOException {
        long messages = 0;
        long recipients = 0;
        Set<QueueId> damaged = new HashSet<>(log.damaged());
        var rows =
                new Pages<MessageRow>(
                        last -> log.index().messages(last.map(MessageRow::id), ROWS_AT_ONCE));
        for (Optional<MessageRow> row = rows.poll(); row.isPresent(); row = rows.poll()) {
            if (!damaged.contains(row.get().id())) {
                messages++;
                for (MessageRow.Entry entry : row.get().entries()) {
                    recipients += entry.recipients().size();
                }
            }
        }
        return new Summary(
                segments,
                logBytes,
                messages,
                recipients,
                checkpoint,
                log.jobs(),
                spool.quarantine(),
                damages,
                notes);
    }

    private void add(CheckFinding finding) {
        if (finding.isDamage()) {
            damages++;
        } else {
            notes++;
        }
        findings.accept(finding);
    }

    private void checkHeaders(OfflineSpool.Segment segment) {
        if (segment.goodHeaders() == 2) {
            return;
        }
        String what =
                segment.goodHeaders() == 1
                        ? "one of the two copies of its header is damaged"
                        : "both copies of its header are damaged";
        add(
                new CheckFinding(
                        true,
                        segment.sequence(),
                        0,
                        Optional.empty(),
                        what,
                        "no mail is lost by that: what it said is known from elsewhere",
                        "have the disk looked at; a node that starts works with it as it is"));
    }

    private static CheckFinding unusable(String why, boolean isDamage) {
        return new CheckFinding(
                isDamage,
                0,
                0,
                Optional.empty(),
                why,
                "the next start takes longer: it makes the index anew from the whole log",
                isDamage ? "start the node; it sets the old index aside" : "nothing is to be done");
    }

    private static CheckFinding explained(Recovery.Finding found) {
        return switch (found.kind()) {
            case TORN ->
                    CheckFinding.note(
                            found.segment(),
                            found.offset(),
                            "the last write was cut short (%d bytes)".formatted(found.bytes()),
                            "it was never acknowledged, so no mail is lost");
            case DAMAGED ->
                    damage(
                            found,
                            "%d bytes of acknowledged data are damaged".formatted(found.bytes()),
                            "messages that need them are named below, where that is known; outcomes"
                                    + " in them are forgotten, so those recipients are tried again",
                            "bring the file back from a copy of this disk if there is one; else"
                                    + " start the node, which keeps the bytes in quarantine and"
                                    + " delivers all other mail");
            case MISSING ->
                    damage(
                            found,
                            "the segment is missing",
                            "mail in it is lost, and outcomes in it are forgotten",
                            "bring the file back from a copy of this disk if there is one; else"
                                    + " start the node, which delivers all other mail");
            case UNREADABLE ->
                    damage(
                            found,
                            "nothing in it can be read",
                            "mail in it is lost",
                            "have the disk looked at before it is used again");
            case FOREIGN ->
                    CheckFinding.note(
                            found.segment(), 0, "it is no part of this log", "it is left as it is");
            case UNKNOWN_RECORD ->
                    damage(
                            found,
                            "a record that this version does not know",
                            "what it says is ignored",
                            "use the version of Whimbrel that wrote it, or a later one");
            case MESSAGE ->
                    damage(
                            found,
                            "it was accepted, and a part of it is damaged or missing",
                            "it is not delivered",
                            "start the node, which keeps what is left of it in quarantine; or bring"
                                    + " the segment back from a copy of this disk");
        };
    }

    private static CheckFinding damage(
            Recovery.Finding found, String what, String consequence, String remedy) {
        return new CheckFinding(
                true, found.segment(), found.offset(), found.message(), what, consequence, remedy);
    }

    /// Versions of both layouts, for people.
    public static String formats() {
        return "log format " + OfflineSpool.LOG_FORMAT + ", index format " + QueueIndex.FORMAT;
    }
}
