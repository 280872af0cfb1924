package io.whimbrel.cli;

import static org.assertj.core.api.Assertions.assertThat;

import io.whimbrel.admin.AdminOperations;
import io.whimbrel.admin.AdminSocket;
import io.whimbrel.admin.FakeQueueDesk;
import io.whimbrel.admin.Json;
import io.whimbrel.admin.ListenerStatus;
import io.whimbrel.admin.NodeStatus;
import io.whimbrel.admin.ReloadResult;
import io.whimbrel.admin.TestDoor;
import io.whimbrel.admin.TestEgress;
import io.whimbrel.admin.TestShaping;
import io.whimbrel.budget.Budget;
import io.whimbrel.budget.BudgetLevel;
import io.whimbrel.budget.BudgetView;
import io.whimbrel.mail.DomainName;
import io.whimbrel.mail.QueueId;
import io.whimbrel.mail.QueueScope;
import io.whimbrel.mail.Treatment;
import io.whimbrel.metrics.Metrics;
import io.whimbrel.spool.SpoolRecord.OperatorAction;

import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Assumptions;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.time.InstantSource;
import java.time.temporal.ChronoUnit;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;

@Timeout(60)
final class QueueCommandTest {
    private static final String ID = new QueueId(77).toString();

    @TempDir private Path data;
    private final FakeQueueDesk desk = new FakeQueueDesk();
    private final List<String> reloadProblems = new ArrayList<>();
    private final List<String> spoolTrouble = new ArrayList<>();
    private final Metrics metrics = new Metrics();
    private Optional<AdminSocket> socket = Optional.empty();

    @BeforeEach
    void serve() throws IOException {
        desk.add(77, "example.org", "shop", 3, 0, 2);
        desk.add(78, "example.net", "news", 1, 0);
        var operations =
                new AdminOperations(
                        new AdminOperations.Desks(
                                desk,
                                new TestDoor().desk(),
                                new TestShaping().desk(),
                                new TestEgress(desk).desk()),
                        this::status,
                        () -> new ReloadResult(reloadProblems),
                        metrics,
                        InstantSource.fixed(FakeQueueDesk.NOW));
        socket = Optional.of(AdminSocket.open(data, operations, metrics));
    }

    @AfterEach
    void stop() throws IOException {
        socket.orElseThrow().close();
    }

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
    void hold_reachesTheDeskWithScopeAndReason() {
        CliRun run =
                run(
                        "queue",
                        "hold",
                        "--domain",
                        "example.org",
                        "--tenant",
                        "shop",
                        "--reason",
                        "r");

        assertThat(run.exit()).isZero();
        assertThat(run.out()).isEqualTo("2 recipients held\n");
        var scope =
                new QueueScope(
                        Optional.empty(),
                        DomainName.parse("example.org"),
                        Optional.of("shop"),
                        Optional.empty());
        assertThat(desk.actions).containsExactly(new OperatorAction.Hold(scope, "r"));
    }

    @Test
    void ids_areGivenWithoutOption_toEveryVerb() {
        String other = new QueueId(78).toString();

        assertThat(run("queue", "hold", ID).out()).isEqualTo("2 recipients held\n");
        assertThat(run("queue", "release", ID).exit()).isZero();
        assertThat(run("queue", "list", ID, "--json").lines()).hasSize(1);
        assertThat(run("queue", "suspend", ID, other, "--for", "1h").out())
                .isEqualTo(
                        ID
                                + ": 2 recipients suspended for 1h\n"
                                + other
                                + ": 1 recipient suspended for 1h\n");
        assertThat(run("queue", "resume", ID, "--id", other, ID).lines()).hasSize(2);
        assertThat(run("queue", "retry-now", ID, other, "--json").out())
                .isEqualTo(
                        "{\"recipients\":2,\"id\":\""
                                + ID
                                + "\"}\n{\"recipients\":1,\"id\":\""
                                + other
                                + "\"}\n");
        assertThat(run("queue", "list", ID, other).lines()).hasSize(3);
    }

    @Test
    void ids_ofWhichOneIsGone_areActedOnAllTheSame() {
        CliRun run = run("queue", "retry-now", new QueueId(1).toString(), ID);

        assertThat(run.exit()).isEqualTo(1);
        assertThat(run.err()).contains(new QueueId(1) + " is not in the queue");
        assertThat(run.out()).isEqualTo(ID + ": 2 recipients due now\n");
        assertThat(run("queue", "hold", ID, "example.org").exit()).isEqualTo(2);
    }

    @Test
    void action_withoutCondition_isAUsageErrorThatSaysSo() {
        for (String verb : List.of("hold", "release", "retry-now", "bounce", "delete", "resume")) {
            CliRun run = run("queue", verb);

            assertThat(run.exit()).as(verb).isEqualTo(2);
            assertThat(run.err()).as(verb).contains("one ID or more", "--domain", "--older-than");
        }
        assertThat(desk.actions).isEmpty();
        assertThat(desk.views).hasSize(2);
    }

    @Test
    void action_withAllAndACondition_isAUsageError() {
        CliRun run = run("queue", "delete", "--all", "--domain", "example.org");

        assertThat(run.exit()).isEqualTo(2);
        assertThat(desk.views).hasSize(2);
    }

    @Test
    void release_withoutSuchAHold_exits1() {
        CliRun run = run("queue", "release", "--all");

        assertThat(run.exit()).isEqualTo(1);
        assertThat(run.err()).contains("no hold with exactly this scope");
        assertThat(desk.actions).isEmpty();
    }

    @Test
    void release_ofAHold_isDone() {
        run("queue", "hold", "--all");
        CliRun run = run("queue", "release", "--all");

        assertThat(run.exit()).isZero();
        assertThat(run.out()).isEqualTo("3 recipients released\n");
        assertThat(desk.actions).last().isEqualTo(new OperatorAction.Release(QueueScope.ALL));
    }

    @Test
    void release_ofWhatAnotherHoldKeeps_namesIt() {
        run("queue", "hold", "--domain", "example.org", "--reason", "blocklisted");
        run("queue", "suspend", ID, "--for", "1h");
        run("queue", "hold", "--all");

        CliRun all = run("queue", "release", "--all");

        assertThat(all.exit()).isZero();
        assertThat(all.out())
                .isEqualTo(
                        "1 recipient released; 2 recipients still kept by"
                                + " hold domain=example.org (2), suspend id="
                                + ID
                                + " (2)\n"
                                + "that hold ends with"
                                + " `whimbrel queue release --domain example.org`\n"
                                + "that suspension ends with `whimbrel queue resume "
                                + ID
                                + "`\n");
        CliRun domain = run("queue", "release", "--domain", "example.org", "--json");
        assertThat(domain.out())
                .startsWith(
                        "{\"recipients\":0,\"domain\":\"example.org\",\"kept\":2,"
                                + "\"kept_by\":[{\"action\":\"suspend\",")
                .contains("\"left_s\":3600")
                .endsWith("\"recipients\":2}]}\n");
        assertThat(run("queue", "resume", ID).out()).isEqualTo("2 recipients resumed\n");
    }

    @Test
    void release_ofWhatAHoldOfAnAgeKeeps_namesTheCommandThatEndsThat() {
        QueueId last = QueueId.at(FakeQueueDesk.NOW.minusMillis(5_400_500));
        var tenant =
                new QueueScope(
                        Optional.empty(), Optional.empty(), Optional.of("it's"), Optional.empty());
        desk.add(1, "example.org", "it's", 1, 0);
        desk.actions.add(new OperatorAction.Hold(tenant.noLaterThan(last), ""));
        desk.actions.add(new OperatorAction.Hold(tenant, ""));

        CliRun run = run("queue", "release", "--tenant", "it's");

        assertThat(run.out())
                .contains("still kept by hold tenant=it's accepted_by=2026-11-23T10:29:59Z (1)\n")
                .endsWith("`whimbrel queue release --tenant 'it'\\''s' --older-than 5400s`\n");
        assertThat(run("queue", "release", "--tenant", "it's", "--older-than", "5400s").exit())
                .isZero();
        assertThat(desk.actions.getLast())
                .isInstanceOfSatisfying(
                        OperatorAction.Release.class,
                        release ->
                                assertThat(release.scope().ends(tenant.noLaterThan(last)))
                                        .isTrue());
    }

    @Test
    void holdReleaseAndSuspend_asJson_tellWhatTheyActedOn() {
        assertThat(run("queue", "hold", "--tenant", "shop", "--older-than", "1h", "--json").out())
                .isEqualTo(
                        "{\"recipients\":2,\"tenant\":\"shop\",\"accepted_by\":"
                                + "\"2026-11-23T11:00:00Z\",\"older_than_s\":3600}\n");
        assertThat(run("queue", "release", "--tenant", "shop", "--older-than", "1h").out())
                .isEqualTo("2 recipients released (accepted by 2026-11-23T11:00:00Z)\n");
        assertThat(
                        run(
                                        "queue",
                                        "suspend",
                                        "--domain",
                                        "example.org",
                                        "--campaign",
                                        "autumn",
                                        "--for",
                                        "5m",
                                        "--json")
                                .out())
                .isEqualTo(
                        "{\"recipients\":2,\"domain\":\"example.org\",\"campaign\":\"autumn\","
                                + "\"left_s\":300}\n");
        assertThat(run("queue", "hold", "--all", "--json").out())
                .isEqualTo("{\"recipients\":3,\"all\":true}\n");
        assertThat(run("queue", "hold", ID, "--dry-run", "--json").out())
                .contains("\"recipients\":2,\"id\":\"" + ID);
    }

    @Test
    void summary_tellsWhatIsLeftOfASuspension() {
        run("queue", "suspend", "--domain", "example.org", "--for", "250s");

        assertThat(run("queue").out())
                .containsPattern("suspend +domain=example.org +another 4m10s");
        assertThat(run("queue", "--json").out()).contains("\"left_s\":250");
    }

    @Test
    void suspendAndResume_takeATime() {
        CliRun suspend = run("queue", "suspend", "--for", "1h", "--domain", "example.net");
        CliRun resume = run("queue", "resume", "--domain", "example.net");

        assertThat(suspend.out()).isEqualTo("1 recipient suspended for 1h\n");
        assertThat(resume.out()).isEqualTo("1 recipient resumed\n");
        assertThat(desk.actions)
                .first()
                .isEqualTo(
                        new OperatorAction.Suspend(scope("example.net"), Duration.ofHours(1), ""));
        assertThat(run("queue", "suspend", "--for", "soon", "--all").exit()).isEqualTo(2);
    }

    @Test
    void actionsOnNothing_sayThatThereIsNothing_andMakeNoJob() {
        assertThat(run("queue", "retry-now", "--all").out()).isEqualTo("3 recipients due now\n");
        for (String verb : List.of("retry-now", "bounce", "delete")) {
            assertThat(run("queue", verb, "--tenant", "nobody"))
                    .as(verb)
                    .isEqualTo(new CliRun(0, "nothing is queued in that scope\n", ""));
        }
        assertThat(run("queue", "delete", "--tenant", "nobody", "--detach").out())
                .isEqualTo("nothing is queued in that scope\n");
        assertThat(run("queue", "move", "--tenant", "nobody", "--to-tenant", "shop", "--json"))
                .isEqualTo(
                        new CliRun(
                                0,
                                "{\"work\":\"move\",\"recipients\":0,\"tenant\":\"nobody\"}\n",
                                ""));
        assertThat(run("queue", "delete", ID, "--domain", "elsewhere.example").out())
                .as("the message is queued, and has nobody there")
                .isEqualTo("nothing is queued in that scope\n");
        assertThat(desk.jobs).isEmpty();
    }

    @Test
    void move_toWhatIsNoTenant_isRefused() {
        CliRun run = run("queue", "move", "--all", "--to-tenant", "bad tenant!");

        assertThat(run.exit()).isEqualTo(1);
        assertThat(run.err()).contains("to_tenant", "1 to 64 letters");
        assertThat(desk.jobs).isEmpty();
    }

    @Test
    void holdOfNothing_isInForceForMailToCome_andSaysSo() {
        assertThat(run("queue", "hold", "--tenant", "nobody"))
                .isEqualTo(
                        new CliRun(
                                0, "0 recipients are queued now; mail that comes is held\n", ""));
        assertThat(run("queue", "suspend", "--tenant", "nobody", "--for", "1h").out())
                .isEqualTo("0 recipients are queued now; mail that comes is suspended for 1h\n");
        assertThat(run("queue", "release", "--tenant", "nobody").out())
                .isEqualTo("0 recipients released\n");
        assertThat(run("queue", "hold", "--tenant", "nobody", "--older-than", "1h").out())
                .as("nothing that comes is as old")
                .isEqualTo("0 recipients held (accepted by 2026-11-23T11:00:00Z)\n");
    }

    @Test
    void bounce_followsTheJobToItsEnd() {
        CliRun run = run("queue", "bounce", "--id", ID.toLowerCase(java.util.Locale.ROOT));

        assertThat(run.out()).isEqualTo("2 recipients bounced\n");
        assertThat(run.err()).isEmpty();
        assertThat(run.exit()).isZero();
        assertThat(desk.views).hasSize(1);
    }

    @Test
    void delete_detached_namesTheJob_whichIsListedAndCancelled() {
        CliRun run = run("queue", "delete", "--older-than", "0s", "--detach");

        String job = desk.jobs.getFirst().job().id().toString();
        assertThat(run.out()).startsWith("job " + job + " has begun");
        assertThat(run("queue", "jobs").out()).contains(job, "delete", "done", "accepted_by=");
        assertThat(run("queue", "cancel", job, "--json").out()).contains("\"job\":\"" + job);
        assertThat(run("queue", "cancel", ID).err()).contains("is no job that runs");
        assertThat(run("queue", "cancel", "x").exit()).isEqualTo(2);
    }

    @Test
    void delete_ofABadAge_isAUsageError() {
        assertThat(run("queue", "delete", "--tenant", "shop", "--older-than", "x").exit())
                .isEqualTo(2);
    }

    @Test
    void delete_dryRun_onlyCounts() {
        CliRun run = run("queue", "delete", "--all", "--dry-run");

        assertThat(run.exit()).isZero();
        assertThat(run.out()).isEqualTo("3 recipients would be deleted\n");
        assertThat(desk.views).hasSize(2);
        assertThat(desk.jobs).isEmpty();
    }

    @Test
    void delete_ofAMessageThatIsGone_exits1() {
        CliRun run = run("queue", "delete", "--id", new QueueId(1).toString());

        assertThat(run.exit()).isEqualTo(1);
        assertThat(run.err()).contains("not in the queue");
    }

    @Test
    void diskTrouble_isTold() {
        desk.diskTrouble = Optional.of("No space left on device");

        CliRun run = run("queue", "hold", "--all");

        assertThat(run.exit()).isEqualTo(1);
        assertThat(run.err()).contains("the disk failed: No space left on device");
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

    private CliRun run(String... arguments) {
        var all = new ArrayList<>(List.of(arguments));
        all.addAll(List.of("--data", data.toString()));
        return CliRun.of(all.toArray(String[]::new));
    }

    private NodeStatus status() {
        return new NodeStatus(
                "mx1.example.com",
                "1.2.3",
                FakeQueueDesk.NOW.minus(Duration.ofHours(25)).minusNanos(876_543_211),
                List.of(
                        new ListenerStatus(
                                "127.0.0.1:2525", "smtp", "none", "none", 1, Optional.empty()),
                        new ListenerStatus(
                                "unix:/run/w.sock",
                                "lmtp",
                                "starttls",
                                "required",
                                20,
                                Optional.of(FakeQueueDesk.NOW))),
                String.join("", spoolTrouble),
                List.of("source s1: this machine has no 192.0.2.10"),
                "2 suspend in force; `whimbrel shaping actions`",
                "1152 MiB (three quarters of 1536 MiB)",
                List.of(
                        new BudgetView(
                                Budget.ARRIVING,
                                new BudgetLevel(3 << 20, 100 << 20, 7, false),
                                true),
                        new BudgetView(
                                Budget.DISK_SLOW,
                                new BudgetLevel(900 << 20, 500 << 20, 0, false),
                                false),
                        new BudgetView(
                                Budget.ENTRIES, new BudgetLevel(12, 5000, 0, false), false)));
    }

    private static QueueScope scope(String domain) {
        return new QueueScope(
                Optional.empty(), DomainName.parse(domain), Optional.empty(), Optional.empty());
    }

    @Test
    void move_needsADestination() {
        assertThat(run("queue", "move", "--all").exit()).isEqualTo(2);
        assertThat(run("queue", "move", "--all", "--to-class", "urgent").err())
                .contains("transactional, normal or bulk");

        CliRun run = run("queue", "move", "--tenant", "shop", "--to-tenant", "bank", "--json");

        assertThat(run.out()).contains("\"work\":\"move\"", "\"to_tenant\":\"bank\"");
        assertThat(run("queue", "move", "--help").out()).contains("A message moves whole");
    }
}
