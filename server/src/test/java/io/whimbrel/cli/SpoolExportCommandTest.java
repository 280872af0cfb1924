package io.whimbrel.cli;

import static org.assertj.core.api.Assertions.assertThat;

import io.whimbrel.admin.Json;
import io.whimbrel.mail.QueueId;
import io.whimbrel.mail.QueueJob;
import io.whimbrel.spool.Spool;
import io.whimbrel.spool.SpoolRecord;
import io.whimbrel.spool.SpoolRecord.Stage;

import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;

/// Mail out of one spool and into another, offline.
@Timeout(120)
final class SpoolExportCommandTest extends OfflineSpoolFixture {
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

    private Path events() throws IOException {
        try (var files = Files.list(data.resolve("events"))) {
            return files.filter(file ->
                            file.toString().endsWith(".jsonl") || file.toString().endsWith(".json"))
                    .findFirst()
                    .orElseThrow();
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
}
