package io.whimbrel.schedule;

import static io.whimbrel.mail.PriorityClass.BULK;
import static io.whimbrel.mail.PriorityClass.NORMAL;
import static io.whimbrel.mail.PriorityClass.TRANSACTIONAL;
import static io.whimbrel.schedule.ScheduleFixture.stream;

import static org.assertj.core.api.Assertions.assertThat;

import io.whimbrel.mail.MailStream;
import io.whimbrel.mail.PriorityClass;

import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

import java.time.Duration;
import java.util.EnumMap;
import java.util.HashMap;
import java.util.Map;
import java.util.function.Function;

/// One tenant cannot starve another, nor a campaign a password reset.
class FairnessTest {
    private final ScheduleFixture world = new ScheduleFixture();

    @BeforeEach
    void knowSite() {
        world.siteIs("a.example", "mx");
        world.siteIs("b.example", "mx");
    }

    @Test
    void newTenant_waitsForOneTurnOfEachOther() {
        admit(100_000, stream("big", "news", BULK));
        for (int tenant = 0; tenant < 5; tenant++) {
            admit(100, stream("t" + tenant, "", BULK));
        }
        take(1_000, MailStream::tenant);

        admit(1, stream("small", "", BULK));

        assertThat(takesUntil(stream("small", "", BULK))).isLessThanOrEqualTo(7);
    }

    @Test
    void transactional_goesBeforeAnyBacklogOfBulk() {
        admit(10_000, stream("shop", "news", BULK));
        take(1_000, MailStream::tenant);

        admit(10, stream("shop", "", TRANSACTIONAL));

        Map<PriorityClass, Integer> taken = take(10, MailStream::priority);
        assertThat(taken).isEqualTo(Map.of(TRANSACTIONAL, 10));
    }

    @Test
    void classes_shareByWeightAndBulkKeepsItsFloor() {
        admit(10_000, stream("shop", "", TRANSACTIONAL));
        admit(10_000, stream("shop", "", NORMAL));
        admit(10_000, stream("shop", "", BULK));

        assertThat(take(2_100, MailStream::priority))
                .isEqualTo(new EnumMap<>(Map.of(TRANSACTIONAL, 1_600, NORMAL, 400, BULK, 100)));
    }

    @Test
    void classAlone_getsEverything() {
        admit(1_000, stream("shop", "", BULK));

        assertThat(take(1_000, MailStream::priority)).isEqualTo(Map.of(BULK, 1_000));
        assertThat(world.hasNothingFor("mx")).isTrue();
    }

    @Test
    void tenantsShareEqually_whateverTheirNumberOfCampaigns() {
        for (int campaign = 0; campaign < 9; campaign++) {
            admit(1_000, stream("many", "c" + campaign, BULK));
        }
        admit(9_000, stream("one", "only", BULK));

        assertThat(take(1_000, MailStream::tenant)).isEqualTo(Map.of("many", 500, "one", 500));
    }

    @Test
    void campaignsOfATenant_shareEqually() {
        admit(10_000, stream("shop", "big", BULK));
        admit(200, stream("shop", "small", BULK));

        assertThat(take(200, MailStream::campaign)).isEqualTo(Map.of("big", 100, "small", 100));
    }

    @Test
    void largeTransactions_arePaidForInRecipients() {
        var addresses = new String[100];
        for (int i = 0; i < addresses.length; i++) {
            addresses[i] = "u" + i + "@a.example";
        }
        for (int i = 0; i < 100; i++) {
            world.admit(stream("lists", "", BULK), addresses);
        }
        admit(10_000, stream("singles", "", BULK));

        Map<String, Integer> recipients = new HashMap<>();
        for (int i = 0; i < 1_010; i++) {
            QueueEntry entry = world.take("mx");
            recipients.merge(
                    entry.message().envelope().stream().tenant(),
                    entry.recipients().size(),
                    Integer::sum);
        }
        assertThat(recipients.get("lists")).isBetween(900, 1_100);
        assertThat(recipients.get("singles")).isBetween(900, 1_100);
    }

    @Test
    void domainsOfOneCampaign_areServedOldestFirst() {
        MailStream stream = stream("shop", "news", BULK);
        for (int i = 0; i < 10; i++) {
            world.admit(stream, i % 3 == 0 ? "x@a.example" : "x@b.example");
            world.pass(Duration.ofMillis(1));
        }

        long last = 0;
        for (int i = 0; i < 10; i++) {
            long id = world.take("mx").message().id().value();
            assertThat(id).isGreaterThan(last);
            last = id;
        }
    }

    @Test
    void deadSite_doesNotDelayAnother() {
        world.siteIs("dead.example", "mx.dead");
        for (int i = 0; i < 1_000; i++) {
            world.admit(stream("shop", "news", BULK), "x@dead.example");
        }
        admit(1, stream("shop", "news", BULK));

        assertThat(world.take("mx").domain().value()).isEqualTo("a.example");
    }

    private void admit(int messages, MailStream stream) {
        for (int i = 0; i < messages; i++) {
            world.admit(stream, "x@a.example");
        }
    }

    private <K> Map<K, Integer> take(int entries, Function<MailStream, K> key) {
        var taken = new HashMap<K, Integer>();
        for (int i = 0; i < entries; i++) {
            QueueEntry entry = world.take("mx");
            taken.merge(key.apply(entry.message().envelope().stream()), 1, Integer::sum);
            world.settle(entry);
        }
        return taken;
    }

    private int takesUntil(MailStream stream) {
        int takes = 1;
        while (!world.take("mx").message().envelope().stream().equals(stream)) {
            takes++;
        }
        return takes;
    }
}
