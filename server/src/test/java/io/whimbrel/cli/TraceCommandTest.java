package io.whimbrel.cli;

import static org.assertj.core.api.Assertions.assertThat;

import io.whimbrel.mail.QueueId;

import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.Random;

final class TraceCommandTest {
    private static final String FIRST = new QueueId(1_001).toString();
    private static final String REPORT = new QueueId(1_003).toString();
    private static final String SECOND = new QueueId(1_002).toString();

    @TempDir private Path data;

    @BeforeEach
    void writeEvents() throws IOException {
        Path events = Files.createDirectory(data.resolve("events"));
        Files.writeString(
                events.resolve("events-20261123T120000Z-00000001.jsonl"),
                """
                {"event":"received","time":"2026-11-23T12:00:00.001Z","id":"%1$s",\
                "recipient":"Ann@Example.org","sender":"news@shop.example","tenant":"shop",\
                "campaign":"autumn","peer":"[192.0.2.7]","size":5222}
                {"event":"deferred","time":"2026-11-23T12:00:01.000Z","id":"%1$s",\
                "recipient":"Ann@Example.org","sender":"news@shop.example","tenant":"shop",\
                "source":"s1","peer":"mx.example.org [192.0.2.9]","code":451,"enhanced":"4.7.1",\
                "text":"4.7.1 Greylisted \\u001b[31m","attempt":1,"tls":"TLSv1.3"}
                {"event":"delivered","time":"2026-11-23T12:00:01.500Z","id":"%1$s",\
                "recipient":"bob@example.net","sender":"news@shop.example","code":250,\
                "enhanced":"2.0.0","text":"Ok","attempt":1}
                """
                        .formatted(FIRST));
        Files.writeString(
                events.resolve("events-20261123T120000Z-00000002.jsonl"),
                """
                {"event":"received","time":"2026-11-23T12:01:00.000Z","id":"%2$s",\
                "recipient":"x@example.net","sender":"ann@example.org","size":10}
                not json at all, about "id":"%1$s"
                {"event":"delivered","time":"2026-11-23T12:05:01.000Z","id":"%1$s",\
                "recipient":"Ann@Example.org","sender":"news@shop.example","code":250,\
                "text":"Ok","attempt":2,"queued_s":300.999}
                {"event":"received","time":"2026-11-23T12:05:02.000Z","id":"%3$s",\
                "recipient":"news@shop.example","sender":"","cause":"%1$s","size":900}
                {"event":"expired","time":"2026-11-23T12:09:00.000Z","id":"%1$s","re\
                """
                        .formatted(FIRST, SECOND, REPORT));
        Files.writeString(events.resolve("cursor"), "not a log file");
    }

    @Test
    void id_printsTheLifeOfTheMessageInOrder() {
        CliRun run = run(FIRST);

        assertThat(run.exit()).isZero();
        assertThat(run.lines().getFirst())
                .isEqualTo(
                        FIRST
                                + "  from <news@shop.example>  tenant shop  campaign autumn"
                                + "  5.1 KiB");
        assertThat(run.lines()).hasSize(7);
        assertThat(run.lines().get(3))
                .containsPattern("12:00:01.000Z +deferred +Ann@Example.org +1 ")
                .contains("mx.example.org [192.0.2.9] from s1 over TLSv1.3")
                .endsWith("451 4.7.1 Greylisted ?[31m");
        assertThat(run.lines().get(5)).contains("delivered", "250 Ok");
        assertThat(run.lines().get(6)).endsWith("report " + REPORT);
    }

    @Test
    void id_asJson_printsTheLinesAsTheyStand() throws IOException {
        CliRun run = run(FIRST, "--json");

        String all =
                Files.readString(data.resolve("events/events-20261123T120000Z-00000001.jsonl"));
        assertThat(run.out()).startsWith(all);
        assertThat(run.lines()).hasSize(5);
    }

    @Test
    void damagedLines_areCounted() {
        assertThat(run(FIRST).err()).contains("1 lines of the event log are damaged");
    }

    @Test
    void address_findsSenderAndRecipientInAnyCase() {
        CliRun run = run("<ANN@example.ORG>");

        assertThat(run.out()).contains(FIRST, SECOND, "Greylisted").doesNotContain("bob@");
        assertThat(run.out().indexOf(FIRST)).isLessThan(run.out().indexOf(SECOND));
    }

    @Test
    void address_withLimit_isTheNewestMessages() {
        CliRun run = run("ann@example.org", "--limit", "1");

        assertThat(run.out()).contains(SECOND).doesNotContain(FIRST);
    }

    @Test
    void ofSender_everyRecipientIsShown() {
        assertThat(run("news@shop.example").out()).contains("bob@example.net", "Ann@Example.org");
    }

    @Test
    void nothingFound_exits1() {
        for (String subject : new String[] {"nobody@example.org", new QueueId(9).toString()}) {
            CliRun run = run(subject);

            assertThat(run.exit()).as(subject).isEqualTo(1);
            assertThat(run.err()).contains("knows nothing of " + subject);
        }
    }

    @Test
    void neitherIdNorAddress_isAUsageError() {
        assertThat(run("abc").exit()).isEqualTo(2);
        assertThat(run(FIRST, "--limit", "0").exit()).isEqualTo(2);
    }

    @Test
    void socket_isNoOption_forNoServerIsAsked() {
        CliRun run = CliRun.of("trace", "a@example.org", "--socket", "admin.sock");

        assertThat(run.exit()).isEqualTo(2);
        assertThat(run.err()).contains("Unknown options: '--socket'").doesNotContain("=PATH");
    }

    @Test
    void noEventLog_exits1() {
        CliRun run = CliRun.of("trace", FIRST, "--data", data.resolve("x").toString());

        assertThat(run.exit()).isEqualTo(1);
        assertThat(run.err()).contains("there is no event log in");
    }

    @Test
    void randomBytesInTheLog_areSurvived() throws IOException {
        long seed = 3;
        var random = new Random(seed);
        Path file = data.resolve("events/events-20261123T120000Z-00000003.jsonl");
        for (int i = 0; i < 300; i++) {
            var bytes = new byte[random.nextInt(3_000)];
            random.nextBytes(bytes);
            Files.write(file, bytes, StandardOpenOption.CREATE, StandardOpenOption.APPEND);
        }
        Files.writeString(file, "\n" + "x".repeat(600_000) + "\n", StandardOpenOption.APPEND);

        CliRun run = run(FIRST);

        assertThat(run.exit()).as("seed " + seed).isZero();
        assertThat(run.lines()).hasSize(7);
    }

    private CliRun run(String... arguments) {
        var all = new String[arguments.length + 3];
        all[0] = "trace";
        System.arraycopy(arguments, 0, all, 1, arguments.length);
        all[arguments.length + 1] = "--data";
        all[arguments.length + 2] = data.toString();
        return CliRun.of(all);
    }
}
