package io.whimbrel.cli;

import static org.assertj.core.api.Assertions.assertThat;

import io.whimbrel.admin.Json;
import io.whimbrel.index.IndexSettings;
import io.whimbrel.index.MessageRow;
import io.whimbrel.index.QueueIndex;
import io.whimbrel.log.Position;
import io.whimbrel.mail.BodyType;
import io.whimbrel.mail.DomainName;
import io.whimbrel.mail.DsnPolicy;
import io.whimbrel.mail.DsnReturn;
import io.whimbrel.mail.Envelope;
import io.whimbrel.mail.ForwardPath;
import io.whimbrel.mail.MailParameters;
import io.whimbrel.mail.MailStream;
import io.whimbrel.mail.Notify;
import io.whimbrel.mail.PriorityClass;
import io.whimbrel.mail.QueueId;
import io.whimbrel.mail.QueueJob;
import io.whimbrel.mail.QueueScope;
import io.whimbrel.mail.Recipient;
import io.whimbrel.mail.RecipientNumbers;
import io.whimbrel.mail.ReversePath;
import io.whimbrel.mail.Treatment;
import io.whimbrel.spool.AcceptResult;
import io.whimbrel.spool.AttemptFacts;
import io.whimbrel.spool.IncomingBody;
import io.whimbrel.spool.Spool;
import io.whimbrel.spool.SpoolBatch;
import io.whimbrel.spool.SpoolRecord;
import io.whimbrel.spool.SpoolRecord.Stage;
import io.whimbrel.spool.SpoolSettings;

import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

import java.io.IOException;
import java.io.RandomAccessFile;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.time.Instant;
import java.time.InstantSource;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.TreeMap;

/// The offline verbs over spools as nodes leave them.
@Timeout(120)
final class SpoolCommandTest {
    private static final Instant NOW = Instant.parse("2026-11-24T10:00:00.123456Z");
    private static final AttemptFacts LATER =
            new AttemptFacts("s1", "example.com", "mx", 451, "4.7.1", "Later", "");

    @TempDir private Path folder;
    private Path data = Path.of("");

    @BeforeEach
    void name() {
        data = folder.resolve("data");
    }

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

    @Test
    void export_thenImport_thenExport_isTheSame() throws IOException {
        fill();
        Path first = folder.resolve("first");
        assertThat(run("export", first.toString()).out()).startsWith("4 messages written");
        data = folder.resolve("other");
        Files.createDirectories(data);

        CliRun imported = runWithConfig("import", first.toString());

        assertThat(imported.err()).isEmpty();
        assertThat(imported.exit()).isZero();
        assertThat(imported.out()).contains("4 messages imported");
        assertThat(run("check").exit()).isZero();
        Path second = folder.resolve("second");
        run("export", second.toString());
        assertThat(contents(second)).isEqualTo(contents(first)).hasSize(4);
        String events = Files.readString(events());
        assertThat(events.lines().filter(line -> line.contains("\"import\""))).hasSize(5);

        CliRun again = runWithConfig("import", first.toString());
        assertThat(again.out()).contains("0 messages imported, 4 were imported before");
        assertThat(Json.parse(run("stat", "--json").out()).orElseThrow().path("messages").asInt())
                .isEqualTo(4);
    }

    @Test
    void export_intoAFolderWithSomething_refuses_andResumes() throws IOException {
        List<QueueId> ids = fill();
        Path out = folder.resolve("out");
        run("export", out.toString());
        Files.delete(out.resolve(ids.get(1) + ".json"));

        CliRun refused = run("export", out.toString());
        CliRun resumed = run("export", out.toString(), "--resume");

        assertThat(refused.exit()).isEqualTo(2);
        assertThat(refused.err()).contains("is not empty", "--resume");
        assertThat(resumed.out()).startsWith("1 message written").contains("3 were there already");
        assertThat(out.resolve(ids.get(1) + ".json")).exists();
    }

    @Test
    void export_ofADomain_hasItsRecipientsOnly() throws IOException {
        List<QueueId> ids = fill();
        Path out = folder.resolve("out");

        run("export", out.toString(), "--domain", "example.net");

        assertThat(contents(out)).hasSize(1);
        var json = Json.parse(Files.readString(out.resolve(ids.get(2) + ".json"))).orElseThrow();
        assertThat(json.path("recipients").size()).isEqualTo(1);
        assertThat(json.path("recipients").get(0).path("address").stringValue(""))
                .isEqualTo("b@example.net");
    }

    @Test
    void whatAJobDeletes_isNamed_andNotExported() throws IOException {
        List<QueueId> ids = fill();
        try (Spool spool = open()) {
            var scope = scope("example.net");
            var job = new QueueJob(spool.nextId(), new QueueJob.Work.Delete(), scope, "why");
            spool.appendAndWait(batch(new SpoolRecord.Job(NOW, job, Stage.BEGUN, 0, 1)));
            spool.appendAndWait(hold("example.com"));
            accept(spool, 4, 10, "shop");
        }
        Path out = folder.resolve("out");

        CliRun run = run("export", out.toString());

        assertThat(run.exit()).isEqualTo(1);
        assertThat(run.out()).startsWith("5 messages written");
        assertThat(run.err())
                .contains("1 recipient left out", "(delete, domain=example.net) has done 0 of 1")
                .contains("hold of domain=example.com (why) does not come along");
        assertThat(contents(out).toString()).contains("a@example.com");
        assertThat(contents(out).toString()).doesNotContain("b@example.net");
        assertThat(out.resolve(ids.get(2) + ".json")).exists();
        assertThat(run("check").out()).contains("(delete, domain=example.net)");
        assertThat(run("stat").out()).containsPattern("delete +0 +1 +domain=example.net");
        assertThat(
                        run("export", folder.resolve("none").toString(), "--domain", "example.net")
                                .out())
                .startsWith("0 messages written");
    }

    @Test
    void import_namesBadFiles_andGoesOn() throws IOException {
        fill();
        Path mail = folder.resolve("mail");
        run("export", mail.toString(), "--tenant", "news");
        Files.writeString(mail.resolve("plain.eml"), "Subject: x\n\nwithout envelope\n");
        Files.writeString(mail.resolve("cr.eml"), "Subject: x\r\rbare");
        Files.writeString(mail.resolve("cr.json"), "{\"format\":2}");
        Files.writeString(mail.resolve("alone.json"), "{}");
        data = folder.resolve("other");
        Files.createDirectories(data);

        CliRun run = runWithConfig("import", mail.toString());

        assertThat(run.exit()).isEqualTo(1);
        assertThat(run.err())
                .contains("plain.eml: there is no plain.json beside it", "--tenant")
                .contains("cr.json: field format must be 1")
                .contains("alone.json: there is no alone.eml");
        assertThat(run.out()).contains("1 message imported, 3 were left out");

        Files.delete(mail.resolve("cr.json"));
        CliRun given =
                runWithConfig(
                        "import",
                        mail.toString(),
                        "--from",
                        "<>",
                        "--to",
                        "x@example.org",
                        "--tenant",
                        "t");
        assertThat(given.err()).contains("cr.eml: line 1 has a CR without LF");
        assertThat(given.out()).contains("plain.eml ", "1 message imported, 1 were imported");
        run("export", folder.resolve("out").toString(), "--tenant", "t");
        assertThat(contents(folder.resolve("out")).toString())
                .contains("without envelope", "x@example.org", "\"tenant\" : \"t\"");
    }

    @Test
    void import_ofACutBody_isRefusedByName() throws IOException {
        List<QueueId> ids = fill();
        Path mail = folder.resolve("mail");
        run("export", mail.toString());
        Path cut = mail.resolve(ids.getFirst() + ".eml");
        Files.writeString(cut, Files.readString(cut).substring(0, 50));
        data = folder.resolve("other");
        Files.createDirectories(data);

        CliRun run = runWithConfig("import", mail.toString());

        assertThat(run.exit()).isEqualTo(1);
        assertThat(run.err())
                .contains(ids.getFirst() + ".eml: it has 50 bytes", "remove the field");
        assertThat(run.out()).contains("3 messages imported");
    }

    @Test
    void import_needsAllOfItsDefaults() {
        CliRun run = run("import", "x", "--from", "a@example.org");

        assertThat(run.exit()).isEqualTo(2);
        assertThat(run.err()).contains("--from, --to and --tenant belong together");
        assertThat(
                        run("import", "x", "--from", "a b", "--to", "c@d.example", "--tenant", "t")
                                .err())
                .contains("Not an address: a b");
    }

    private CliRun run(String verb, String... arguments) {
        return run(List.of("--data", data.toString()), verb, arguments);
    }

    /// With small segments, for verbs that write.
    private CliRun runWithConfig(String verb, String... arguments) throws IOException {
        Path file = folder.resolve("w.toml");
        Files.writeString(
                file,
                """
                [node]
                name = "mx.example.com"
                data = "%s"
                [[listen]]
                address = "127.0.0.1:2525"
                [spool]
                segment = "1MiB"
                reserve = "1MiB"
                index-memory = "32MiB"
                """
                        .formatted(data));
        return run(List.of("-c", file.toString()), verb, arguments);
    }

    private CliRun run(List<String> node, String verb, String... arguments) {
        var all = new ArrayList<>(List.of("spool", verb));
        all.addAll(node);
        if (!verb.equals("import")) {
            all.addAll(List.of("--work", folder.toString()));
        }
        all.addAll(List.of(arguments));
        return CliRun.of(all.toArray(String[]::new));
    }

    /// Four messages: fresh, tried, to two domains with one recipient settled, of another tenant.
    private List<QueueId> fill() throws IOException {
        var ids = new ArrayList<QueueId>();
        try (Spool spool = open()) {
            ids.add(accept(spool, 0, 300, "shop"));
            ids.add(accept(spool, 1, 300_000, "shop"));
            ids.add(acceptForThree(spool));
            ids.add(accept(spool, 3, 10, "news"));
            spool.appendAndWait(batch(deferred(ids.get(1), 3, "9000-01-01T00:00:00Z", true, 0)));
            spool.appendAndWait(batch(settled(ids.get(2), 1)));
            spool.appendAndWait(batch(deferred(ids.get(2), 1, "2026-11-24T10:05:00Z", false, 2)));
        }
        return ids;
    }

    private Spool open() throws IOException {
        var settings =
                new SpoolSettings(
                        data.resolve("spool"),
                        1 << 20,
                        Duration.ofMillis(20),
                        1 << 20,
                        1 << 20,
                        32 << 20);
        return Spool.open(settings, Position.START, InstantSource.fixed(NOW));
    }

    private static QueueId accept(Spool spool, int number, int size, String tenant) {
        var recipient = new Recipient(path("user" + number + "@example.com"), Notify.DEFAULT, "");
        var stream = new MailStream(tenant, "spring", PriorityClass.BULK);
        String text =
                "Subject: x\r\n\r\nbody of message " + number + " " + "x".repeat(size) + "\r\n";
        return accept(
                spool,
                new Envelope(
                        new ReversePath("sender@example.org"),
                        List.of(recipient),
                        MailParameters.NONE,
                        stream,
                        NOW,
                        DsnPolicy.NEVER),
                text);
    }

    private static QueueId acceptForThree(Spool spool) {
        var parameters =
                new MailParameters(BodyType.EIGHT_BIT_MIME, true, DsnReturn.HEADERS, "QQ+2B314159");
        List<Recipient> recipients =
                List.of(
                        new Recipient(path("a@example.com"), Notify.NEVER, ""),
                        new Recipient(path("gone@example.com"), Notify.DEFAULT, ""),
                        new Recipient(
                                path("b@example.net"),
                                new Notify(true, true, true, false),
                                "rfc822;b@example.net"));
        return accept(
                spool,
                new Envelope(
                        ReversePath.NULL,
                        recipients,
                        parameters,
                        new MailStream("shop", "", PriorityClass.TRANSACTIONAL),
                        NOW.minusSeconds(60),
                        DsnPolicy.FULL,
                        Treatment.NONE
                                .withExpiresAt(NOW.plusSeconds(86_400))
                                .withPool("fast")
                                .withMetadata(Map.of("order", "4711"))),
                "Subject: \u00fc\r\n\r\n.\r\n");
    }

    private static QueueId accept(Spool spool, Envelope envelope, String text) {
        byte[] bytes = text.getBytes(StandardCharsets.UTF_8);
        try (IncomingBody body = spool.newBody()) {
            body.write(bytes, 0, bytes.length);
            if (spool.accept(envelope, body, "[192.0.2.7]") instanceof AcceptResult.Stored stored) {
                return stored.message().id();
            }
            throw new AssertionError("refused");
        }
    }

    private static ForwardPath path(String address) {
        String domain = address.substring(address.indexOf('@') + 1);
        return new ForwardPath(address, new DomainName(domain));
    }

    private static SpoolBatch batch(SpoolRecord record) {
        return new SpoolBatch(List.of(record), List.of());
    }

    private static SpoolBatch hold(String domain) {
        var hold = new SpoolRecord.OperatorAction.Hold(scope(domain), "why");
        return batch(new SpoolRecord.Operator(NOW, hold));
    }

    private static QueueScope scope(String domain) {
        return new QueueScope(
                Optional.empty(),
                Optional.of(new DomainName(domain)),
                Optional.empty(),
                Optional.empty());
    }

    private static SpoolRecord deferred(
            QueueId id, int attempt, String due, boolean isNotified, int recipient) {
        var numbers = RecipientNumbers.of(recipient);
        return new SpoolRecord.Deferred(
                NOW, id, numbers, attempt, Instant.parse(due), isNotified, false, LATER);
    }

    private static SpoolRecord settled(QueueId id, int recipient) {
        return new SpoolRecord.Settled(
                NOW,
                id,
                RecipientNumbers.of(recipient),
                SpoolRecord.Disposition.DELIVERED,
                1,
                LATER);
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

    private Path events() throws IOException {
        try (var files = Files.list(data.resolve("events"))) {
            return files.filter(file ->
                            file.toString().endsWith(".jsonl") || file.toString().endsWith(".json"))
                    .findFirst()
                    .orElseThrow();
        }
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

    /// Of the pairs in a folder, without what differs between two spools.
    private static Map<String, String> contents(Path folder) throws IOException {
        var contents = new TreeMap<String, String>();
        try (var files = Files.list(folder)) {
            for (Path file : files.filter(it -> it.toString().endsWith(".eml")).toList()) {
                String text = Files.readString(file);
                Path json = Path.of(file.toString().replace(".eml", ".json"));
                contents.put(
                        text, Files.readString(json).replaceAll("\"id\" : \"\\w+\"", "") + text);
            }
        }
        return contents;
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
