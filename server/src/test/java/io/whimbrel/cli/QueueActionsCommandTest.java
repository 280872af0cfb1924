package io.whimbrel.cli;

import static org.assertj.core.api.Assertions.assertThat;

import io.whimbrel.admin.FakeQueueDesk;
import io.whimbrel.mail.DomainName;
import io.whimbrel.mail.QueueId;
import io.whimbrel.mail.QueueScope;
import io.whimbrel.spool.SpoolRecord.OperatorAction;

import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

import java.time.Duration;
import java.util.List;
import java.util.Optional;

/// The verbs that change what is queued: holds and suspensions, and jobs with their end.
@Timeout(60)
final class QueueActionsCommandTest extends ServedQueueFixture {
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
    void move_needsADestination() {
        assertThat(run("queue", "move", "--all").exit()).isEqualTo(2);
        assertThat(run("queue", "move", "--all", "--to-class", "urgent").err())
                .contains("transactional, normal or bulk");

        CliRun run = run("queue", "move", "--tenant", "shop", "--to-tenant", "bank", "--json");

        assertThat(run.out()).contains("\"work\":\"move\"", "\"to_tenant\":\"bank\"");
        assertThat(run("queue", "move", "--help").out()).contains("A message moves whole");
    }
}
