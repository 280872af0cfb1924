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
import io.whimbrel.policy.TenantSettings;

import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

import java.io.IOException;
import java.nio.file.Path;
import java.time.Instant;
import java.time.InstantSource;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;

/// `bans`, `lockouts` and `tenants`, from the command line through the socket to the door.
final class DoorCommandsTest {
    @TempDir private Path data;
    private final TestDoor door = new TestDoor();
    private Optional<AdminSocket> socket = Optional.empty();

    @BeforeEach
    void serve() throws IOException {
        var metrics = new Metrics();
        var operations =
                new AdminOperations(
                        new AdminOperations.Desks(
                                new FakeQueueDesk(),
                                door.desk(),
                                new TestShaping().desk(),
                                new TestEgress(new FakeQueueDesk()).desk()),
                        () ->
                                new NodeStatus(
                                        "n",
                                        "v",
                                        Instant.EPOCH,
                                        List.of(),
                                        "",
                                        List.of(),
                                        "",
                                        "",
                                        List.of()),
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
        var all = new ArrayList<>(List.of(arguments));
        all.addAll(List.of("--data", data.toString()));
        return CliRun.of(all.toArray(String[]::new));
    }

    @Test
    void bans_areListed_withReasonAndTime() {
        assertThat(run("bans").out()).isEqualTo("nobody is banned\n");
        door.ban("192.0.2.7");
        door.ban("2001:db8::7");

        assertThat(run("bans").out())
                .startsWith("BANNED         FOR ANOTHER  SINCE                 UNTIL ")
                .contains("192.0.2.7      10m          2026-11-23T12:00:00Z  2026-11-23T12:10:00Z")
                .contains("2001:db8::/64  10m ")
                .contains("1  more than 1 errors");
        assertThat(run("bans", "list", "--json").lines().getFirst())
                .startsWith("{\"network\":\"192.0.2.7\",\"reason\":\"more than ")
                .endsWith(
                        "\"since\":\"2026-11-23T12:00:00Z\",\"until\":\"2026-11-23T12:10:00Z\","
                                + "\"left_s\":600,\"count\":1}");
    }

    @Test
    void ban_isLifted_byAddressOrNetwork_orAll() {
        door.ban("192.0.2.7");
        door.ban("192.0.2.8");
        door.ban("2001:db8::7");

        assertThat(run("bans", "lift", "192.0.2.7").out())
                .isEqualTo("ban of 192.0.2.7 is lifted\n");
        CliRun again = run("bans", "lift", "192.0.2.7");
        assertThat(again.exit()).isEqualTo(1);
        assertThat(again.err()).contains("192.0.2.7 is not banned, nor is its network");
        assertThat(run("bans", "lift", "2001:db8::/64").exit()).isZero();
        assertThat(run("bans", "lift", "all").out()).isEqualTo("ban of 192.0.2.8 is lifted\n");
        assertThat(run("bans", "lift", "all").out()).isEqualTo("there was nobody\n");
        assertThat(run("bans", "lift", "mail.example").err()).contains("not an address");
        assertThat(run("bans", "lift").exit()).isEqualTo(2);
    }

    @Test
    void lockouts_areListed_andLiftedByUserOrAddress() throws IOException {
        assertThat(run("lockouts").out()).isEqualTo("nobody is locked out\n");
        door.lockOut(data, "shop", "192.0.2.7");

        CliRun list = run("lockouts");

        assertThat(list.out())
                .startsWith("USER  FROM          FOR ANOTHER  SINCE")
                .contains(
                        "shop  (everywhere)  15m          2026-11-23T12:00:00Z  2026-11-23T12:15");
        assertThat(run("lockouts", "--json").out())
                .startsWith("{\"user\":\"shop\",\"network\":\"\",\"since\":");
        CliRun other = run("lockouts", "lift", "192.0.2.7");
        assertThat(other.exit()).isEqualTo(1);
        assertThat(other.err()).contains("`whimbrel lockouts` lists who is");
        assertThat(run("lockouts", "lift", "shop").out()).isEqualTo("lock-out of shop is lifted\n");
        assertThat(run("lockouts", "lift", "all").out()).isEqualTo("there was nobody\n");
    }

    @Test
    void tenants_areListed_withWhatIsUsed_andWhenThereIsRoom() {
        assertThat(run("tenants").out()).isEqualTo("the configuration has no [[tenant]]\n");
        door.use("shop", "4/h", 4, 2);
        door.use("news", "100/d", 25, 0);
        door.tenants.add(TenantSettings.withoutRules("plain"));

        CliRun all = run("tenants");

        assertThat(all.out())
                .startsWith("TENANT  CONNECTIONS  QUOTA  OF        USED      ROOM AGAIN\n")
                .contains("shop    2 of 9       4/h    messages  4 (100%)  in 1h")
                .contains("news    0 of 9       100/d  messages  25 (25%)  now\n")
                .contains("plain   0            none\n");
        assertThat(run("tenants", "news").lines()).hasSize(2);
        assertThat(run("tenants", "shop", "--json").out())
                .startsWith(
                        "{\"tenant\":\"shop\",\"connections\":2,\"connections_max\":9,\"quotas\":["
                                + "{\"of\":\"messages\",\"quota\":\"4/h\",\"used\":4,\"limit\":4,"
                                + "\"window_s\":3600,\"room_at\":\"2026-11-23T13:0");
        CliRun unknown = run("tenants", "shp");
        assertThat(unknown.exit()).isEqualTo(1);
        assertThat(unknown.err()).contains("no [[tenant]] is called \"shp\"", "shop, news, plain");
    }
}
