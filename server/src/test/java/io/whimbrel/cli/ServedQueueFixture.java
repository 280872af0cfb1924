package io.whimbrel.cli;

import io.whimbrel.admin.AdminOperations;
import io.whimbrel.admin.AdminSocket;
import io.whimbrel.admin.FakeQueueDesk;
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
import io.whimbrel.metrics.Metrics;

import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.io.TempDir;

import java.io.IOException;
import java.nio.file.Path;
import java.time.Duration;
import java.time.InstantSource;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;

/// A node's admin socket over a desk of two messages, 77 and 78, for three recipients; and runs of
/// the command line that reach it. Confined to one thread.
abstract class ServedQueueFixture {
    static final String ID = new QueueId(77).toString();

    @TempDir Path data;
    final FakeQueueDesk desk = new FakeQueueDesk();
    final List<String> reloadProblems = new ArrayList<>();
    final List<String> spoolTrouble = new ArrayList<>();
    final Metrics metrics = new Metrics();
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

    CliRun run(String... arguments) {
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

    static QueueScope scope(String domain) {
        return new QueueScope(
                Optional.empty(), DomainName.parse(domain), Optional.empty(), Optional.empty());
    }
}
