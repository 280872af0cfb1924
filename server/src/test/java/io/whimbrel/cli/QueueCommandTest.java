package io.whimbrel.cli;

import static org.assertj.core.api.Assertions.assertThat;

import io.whimbrel.admin.FakeQueueDesk;
import io.whimbrel.admin.Json;
import io.whimbrel.mail.QueueId;
import io.whimbrel.mail.Treatment;
import io.whimbrel.spool.SpoolRecord.OperatorAction;

import org.junit.jupiter.api.Assumptions;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.temporal.ChronoUnit;
import java.util.Map;

/// The verbs that show the queue and its node, and how that node is found.
@Timeout(60)
final class QueueCommandTest extends ServedQueueFixture {
    @Test
    void queue_printsTheSummary() {
        desk.actions.add(new OperatorAction.Hold(scope("example.org"), "blocklisted"));

        CliRun run = CliRun.of("queue", "--data", data.toString());

        assertThat(run.err()).isEmpty();
        assertThat(run.exit()).isZero();
        assertThat(run.out())
                .isEqualTo(
                        """
                        3 recipients queued, the oldest for at most 2h

                        STATE      RECIPIENTS
                        scheduled           3

                        DOMAIN       RECIPIENTS  IN FLIGHT  SITE
                        example.org           2          0  mx.example.org
                        example.net           1          0  mx.example.net

                        TENANT  RECIPIENTS
                        news             1
                        shop             2

                        CAMPAIGN  TENANT  RECIPIENTS
                        autumn    shop             2
                        autumn    news             1

                        IN FORCE  SCOPE               FOR  REASON
                        hold      domain=example.org       blocklisted
                        """);
    }

    @Test
    void summary_asJson_isOneObject() {
        CliRun run = run("queue", "summary", "--json");

        assertThat(run.lines()).hasSize(1);
        var line = Json.parse(run.out()).orElseThrow();
        assertThat(line.path("recipients").asInt()).isEqualTo(3);
        assertThat(line.path("states").path("scheduled").asInt()).isEqualTo(3);
        assertThat(line.path("oldest_s").asInt()).isEqualTo(7_200);
    }

    @Test
    void list_printsOneLinePerEntry() {
        CliRun run = run("queue", "list");

        assertThat(run.exit()).isZero();
        assertThat(run.lines()).hasSize(3);
        assertThat(run.lines().get(1))
                .startsWith(ID)
                .contains("scheduled", "3m12s", "5.1 KiB", "<sender@shop.example>")
                .contains("<a@example.org> +1", "shop", "waits for its due time");
    }

    @Test
    void list_ofADomain_isOnlyThat() {
        CliRun run = run("queue", "list", "--domain", "EXAMPLE.net.", "--json");

        assertThat(run.lines()).hasSize(1);
        assertThat(run.out()).contains("\"domain\":\"example.net\"", "\"due_in_s\":192");
    }

    @Test
    void list_beyondItsLimit_saysSo() {
        CliRun run = run("queue", "list", "--limit", "1", "--json");

        assertThat(run.lines()).hasSize(1);
        assertThat(run.err()).contains("--limit");
    }

    @Test
    void list_ofNothing_isNoFailure() {
        CliRun run = run("queue", "list", "--tenant", "nobody");

        assertThat(run.exit()).isZero();
        assertThat(run.out()).isEqualTo("nothing like that is queued\n");
        assertThat(run.err()).isEmpty();
        desk.views.clear();
        assertThat(run("queue", "list").out()).isEqualTo("nothing is queued\n");
        assertThat(run("queue", "list", "--tenant", "nobody", "--json"))
                .isEqualTo(new CliRun(0, "", ""));
    }

    @Test
    void show_printsEnvelopeAndEachRecipient() {
        CliRun run = run("queue", "show", ID);

        assertThat(run.exit()).isZero();
        assertThat(run.out())
                .contains("sender      <sender@shop.example>", "campaign    autumn", "2h ago")
                .containsPattern("<a@example.org> +scheduled +3 +3m12s")
                .containsPattern("<b@example.org> +settled +0")
                .containsPattern("<c@example.org> +scheduled");
    }

    @Test
    void show_tellsWhatWasAskedForThisMessageAlone() {
        assertThat(run("queue", "show", ID).out()).doesNotContain("pool", "expires", "meta");
        desk.views.clear();
        desk.treatment =
                Treatment.NONE
                        .withMtPriority(-2)
                        .withPool("fast")
                        .withNotBefore(FakeQueueDesk.NOW)
                        .withExpiresAt(FakeQueueDesk.NOW.plusSeconds(60))
                        .withMetadata(Map.of("order", "47\u001b11"));
        desk.add(QueueId.parse(ID).orElseThrow().value(), "example.org", "shop", 1, 0);

        assertThat(run("queue", "show", ID).out())
                .contains("pool        fast\n", "mt-priority -2\n", "meta        order=47?11\n")
                .contains("not before  " + FakeQueueDesk.NOW.truncatedTo(ChronoUnit.SECONDS))
                .contains("expires     ");
    }

    @Test
    void show_ofUnknownId_exits1AndNamesTrace() {
        CliRun run = run("queue", "show", new QueueId(1).toString());

        assertThat(run.exit()).isEqualTo(1);
        assertThat(run.err()).contains("not in the queue", "whimbrel trace");
    }

    @Test
    void show_ofNoId_isAUsageError() {
        CliRun run = run("queue", "show", "abc");

        assertThat(run.exit()).isEqualTo(2);
        assertThat(run.err()).contains("abc", "Usage: whimbrel queue show ");
    }

    @Test
    void mistake_isToldWithTheUsageOfItsVerb() {
        assertThat(run("queue", "list", "--limit", "0").err())
                .contains("Usage: whimbrel queue list ");
        assertThat(run("queue", "suspend", "--all", "--for", "1x").err())
                .contains("Usage: whimbrel queue suspend ");
        CliRun nowhere = CliRun.of("queue", "list");
        assertThat(nowhere.exit()).isEqualTo(2);
        assertThat(nowhere.err()).contains("-c FILE", "Usage: whimbrel queue list ");
    }

    @Test
    void summary_tellsWhatIsLeftOfASuspension() {
        run("queue", "suspend", "--domain", "example.org", "--for", "250s");

        assertThat(run("queue").out())
                .containsPattern("suspend +domain=example.org +another 4m10s");
        assertThat(run("queue", "--json").out()).contains("\"left_s\":250");
    }

    @Test
    void configOption_findsTheSocket_beforeAndBehindTheVerb() throws IOException {
        Path config = data.resolve("whimbrel.toml");
        Files.writeString(
                config,
                "[node]\nname = \"mx\"\ndata = \""
                        + data
                        + "\"\n[[listen]]\naddress = \"127.0.0.1:2525\"\n");

        assertThat(CliRun.of("queue", "list", "-c", config.toString()).exit()).isZero();
        assertThat(CliRun.of("queue", "-c", config.toString(), "list").exit()).isZero();
    }

    @Test
    void badConfig_exits1AndNamesTheError() throws IOException {
        Path config = data.resolve("whimbrel.toml");
        Files.writeString(config, "[node]\nnam = 1\n");

        CliRun run = CliRun.of("queue", "-c", config.toString());

        assertThat(run.exit()).isEqualTo(1);
        assertThat(run.err()).contains("whimbrel.toml:", "whimbrel config check", "--data");
    }

    @Test
    void noNodeNamed_isAUsageError() {
        CliRun run = CliRun.of("queue");

        assertThat(run.exit()).isEqualTo(2);
        assertThat(run.err()).contains("-c FILE");
    }

    @Test
    void noServer_exits1AndSaysHowToStartIt() {
        CliRun run = CliRun.of("queue", "--data", data.resolve("x").toString());

        assertThat(run.exit()).isEqualTo(1);
        assertThat(run.err())
                .contains(
                        "no server is running at " + data + "/x/admin.sock (--data " + data + "/x)")
                .contains("whimbrel serve -c FILE", "name another node with", "--socket PATH");
    }

    @Test
    void noServerOfAConfiguration_isToldWithBothPaths() throws IOException {
        Path config = data.resolve("w.toml");
        Files.writeString(
                config,
                "[node]\nname = \"mx\"\ndata = \""
                        + data.resolve("y")
                        + "\"\n[[listen]]\naddress = \"127.0.0.1:2525\"\n");

        assertThat(CliRun.of("status", "-c", config.toString()).err())
                .contains(
                        "at " + data + "/y/admin.sock (node.data in " + config + "): there is none")
                .contains("`whimbrel serve -c " + config + "`");
    }

    @Test
    void noServerWhereTheFileSays_butOneElsewhere_isToldHowToReachIt() throws IOException {
        Assumptions.assumeTrue(Files.isReadable(Path.of("/proc/net/unix")));
        CliRun run = CliRun.of("reload", "--data", data.resolve("moved").toString());

        assertThat(run.exit()).isEqualTo(1);
        assertThat(run.err()).containsPattern("; running nodes: .*/admin.sock");
        assertThat(CliRun.of("reload", "--socket", data.resolve("admin.sock").toString()).exit())
                .isZero();
    }

    @Test
    void help_namesTheVerbs() {
        CliRun run = CliRun.of("queue", "--help");

        assertThat(run.exit()).isZero();
        assertThat(run.out()).contains("retry-now", "suspend", "--json");
        assertThat(CliRun.of("queue", "bounce", "--help").out()).contains("--dry-run", "--domain");
    }

    @Test
    void status_tellsHowTheNodeIs() {
        metrics.messagesAccepted.inc(3);
        CliRun run = run("status");

        assertThat(run.exit()).isZero();
        assertThat(run.out())
                .contains("version    1.2.3", "listens on 127.0.0.1:2525 (smtp, tls none,")
                .contains(
                        "listens on unix:/run/w.sock (lmtp, tls starttls, auth required, 20"
                                + " connections, certificate until 2026-11-23T12:00:00Z)\n")
                .contains("up         1d1h, since 2026-11-22T10:59:59Z\n")
                .contains("spool      ok", "queued     3 recipients", "warning    source s1")
                .contains("memory     1152 MiB (three quarters of 1536 MiB)")
                .contains("shaping    2 suspend in force; `whimbrel shaping actions`")
                .contains("budget     arriving: 3072 KiB of 100 MiB, FELT")
                .contains("budget     disk-slow: 900 MiB free, mark 500 MiB")
                .contains("budget     entries: 12 of 5000");
        assertThat(run("status", "--json").out())
                .contains("\"started\":\"2026-11-22T10:59:59.123Z\"");
        spoolTrouble.add("disk full: free 2 GiB");
        CliRun ill = run("status");
        assertThat(ill.exit()).isEqualTo(1);
        assertThat(ill.out()).contains("spool      disk full: free 2 GiB");
    }

    @Test
    void metrics_areInPrometheusTextFormat() {
        metrics.messagesAccepted.inc(3);

        CliRun run = run("metrics");

        assertThat(run.exit()).isZero();
        assertThat(run.out())
                .contains("# TYPE whimbrel_messages_accepted_total counter")
                .contains("whimbrel_messages_accepted_total 3.0\n");
        assertThat(run("metrics", "--json").out())
                .contains("{\"metric\":\"whimbrel_messages_accepted_total\",\"value\":\"3.0\"}\n")
                .doesNotContain("#");
    }

    @Test
    void reload_ofAGoodFile_isOk() {
        CliRun run = run("reload");

        assertThat(run.exit()).isZero();
        assertThat(run.out()).isEqualTo("reloaded\n");
    }

    @Test
    void reload_ofABadFile_printsItsProblems() {
        reloadProblems.add("whimbrel.toml:3:1: unknown key \"nam\", did you mean \"name\"?");

        CliRun run = run("reload");

        assertThat(run.exit()).isEqualTo(1);
        assertThat(run.out()).isEmpty();
        assertThat(run.err()).contains("whimbrel.toml:3:1: unknown key", "not reloaded");
    }
}
