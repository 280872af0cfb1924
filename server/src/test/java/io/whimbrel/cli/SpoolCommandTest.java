package io.whimbrel.cli;

import static org.assertj.core.api.Assertions.assertThat;

import io.whimbrel.admin.Json;
import io.whimbrel.index.IndexSettings;
import io.whimbrel.index.MessageRow;
import io.whimbrel.index.QueueIndex;
import io.whimbrel.mail.QueueId;
import io.whimbrel.spool.Spool;
import io.whimbrel.spool.SpoolRecord;

import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

import java.io.IOException;
import java.io.RandomAccessFile;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;

/// What the offline verbs say about spools as nodes leave them.
@Timeout(120)
final class SpoolCommandTest extends OfflineSpoolFixture {
    @Test
    void check_ofAGoodSpool_findsNothing_andChangesNothing() throws IOException {
        fill();
        Map<String, Integer> before = hashes(data.resolve("spool"));

        CliRun run = run("check");

        assertThat(run.err()).isEmpty();
        assertThat(run.exit()).as(run.out()).isZero();
        assertThat(run.out())
                .contains("log format 3, index format 2", "4 messages to 5 recipients")
                .contains("all is good");
        assertThat(run("stat").exit()).isZero();
        assertThat(run("export", folder.resolve("out").toString()).exit()).isZero();
        assertThat(hashes(data.resolve("spool"))).isEqualTo(before);
    }

    @Test
    void check_withoutAnIndex_saysSo_andIsGood() throws IOException {
        fill();
        delete(data.resolve("spool/index"));

        CliRun run = run("check");

        assertThat(run.exit()).isZero();
        assertThat(run.out()).contains("note: there is no index", "all is good");
    }

    @Test
    void check_ofAFlippedByteInABody_namesTheMessageAndThePlace() throws IOException {
        List<QueueId> ids = fill();
        Path segment = segment(1);
        long at = find(segment, "body of message 1 ");
        flip(segment, at + 3);

        CliRun run = run("check");

        assertThat(run.exit()).isEqualTo(1);
        assertThat(run.out())
                .containsPattern("segment-0{19}1.log at \\d+: \\d+ bytes of acknowledged data")
                .contains("message " + ids.get(1) + ": it was accepted, and a part of it")
                .contains("3 messages to 4 recipients", "2 things found wrong");
        assertThat(run.out()).doesNotContain(ids.get(2).toString());
    }

    @Test
    void check_ofAMissingSegment_namesItAndItsMessages() throws IOException {
        List<QueueId> ids = new ArrayList<>();
        try (Spool spool = open()) {
            for (int i = 0; i < 12; i++) {
                ids.add(accept(spool, i, 200_000, "shop"));
            }
        }
        assertThat(segment(3)).exists();
        Files.delete(segment(2));

        CliRun run = run("check", "--json");

        assertThat(run.exit()).isEqualTo(1);
        String lost =
                run.lines().stream().filter(line -> line.contains("\"id\"")).toList().toString();
        assertThat(run.out()).contains("the segment is missing");
        assertThat(lost).contains("segment-00000000000000000002.log", "is not delivered");
        assertThat(lost).doesNotContain(ids.getFirst().toString(), ids.getLast().toString());
        assertThat(run.lines()).allMatch(line -> Json.parse(line).isPresent());
    }

    @Test
    void check_ofARowThatDisagrees_namesTheMessage() throws IOException {
        List<QueueId> ids = fill();
        change(ids.get(2));

        CliRun run = run("check");

        assertThat(run.exit()).isEqualTo(1);
        assertThat(run.out())
                .contains("message " + ids.get(2) + ": the index has 1 recipient of ")
                .contains("delete the folder spool/index", "1 thing found wrong");
    }

    @Test
    void check_ofARowThatIsGone_saysThatTheMessageWouldNotBeSent() throws IOException {
        List<QueueId> ids = fill();
        try (QueueIndex index = index()) {
            Optional<MessageRow> row = index.message(ids.get(3));
            byte[] mark = index.checkpoint().orElseThrow();
            index.write(List.of(new QueueIndex.Change(ids.get(3), row, Optional.empty())));
            index.checkpoint(mark);
        }

        CliRun run = run("check");

        assertThat(run.exit()).isEqualTo(1);
        assertThat(run.out())
                .contains("message " + ids.get(3) + ": it is queued and the index does not have it")
                .contains("1 thing found wrong");
    }

    @Test
    void check_ofATornTail_isANoteOnly() throws IOException {
        try (Spool spool = open()) {
            accept(spool, 0, 300, "shop");
            accept(spool, 1, 100_000, "shop");
        }
        // Half of the last write reached the disk, and no checkpoint came after it.
        Path segment = segment(1);
        try (var access = new RandomAccessFile(segment.toFile(), "rw")) {
            long half = find(segment, "body of message 1 ") + 50_000;
            access.seek(half);
            access.write(new byte[(int) (access.length() - half)]);
        }
        delete(data.resolve("spool/index"));

        CliRun run = run("check");

        assertThat(run.exit()).as(run.out()).isZero();
        assertThat(run.out())
                .containsPattern("note: segment-0{19}1.log at \\d+: the last write was cut short")
                .contains("no mail is lost", "1 message to 1 recipient", "all is good");
    }

    @Test
    void whileANodeRuns_eachVerbRefuses() throws IOException {
        Files.createDirectories(folder.resolve("in"));
        try (Spool spool = open()) {
            accept(spool, 0, 100, "shop");
            for (String verb : List.of("check", "stat", "export", "import")) {
                boolean needsFolder = verb.equals("export") || verb.equals("import");
                CliRun run = needsFolder ? run(verb, folder.resolve("in").toString()) : run(verb);
                assertThat(run.exit()).as(verb).isEqualTo(2);
                assertThat(run.err()).as(verb).contains("another process uses the spool", "stop");
            }
        }
        assertThat(data.resolve("events")).doesNotExist();
    }

    @Test
    void whereNoSpoolIs_checkSaysSo() {
        CliRun run = run("check");

        assertThat(run.exit()).isEqualTo(2);
        assertThat(run.err()).contains("there is no spool in " + data);
        assertThat(data).doesNotExist();
    }

    @Test
    void stat_counts_byStateTenantAndDomain() throws IOException {
        fill();
        try (Spool spool = open()) {
            spool.appendAndWait(hold("example.net"));
            var suspend =
                    new SpoolRecord.OperatorAction.Suspend(
                            scope("example.edu"), Duration.ofSeconds(250), "slow");
            spool.appendAndWait(batch(new SpoolRecord.Operator(NOW, suspend)));
        }

        CliRun run = run("stat", "--json");

        var line = Json.parse(run.out()).orElseThrow();
        assertThat(line.path("messages").asInt()).isEqualTo(4);
        assertThat(line.path("recipients").asInt()).isEqualTo(5);
        assertThat(line.path("states").path("held").asInt()).isEqualTo(1);
        assertThat(line.path("states").path("due").asInt()).isEqualTo(3);
        assertThat(line.path("states").path("scheduled").asInt()).isEqualTo(1);
        assertThat(line.path("by_tenant").toString())
                .isEqualTo(
                        "[{\"tenant\":\"shop\",\"messages\":3,\"recipients\":4},"
                                + "{\"tenant\":\"news\",\"messages\":1,\"recipients\":1}]");
        assertThat(line.path("in_force").get(0).path("scope").stringValue(""))
                .isEqualTo("domain=example.net");
        assertThat(line.path("in_force").get(0).path("since").stringValue(""))
                .isEqualTo("2026-11-24T10:00:00.123Z");
        assertThat(line.path("in_force").get(1).path("left_s").asLong()).isEqualTo(250);
        assertThat(line.path("segments").get(0).path("live_bytes").asLong()).isPositive();
        CliRun text = run("stat", "--by", "domain", "--top", "1");
        assertThat(text.out())
                .containsPattern("example.com +4 +4")
                .containsPattern("hold +2026-11-24T10:00:00Z +domain=example.net +why")
                .contains("slow, for another 4m10s while the node runs")
                .doesNotContain("TENANT", "\nexample.net");
    }

    private QueueIndex index() throws IOException {
        return QueueIndex.open(new IndexSettings(data.resolve("spool/index"), 32 << 20));
    }

    /// Its first entry is said to be tried more often than it was.
    private void change(QueueId id) throws IOException {
        try (QueueIndex index = index()) {
            MessageRow row = index.message(id).orElseThrow();
            var entries = new ArrayList<>(row.entries());
            MessageRow.Entry first = entries.getFirst();
            entries.set(
                    0,
                    new MessageRow.Entry(
                            first.queue(), first.recipients(), 9, first.dueAt(), false));
            var wrong =
                    new MessageRow(
                            id,
                            row.size(),
                            row.recipients(),
                            row.body(),
                            row.envelope(),
                            row.accepted(),
                            entries);
            byte[] mark = index.checkpoint().orElseThrow();
            index.write(List.of(new QueueIndex.Change(id, Optional.of(row), Optional.of(wrong))));
            index.checkpoint(mark);
        }
    }

    private Path segment(int sequence) {
        return data.resolve("spool/segment-%020d.log".formatted(sequence));
    }

    private static long find(Path file, String text) throws IOException {
        String all = Files.readString(file, StandardCharsets.ISO_8859_1);
        int at = all.indexOf(text);
        assertThat(at).isPositive();
        return at;
    }

    private static void flip(Path file, long at) throws IOException {
        try (var access = new RandomAccessFile(file.toFile(), "rw")) {
            access.seek(at);
            int old = access.read();
            access.seek(at);
            access.write(old ^ 1);
        }
    }

    private static Map<String, Integer> hashes(Path folder) throws IOException {
        var hashes = new HashMap<String, Integer>();
        try (var files = Files.walk(folder)) {
            for (Path file : files.toList()) {
                boolean isFile = Files.isRegularFile(file);
                byte[] bytes = isFile ? Files.readAllBytes(file) : new byte[0];
                hashes.put(folder.relativize(file) + " " + bytes.length, Arrays.hashCode(bytes));
            }
        }
        return hashes;
    }

    private static void delete(Path folder) throws IOException {
        WorkFolder.delete(folder);
    }
}
