package io.whimbrel.admin;

import static org.assertj.core.api.Assertions.assertThat;

import io.whimbrel.mail.QueueId;
import io.whimbrel.metrics.Metrics;

import org.junit.jupiter.api.Test;

import java.time.Instant;
import java.time.InstantSource;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.Random;

final class AdminOperationsTest {
    private final FakeQueueDesk desk = new FakeQueueDesk();
    private final List<String> lines = new ArrayList<>();
    private final AdminOperations operations =
            new AdminOperations(
                    new AdminOperations.Desks(
                            desk,
                            new TestDoor().desk(),
                            new TestShaping().desk(),
                            new TestEgress(desk).desk()),
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
                    new Metrics(),
                    InstantSource.fixed(FakeQueueDesk.NOW));

    @Test
    void unknownVerb_isNamed() {
        assertThat(ask("{\"verb\":\"dance\"}")).isEqualTo("unknown verb: \"dance\"");
        assertThat(ask("{}")).isEqualTo("unknown verb: \"\"");
    }

    @Test
    void change_withoutConditionOrAll_isRefused() {
        desk.add(77, "example.org", "shop", 1, 0);
        for (String verb : List.of("hold", "suspend", "retry-now", "bounce", "delete")) {
            assertThat(ask("{\"verb\":\"queue-" + verb + "\",\"seconds\":9}"))
                    .contains("no condition");
        }
        assertThat(ask("{\"verb\":\"queue-delete\",\"all\":\"yes\"}")).contains("\"all\" is true");
        assertThat(ask("{\"verb\":\"queue-delete\",\"all\":true,\"tenant\":\"shop\"}"))
                .contains("contradict");
        assertThat(desk.views).hasSize(1);
        assertThat(desk.actions).isEmpty();
    }

    @Test
    void badFields_areNamed() {
        assertThat(ask("{\"verb\":\"queue-list\",\"id\":\"x\"}")).contains("not a queue id");
        assertThat(ask("{\"verb\":\"queue-list\",\"domain\":\"a b\"}")).contains("not a domain");
        assertThat(ask("{\"verb\":\"queue-list\",\"tenant\":5}")).contains("\"tenant\" is no text");
        assertThat(ask("{\"verb\":\"queue-list\",\"limit\":0}")).contains("\"limit\"");
        assertThat(ask("{\"verb\":\"queue-list\",\"limit\":1e99}")).contains("\"limit\"");
        assertThat(ask("{\"verb\":\"queue-show\"}")).contains("\"id\" is missing");
        assertThat(ask("{\"verb\":\"queue-suspend\",\"all\":true}")).contains("\"seconds\"");
        assertThat(ask("{\"verb\":\"queue-hold\",\"all\":true,\"reason\":\"a\\nb\"}"))
                .contains("a reason is one line");
    }

    @Test
    void mistakenFields_neverWidenAChange() {
        desk.add(77, "example.org", "shop", 1, 0);
        String verb = "{\"verb\":\"queue-delete\",\"tenant\":\"shop\",";

        assertThat(ask(verb + "\"domian\":\"example.net\"}")).contains("unknown field \"domian\"");
        assertThat(ask(verb + "\"dry_run\":\"yes\"}")).contains("\"dry_run\" is true or false");
        assertThat(desk.views).hasSize(1);
    }

    @Test
    void fieldsOfTheDoor_areUnknownToTheQueue_andTheOtherWayRound() {
        desk.add(77, "example.org", "shop", 1, 0);

        assertThat(ask("{\"verb\":\"queue-delete\",\"tenant\":\"shop\",\"user\":\"a\"}"))
                .contains("unknown field \"user\"");
        assertThat(ask("{\"verb\":\"bans-lift\",\"all\":true,\"domain\":\"a.example\"}"))
                .contains("unknown field \"domain\"");
        assertThat(ask("{\"verb\":\"bans-lift\"}")).contains("give address, or else");
        assertThat(ask("{\"verb\":\"lockouts-lift\",\"all\":true,\"user\":\"a\"}"))
                .contains("give user or address, or else");
        assertThat(ask("{\"verb\":\"lockouts-lift\",\"address\":\"x\"}"))
                .contains("not an address");
        assertThat(desk.views).hasSize(1);
    }

    @Test
    void emptyTenant_isMailWithoutOne() {
        desk.add(77, "example.org", "", 1, 0);
        desk.add(78, "example.org", "shop", 1, 0);

        assertThat(ask("{\"verb\":\"queue-list\",\"tenant\":\"\"}")).isEmpty();

        assertThat(lines).hasSize(1);
        assertThat(lines.getFirst()).contains(new QueueId(77).toString());
    }

    @Test
    void hold_ofAMessageThatIsGone_isRefused() {
        String request = "{\"verb\":\"queue-hold\",\"id\":\"" + new QueueId(5) + "\"}";

        assertThat(ask(request)).contains("not in the queue");
        assertThat(desk.actions).isEmpty();
    }

    @Test
    void refusedJob_isNotToldAsTroubleWithTheDisk() {
        desk.add(77, "example.org", "shop", 1, 0);
        desk.refusal = Optional.of("too many");
        assertThat(ask("{\"verb\":\"queue-delete\",\"all\":true}")).isEqualTo("too many");
    }

    @Test
    void randomRequests_areAlwaysAnswered() {
        long seed = 11;
        var random = new Random(seed);
        String[] verbs = {
            "queue-list", "queue-hold", "queue-show", "queue-suspend", "status", "why", "tls-report"
        };
        String[] names = {"id", "domain", "tenant", "limit", "seconds", "all", "reason", "dry_run"};
        String[] values = {
            "\"\"", "1", "-1", "null", "true", "{}", "[1]", "1e400", "\"a.b\"", "0.5"
        };
        for (int i = 0; i < 5_000; i++) {
            var request = new StringBuilder("{\"verb\":\"" + verbs[random.nextInt(verbs.length)]);
            request.append('"');
            for (int field = random.nextInt(4); field > 0; field--) {
                request.append(",\"").append(names[random.nextInt(names.length)]).append("\":");
                request.append(values[random.nextInt(values.length)]);
            }
            String line = request.append('}').toString();
            assertThat(ask(line)).as("seed " + seed + ": " + line).doesNotContain("\n");
            lines.clear();
            desk.actions.clear();
        }
    }

    /// The error; `""` where there was none.
    private String ask(String request) {
        var answer = new AdminAnswer(lines::add);
        return operations.handle(Json.parse(request).orElseThrow(), answer).orElse("");
    }
}
