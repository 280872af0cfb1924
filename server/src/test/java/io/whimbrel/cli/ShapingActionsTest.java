package io.whimbrel.cli;

import static org.assertj.core.api.Assertions.assertThat;

import io.whimbrel.admin.AdminOperations;
import io.whimbrel.admin.AdminSocket;
import io.whimbrel.admin.FakeQueueDesk;
import io.whimbrel.admin.NodeStatus;
import io.whimbrel.admin.ReloadResult;
import io.whimbrel.admin.TestDoor;
import io.whimbrel.admin.TestEgress;
import io.whimbrel.admin.TestShaping;
import io.whimbrel.metrics.Metrics;

import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

import picocli.CommandLine;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;

import java.io.IOException;
import java.io.PrintWriter;
import java.io.StringWriter;
import java.nio.file.Path;
import java.time.Instant;
import java.time.InstantSource;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;

/// `shaping actions`, `lift` and `suspend`, from the command line through the socket.
final class ShapingActionsTest {
    @TempDir private Path data;
    private final TestShaping shaping = new TestShaping();
    private Optional<AdminSocket> socket = Optional.empty();

    @Command(name = "shaping")
    private static final class Shaping {
        @Mixin private final Console console = new Console();
        @Mixin private final NodeOptions node = new NodeOptions();
    }

    @BeforeEach
    void serve() throws IOException {
        var metrics = new Metrics();
        var desks =
                new AdminOperations.Desks(
                        new FakeQueueDesk(),
                        new TestDoor().desk(),
                        shaping.desk(),
                        new TestEgress(new FakeQueueDesk()).desk());
        var status =
                new NodeStatus(
                        "n", "v", Instant.EPOCH, List.of(), "", List.of(), "", "", List.of());
        var operations =
                new AdminOperations(
                        desks,
                        () -> status,
                        () -> ReloadResult.DONE,
                        metrics,
                        InstantSource.fixed(FakeQueueDesk.NOW));
        socket = Optional.of(AdminSocket.open(data, operations, metrics));
    }

    @AfterEach
    void stop() throws IOException {
        socket.orElseThrow().close();
    }

    private CliRun run(String... arguments) {
        var parent = new Shaping();
        var line = new CommandLine(parent);
        ShapingActions.addTo(line, parent.console, parent.node);
        var out = new StringWriter();
        var err = new StringWriter();
        line.setOut(new PrintWriter(out));
        line.setErr(new PrintWriter(err));
        var all = new ArrayList<>(List.of(arguments));
        all.addAll(List.of("--data", data.toString()));
        int exit = line.execute(all.toArray(String[]::new));
        return new CliRun(exit, out.toString(), err.toString());
    }

    private String id() {
        var views = shaping.reactions.actions(FakeQueueDesk.NOW);
        return views.getLast().restraint().id();
    }

    @Test
    void actions_areListed_withWhatWhyAndHowLong() {
        assertThat(run("actions").out()).isEqualTo("no action is in force\n");
        shaping.refuse("t1");

        assertThat(run("actions").out())
                .startsWith("ID    TRAFFIC                     IS            FOR ANOTHER  BY")
                .contains(
                        id()
                                + "  source t1, provider google  2 messages/s  30m          "
                                + "unusual-rate google.toml:12  421 4.7.28 unusual rate ?[1m of");
        assertThat(run("actions", "--json").out())
                .isEqualTo(
                        "{\"id\":\""
                                + id()
                                + "\",\"kind\":\"slow\",\"messages_per_s\":2.0,"
                                + "\"effect\":\"2 messages/s\",\"scope\":{\"source\":\"t1\","
                                + "\"provider\":\"google\"},"
                                + "\"traffic\":\"source t1, provider google\","
                                + "\"since\":\"2026-11-23T12:00:00Z\","
                                + "\"until\":\"2026-11-23T12:30:00Z\",\"left_s\":1800,"
                                + "\"raised_in_s\":180,\"rule\":\"unusual-rate\","
                                + "\"origin\":\"google.toml:12\",\"matches\":1,"
                                + "\"reason\":\"421 4.7.28 unusual rate \\u001B[1m of mail\"}\n");
    }

    @Test
    void action_isLifted_byIdTrafficOrAll() {
        shaping.refuse("t1");
        String id = id();
        assertThat(run("lift", id).out())
                .isEqualTo(id + " is lifted: source t1, provider google: 2 messages/s\n");
        CliRun again = run("lift", id);
        assertThat(again.exit()).isEqualTo(1);
        assertThat(again.err())
                .isEqualTo(
                        "whimbrel: no action "
                                + id
                                + " is in force; `whimbrel shaping actions` lists them\n");

        shaping.refuse("t1");
        shaping.refuse("t2");
        assertThat(run("lift", "--provider", "yahoo").err())
                .contains("no action in force is about provider yahoo");
        assertThat(run("lift", "--provider", "google", "--source", "t2").lines()).hasSize(1);
        assertThat(run("lift", "--all").lines()).hasSize(1);
        assertThat(run("lift", "--all").out()).isEqualTo("no action was in force\n");
        assertThat(run("lift").err()).contains("Which actions?");
        assertThat(run("lift", "r123", "--all").err()).contains("not both");
        assertThat(run("lift", "--all", "--pool", "p").err()).contains("which actions?");
    }

    @Test
    void suspension_byHand_isListed_withItsReason() {
        CliRun done =
                run(
                        "suspend",
                        "--provider",
                        "google",
                        "--source",
                        "t1",
                        "--for",
                        "2h",
                        "--reason",
                        "they asked");

        assertThat(done.err()).isEmpty();
        assertThat(done.out())
                .isEqualTo(
                        "source t1, provider google: suspended for 2h; end it with"
                                + " `whimbrel shaping lift "
                                + id()
                                + "`\n");
        assertThat(run("actions").out())
                .contains("suspended  2h           an operator  they asked");
    }

    @Test
    void suspension_ofWhatDoesNotExist_orOfNothing_isRefused() {
        assertThat(run("suspend", "--provider", "gogle", "--for", "2h").err())
                .isEqualTo(
                        "whimbrel: no provider is called \"gogle\"; did you mean \"google\"?;"
                                + " known: google, yahoo\n");
        assertThat(run("suspend", "--for", "2h").err()).contains("Suspend what?");
        assertThat(run("suspend", "--all", "--pool", "p", "--for", "2h").err())
                .contains("contradict");
        assertThat(run("suspend", "--pool", "p", "--for", "2 hours").err()).contains("Not a time");
        assertThat(run("suspend", "--pool", "", "--for", "2h").err()).contains("is empty");
        assertThat(run("suspend", "--pool", "p", "--for", "900d").err()).contains("a number from");
        assertThat(run("suspend", "--pool", "p").exit()).isEqualTo(2);
        assertThat(run("actions").out()).isEqualTo("no action is in force\n");
        assertThat(run("suspend", "--all", "--for", "1m").out()).startsWith("all traffic: ");
    }
}
