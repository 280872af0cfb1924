package io.whimbrel.simulator.demo;

import static org.assertj.core.api.Assertions.assertThat;

import io.whimbrel.simulator.Fate;
import io.whimbrel.simulator.demo.Results.Outcome;
import io.whimbrel.simulator.demo.Results.ReplyCount;
import io.whimbrel.simulator.demo.Results.Row;

import org.junit.jupiter.api.Test;

import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.OptionalLong;

class ReconciliationTest {
    private static final Map<String, Fate> FATES =
            Map.of(
                    "1@a.test", Fate.DELIVERED,
                    "2@a.test", Fate.BOUNCED,
                    "3@b.test", Fate.DELIVERED,
                    "4@b.test", Fate.DEFERRED);
    private static final Map<String, Long> ACKNOWLEDGED = Map.of("a", 2L, "b", 2L);
    private static final Map<String, Long> TAKEN = Map.of("a", 1L, "b", 1L);

    private static EventLine event(String event, String recipient) {
        String id = recipient.isEmpty() ? "" : recipient.substring(0, 1);
        String tenant = recipient.startsWith("1") ? "shop" : "news";
        return new EventLine(event, id, recipient, tenant, 450, "4.2.1", "4.2.1 no", 100);
    }

    /// A run in which all adds up.
    private static List<EventLine> log() {
        return new ArrayList<>(
                List.of(
                        event("received", "1@a.test"),
                        event("received", "2@a.test"),
                        event("received", "3@b.test"),
                        event("received", "4@b.test"),
                        event("hold", ""),
                        event("delivered", "1@a.test"),
                        event("bounced", "2@a.test"),
                        event("deferred", "3@b.test"),
                        event("deferred", "4@b.test"),
                        event("delivered", "3@b.test"),
                        event("deferred", "4@b.test")));
    }

    private static Results results(List<EventLine> log) {
        var reckoning =
                new Reckoning(
                        List.of("a", "b", "idle"), it -> it.substring(2).replace(".test", ""));
        reckoning.addAll(log);
        return reckoning.results();
    }

    private static Reconciliation others(Map<String, Long> acknowledged, Map<String, Long> taken) {
        return new Reconciliation(acknowledged, taken, OptionalLong.of(1), FATES, List.of());
    }

    private static List<String> differences(List<EventLine> log) {
        return others(ACKNOWLEDGED, TAKEN).differences(results(log));
    }

    @Test
    void log_isAddedUpByProviderAndTenant() {
        Results results = results(log());
        var reply = new ReplyCount("450 4.2.1 no", 1);
        assertThat(results.providers())
                .containsExactly(
                        new Row("a", 2, 1, 0, 1, 0, new Waits(100, 100, 100), List.of(reply)),
                        new Row(
                                "b",
                                2,
                                1,
                                3,
                                0,
                                1,
                                new Waits(100, 100, 100),
                                List.of(new ReplyCount("450 4.2.1 no", 3))),
                        new Row("idle", 0, 0, 0, 0, 0, new Waits(0, 0, 0), List.of()));
        assertThat(results.total().accepted()).isEqualTo(4);
        assertThat(results.tenants()).extracting(Row::name).containsExactly("news", "shop");
        assertThat(results.tenants()).extracting(Row::accepted).containsExactly(3L, 1L);
        assertThat(results.outcomes()).containsEntry("4@b.test", Outcome.QUEUED).hasSize(4);
        assertThat(results.oddities()).isEmpty();
    }

    @Test
    void agreeingBooks_haveNoDifferences() {
        assertThat(differences(log())).isEmpty();
    }

    @Test
    void acknowledgedMessageWithoutEvent_isFound() {
        assertThat(others(Map.of("a", 3L, "b", 2L), TAKEN).differences(results(log())))
                .containsExactly(
                        "a: 3 messages got a 250, the event log has 2 received",
                        "total: 5 messages got a 250, the event log has 4 received");
    }

    @Test
    void mailForAnUnknownProvider_isFound() {
        List<EventLine> log = log();
        log.add(event("received", "9@z.test"));
        log.add(event("bounced", "9@z.test"));
        assertThat(differences(log))
                .contains("z: 0 messages got a 250, the event log has 1 received");
    }

    @Test
    void deliveryThatTheProviderDidNotCount_isFound() {
        assertThat(others(ACKNOWLEDGED, Map.of("a", 1L)).differences(results(log())))
                .containsExactly(
                        "b: the provider counted 0 delivered, the event log has 1",
                        "total: the providers counted 1 delivered, the event log has 2");
    }

    /// Sums alone would hide it.
    @Test
    void deliveriesCountedByAnotherProvider_areFound() {
        assertThat(others(ACKNOWLEDGED, Map.of("a", 2L)).differences(results(log())))
                .hasSize(2)
                .noneMatch(difference -> difference.startsWith("total"));
    }

    @Test
    void recipientThatEndsTwice_isFound() {
        List<EventLine> log = log();
        log.add(event("bounced", "1@a.test"));
        assertThat(differences(log))
                .contains(
                        "a: accepted 2 is not delivered 1 + bounced 2 + queued 0",
                        "total: accepted 4 is not delivered 2 + bounced 2 + queued 1",
                        "bounced 1 1@a.test, which was DELIVERED");
    }

    @Test
    void deliveryOfWhatWasNeverReceived_isFound() {
        List<EventLine> log = log();
        log.removeFirst();
        assertThat(differences(log))
                .contains(
                        "a: accepted 1 is not delivered 1 + bounced 1 + queued 0",
                        "delivered 1 1@a.test, which was not received");
    }

    @Test
    void deferralAfterTheEnd_isFound() {
        List<EventLine> log = log();
        log.add(event("deferred", "3@b.test"));
        assertThat(differences(log)).containsExactly("deferred 3 3@b.test, which was DELIVERED");
    }

    @Test
    void receivedTwice_isFound() {
        List<EventLine> log = log();
        log.add(1, event("received", "1@a.test"));
        assertThat(differences(log))
                .contains(
                        "a: 2 messages got a 250, the event log has 3 received",
                        "received 1 1@a.test, which was QUEUED");
    }

    @Test
    void otherNumberInTheServersQueue_isFound() {
        for (long queued : new long[] {0, 2}) {
            var others =
                    new Reconciliation(
                            ACKNOWLEDGED, TAKEN, OptionalLong.of(queued), FATES, List.of());
            assertThat(others.differences(results(log())))
                    .containsExactly(
                            "the server's queue holds %d recipients, by the event log it is 1"
                                    .formatted(queued));
        }
    }

    @Test
    void troubles_areDifferences() {
        var others =
                new Reconciliation(
                        ACKNOWLEDGED,
                        TAKEN,
                        OptionalLong.empty(),
                        FATES,
                        List.of("the server's queue cannot be asked"));
        assertThat(others.differences(results(log())))
                .containsExactly("the server's queue cannot be asked");
    }

    @Test
    void outcomeOtherThanTheProviders_isFound() {
        Map<String, Fate> fates =
                Map.of(
                        "1@a.test", Fate.BOUNCED,
                        "2@a.test", Fate.DELIVERED,
                        "3@b.test", Fate.DEFERRED,
                        "4@b.test", Fate.DELIVERED);
        var others = new Reconciliation(ACKNOWLEDGED, TAKEN, OptionalLong.of(1), fates, List.of());
        assertThat(others.differences(results(log())))
                .containsExactlyInAnyOrder(
                        "1 recipients were delivered although their provider refuses them for"
                                + " good, such as 1@a.test",
                        "1 recipients were bounced although their provider takes them, such as"
                                + " 2@a.test",
                        "1 recipients were delivered although their provider defers them at every"
                                + " attempt, such as 3@b.test",
                        "1 recipients are still queued although their provider takes them, such as"
                                + " 4@b.test");
    }

    @Test
    void nothingReceivedAtAll_isFound() {
        assertThat(differences(List.of())).isNotEmpty();
    }
}
