package io.whimbrel.policy;

import static org.assertj.core.api.Assertions.assertThat;

import io.whimbrel.mail.Network;
import io.whimbrel.mail.Rate;
import io.whimbrel.metrics.DoorMetrics;
import io.whimbrel.metrics.DoorMetrics.Reason;

import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

import java.net.InetAddress;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.atomic.AtomicReference;

/// [DoorRates] and [Bans].
@Timeout(60)
class DoorRatesTest {
    private static final DoorClient ONE = client("192.0.2.7");
    private static final DoorClient NEIGHBOUR = client("192.0.2.8");
    private static final DoorClient OTHER = client("198.51.100.1");

    private final AtomicReference<Instant> now =
            new AtomicReference<>(Instant.parse("2026-11-27T15:00:00Z"));
    private final DoorMetrics metrics = Policies.metrics();
    private final Bans bans = new Bans(now::get, metrics);

    private static DoorClient client(String address) {
        return new DoorClient(InetAddress.ofLiteral(address), false);
    }

    private static DoorClient trusted(DoorClient client) {
        return new DoorClient(client.address(), true);
    }

    private void pass(Duration time) {
        now.updateAndGet(it -> it.plus(time));
    }

    private DoorRates rates(DoorLimits limits) {
        return new DoorRates(limits, bans, now::get, metrics);
    }

    private static DoorLimits limits(
            Map<DoorCount, Rate> client, Map<DoorCount, Rate> network, String tarpit) {
        return new DoorLimits(
                client,
                network,
                Map.of(),
                Duration.parse(tarpit),
                Duration.ofMinutes(10),
                false,
                List.of());
    }

    private static Rate rate(String text) {
        return Rate.parse(text).orElseThrow();
    }

    @Test
    void connectionsBeyondTheLimit_get421AndWhenToComeAgain() {
        DoorRates rates =
                rates(limits(Map.of(DoorCount.CONNECTIONS, rate("3/min")), Map.of(), "PT0S"));
        for (int i = 0; i < 3; i++) {
            assertThat(rates.connect(ONE)).isEmpty();
        }
        assertThat(rates.connect(ONE).orElseThrow())
                .hasToString(
                        "421 4.7.0 192.0.2.7 may make 3 connections a minute; try again in 66s (at"
                                + " 15:01:06Z)");
        assertThat(rates.connect(NEIGHBOUR)).isEmpty();
        assertThat(metrics.refusals(Reason.RATE_CONNECTIONS)).isEqualTo(1);
        pass(Duration.ofSeconds(66));
        assertThat(rates.connect(ONE)).isEmpty();
    }

    @Test
    void aNetworkIsOneClient_andSoAreSixtyFourBitsOfIpv6() {
        DoorRates rates =
                rates(
                        limits(
                                Map.of(DoorCount.MESSAGES, rate("2/min")),
                                Map.of(DoorCount.MESSAGES, rate("3/min")),
                                "PT0S"));
        assertThat(rates.message(ONE)).isEmpty();
        assertThat(rates.message(ONE)).isEmpty();
        assertThat(rates.message(NEIGHBOUR)).isEmpty();
        assertThat(rates.message(NEIGHBOUR).orElseThrow().toString())
                .startsWith("421 4.7.0 The network of 192.0.2.8 may make 3 messages a minute;");
        assertThat(rates.message(client("2001:db8::1"))).isEmpty();
        assertThat(rates.message(client("2001:db8::2"))).isEmpty();
        assertThat(rates.message(client("2001:db8::ffff:3"))).isPresent();
        assertThat(rates.message(client("2001:db8:0:1::1"))).isEmpty();
        assertThat(rates.message(client("2001:db8:0:2::1"))).isPresent();
        assertThat(rates.message(client("2001:db8:1::1"))).isEmpty();
    }

    @Test
    void theWholeListener_canBeLimited() {
        DoorRates rates =
                rates(
                        new DoorLimits(
                                Map.of(),
                                Map.of(),
                                Map.of(DoorCount.RECIPIENTS, rate("10/s")),
                                Duration.ZERO,
                                Duration.ZERO,
                                false,
                                List.of()));
        assertThat(rates.recipients(ONE, 6)).isEmpty();
        assertThat(rates.recipients(OTHER, 5).orElseThrow().toString())
                .startsWith("450 4.7.1 All clients may make 10 recipients a second;");
        assertThat(rates.recipients(OTHER, 4)).isEmpty();
    }

    @Test
    void manyErrors_areSlowedDown_thenBanned() {
        DoorRates rates = rates(limits(Map.of(DoorCount.ERRORS, rate("5/min")), Map.of(), "PT2S"));
        for (int i = 0; i < 3; i++) {
            assertThat(rates.error(ONE)).isEqualTo(new DoorConsequence.Delay(Duration.ZERO));
        }
        for (int i = 0; i < 2; i++) {
            assertThat(rates.error(ONE))
                    .isEqualTo(new DoorConsequence.Delay(Duration.ofSeconds(2)));
        }
        assertThat(rates.error(ONE))
                .isInstanceOfSatisfying(
                        DoorConsequence.Ended.class,
                        ended ->
                                assertThat(ended.reply())
                                        .hasToString(
                                                "421 4.7.0 192.0.2.7 made more than 5 errors a"
                                                        + " minute and is banned; try again in 10m"
                                                        + " (at 15:10:00Z)"));
        assertThat(rates.connect(ONE).orElseThrow().code()).isEqualTo(421);
        assertThat(rates.connect(NEIGHBOUR)).isEmpty();
        assertThat(rates(DoorLimits.NONE).connect(ONE)).isPresent();
        pass(Duration.ofMinutes(10));
        assertThat(rates.connect(ONE)).isEmpty();
        assertThat(metrics.bans.get()).isEqualTo(1);
        assertThat(metrics.delays.get()).isEqualTo(2);
    }

    @Test
    void tarpitWithoutALimit_slowsDownOnly() {
        DoorRates rates = rates(limits(Map.of(), Map.of(), "PT1S"));
        DoorConsequence last = rates.error(ONE);
        for (int i = 0; i < 100; i++) {
            last = rates.refusedRecipient(ONE);
        }
        assertThat(last).isEqualTo(new DoorConsequence.Delay(Duration.ofSeconds(1)));
        pass(Duration.ofSeconds(67));
        assertThat(rates.error(ONE)).isEqualTo(new DoorConsequence.Delay(Duration.ZERO));
    }

    @Test
    void guessingRecipients_isBannedByNetwork_whereTheNetworkDoesIt() {
        DoorRates rates =
                rates(
                        limits(
                                Map.of(),
                                Map.of(DoorCount.REFUSED_RECIPIENTS, rate("10/min")),
                                "PT0S"));
        for (int host = 1; host <= 10; host++) {
            assertThat(rates.refusedRecipient(client("192.0.2." + host)))
                    .isInstanceOf(DoorConsequence.Delay.class);
        }
        assertThat(rates.refusedRecipient(client("192.0.2.11")))
                .isInstanceOf(DoorConsequence.Ended.class);
        assertThat(rates.connect(client("192.0.2.200")).orElseThrow().text())
                .startsWith("The network of 192.0.2.200 made more than 10 refused recipients");
        assertThat(rates.connect(OTHER)).isEmpty();
    }

    @Test
    void trustedAndExemptClients_areNotBanned() {
        DoorLimits limits =
                new DoorLimits(
                        Map.of(
                                DoorCount.ERRORS, rate("1/min"),
                                DoorCount.CONNECTIONS, rate("1/min")),
                        Map.of(),
                        Map.of(),
                        Duration.ofSeconds(1),
                        Duration.ofMinutes(1),
                        false,
                        List.of(Network.parse("198.51.100.0/24").orElseThrow()));
        DoorRates rates = rates(limits);
        for (int i = 0; i < 10; i++) {
            assertThat(rates.error(trusted(ONE)))
                    .isEqualTo(new DoorConsequence.Delay(Duration.ZERO));
            assertThat(rates.error(OTHER)).isEqualTo(new DoorConsequence.Delay(Duration.ZERO));
            assertThat(rates.connect(OTHER)).isEmpty();
        }
        assertThat(rates.connect(trusted(ONE))).isEmpty();
        assertThat(rates.connect(trusted(ONE))).isPresent();
        assertThat(bans.views()).isEmpty();
    }

    @Test
    void bansGrow_upToADay_andAreForgottenAfterOne() {
        Network network = DoorClient.host(ONE.address());
        Duration first = Duration.ofMinutes(10);
        List<Long> minutes = new ArrayList<>();
        for (int i = 0; i < 10; i++) {
            BanView ban = bans.begin(network, first, "trouble");
            minutes.add(Duration.between(ban.since(), ban.until()).toMinutes());
            now.set(ban.until());
        }
        assertThat(minutes).startsWith(10L, 20L, 40L).endsWith(1_280L, 1_440L, 1_440L);
        pass(Duration.ofDays(1));
        assertThat(bans.begin(network, first, "trouble").count()).isEqualTo(1);
    }

    @Test
    void bans_canBeSeenAndLifted() {
        bans.begin(DoorClient.host(ONE.address()), Duration.ofMinutes(10), "more than 5 errors");
        bans.begin(DoorClient.network(OTHER.address()), Duration.ofMinutes(1), "trouble");
        assertThat(bans.views())
                .extracting(view -> view.network().toString())
                .containsExactly("192.0.2.7/32", "198.51.100.0/24");
        assertThat(bans.lift(ONE.address())).hasSize(1);
        assertThat(bans.lift(ONE.address())).isEmpty();
        assertThat(bans.refusal(ONE.address())).isEmpty();
        assertThat(bans.refusal(OTHER.address())).isPresent();
        pass(Duration.ofMinutes(1));
        assertThat(bans.views()).isEmpty();
    }

    @Test
    void tables_staySmall() {
        DoorRates rates =
                rates(limits(Map.of(DoorCount.CONNECTIONS, rate("1/d")), Map.of(), "PT0S"));
        assertThat(rates.connect(ONE)).isEmpty();
        for (int i = 0; i < DoorRates.CLIENTS_MAX; i++) {
            rates.connect(client("10." + (i >> 16) + "." + (i >> 8 & 255) + "." + (i & 255)));
        }
        assertThat(metrics.clients.get()).isEqualTo(DoorRates.CLIENTS_MAX);
        assertThat(rates.connect(ONE)).isEmpty();
        for (int i = 0; i <= Bans.SIZE_MAX; i++) {
            bans.begin(
                    DoorClient.host(InetAddress.ofLiteral("10.0." + (i >> 8) + "." + (i & 255))),
                    Duration.ofDays(1),
                    "trouble");
        }
        assertThat(bans.views()).hasSize(Bans.SIZE_MAX);
    }

    @Test
    void manyThreads_neverExceedALimit() throws InterruptedException {
        DoorRates rates =
                rates(limits(Map.of(DoorCount.MESSAGES, rate("500/min")), Map.of(), "PT0S"));
        var taken = new AtomicInteger();
        List<Thread> threads = new ArrayList<>();
        for (int i = 0; i < 50; i++) {
            threads.add(
                    Thread.ofVirtual()
                            .start(() -> {
                                for (int j = 0; j < 50; j++) {
                                    if (rates.message(ONE).isEmpty()) {
                                        taken.incrementAndGet();
                                    }
                                }
                            }));
        }
        for (Thread thread : threads) {
            thread.join();
        }
        assertThat(taken).hasValue(500);
    }

    @Test
    void aReload_changesLimitsAndKeepsCounts() {
        DoorRates rates =
                rates(limits(Map.of(DoorCount.MESSAGES, rate("2/min")), Map.of(), "PT0S"));
        rates.message(ONE);
        rates.message(ONE);
        rates.reload(limits(Map.of(DoorCount.MESSAGES, rate("3/min")), Map.of(), "PT0S"));
        assertThat(rates.message(ONE)).isEmpty();
        assertThat(rates.message(ONE)).isPresent();
    }
}
