package io.whimbrel.auth;

import static org.assertj.core.api.Assertions.assertThat;

import io.prometheus.metrics.model.registry.PrometheusRegistry;
import io.whimbrel.metrics.AuthMetrics;

import org.junit.jupiter.api.Test;

import java.net.InetAddress;
import java.time.Duration;
import java.time.Instant;

/// Counting failed logins, with a clock that is driven.
final class LoginFailuresTest {
    private static final InetAddress CLIENT = InetAddress.ofLiteral("192.0.2.7");
    private static final InetAddress OTHER = InetAddress.ofLiteral("198.51.100.9");
    private static final AuthSettings.Lockout SETTINGS =
            new AuthSettings.Lockout(4, Duration.ofMinutes(10), Duration.ofMinutes(30));

    private final DrivenClock clock = new DrivenClock();
    private final AuthMetrics metrics = new AuthMetrics(new PrometheusRegistry());
    private final LoginFailures failures = new LoginFailures(SETTINGS, metrics, clock);

    private void fail(int times, String user, InetAddress client) {
        for (int i = 0; i < times; i++) {
            failures.failed(user, client);
        }
    }

    @Test
    void failuresOfAUser_lockItOut_fromEverywhere_forTheTime() {
        fail(3, "shop", CLIENT);
        assertThat(failures.locked("shop", CLIENT)).isEmpty();

        fail(1, "shop", OTHER);

        assertThat(failures.locked("shop", CLIENT)).contains(Duration.ofMinutes(30));
        assertThat(failures.locked("shop", OTHER)).isPresent();
        assertThat(failures.locked("other", CLIENT)).isEmpty();
        clock.advance(Duration.ofMinutes(29));
        assertThat(failures.locked("shop", CLIENT)).contains(Duration.ofMinutes(1));
        clock.advance(Duration.ofMinutes(1));
        assertThat(failures.locked("shop", CLIENT)).isEmpty();
    }

    @Test
    void lockOut_isSeen_andLifted_withTheFailuresBeforeIt() {
        fail(4, "shop", CLIENT);
        fail(3, "other", CLIENT);
        Instant now = clock.instant();

        assertThat(failures.lockouts())
                .containsExactly(
                        new LockoutView("shop", "", now, now.plus(Duration.ofMinutes(30))));
        assertThat(failures.lift(view -> view.user().equals("other"))).isEmpty();
        assertThat(failures.lift(view -> view.user().equals("shop"))).hasSize(1);
        assertThat(failures.lockouts()).isEmpty();
        assertThat(failures.locked("shop", OTHER)).isEmpty();
        fail(3, "shop", OTHER);
        assertThat(failures.locked("shop", OTHER)).isEmpty();
    }

    @Test
    void failuresOfLongAgo_areForgotten() {
        fail(3, "shop", CLIENT);
        clock.advance(Duration.ofMinutes(10));
        fail(3, "shop", CLIENT);

        assertThat(failures.locked("shop", CLIENT)).isEmpty();
    }

    @Test
    void lateFailure_ofAnAttemptThatWasUnderWay_doesNotEndALockOut() {
        fail(4, "shop", CLIENT);
        clock.advance(Duration.ofMinutes(11));
        fail(1, "shop", CLIENT);

        assertThat(failures.locked("shop", CLIENT)).contains(Duration.ofMinutes(19));
    }

    @Test
    void failuresOfOneNetwork_lockItOut_threeTimesLater() {
        for (int i = 0; i < 11; i++) {
            fail(1, "u" + i, CLIENT);
        }
        assertThat(failures.locked("shop", CLIENT)).isEmpty();

        fail(1, "u11", CLIENT);

        assertThat(failures.locked("shop", CLIENT)).isPresent();
        assertThat(failures.locked("", CLIENT)).isPresent();
        assertThat(failures.locked("shop", OTHER)).isEmpty();
    }

    @Test
    void whoLoggedInFromThere_isCountedApart() {
        failures.succeeded("shop", CLIENT);
        fail(12, "", CLIENT);
        fail(4, "shop", OTHER);

        assertThat(failures.locked("shop", CLIENT)).as("neither network nor user").isEmpty();
        fail(4, "shop", CLIENT);
        assertThat(failures.locked("shop", CLIENT)).as("by its own failures").isPresent();
        clock.advance(Duration.ofDays(1));
        fail(4, "shop", OTHER);
        assertThat(failures.locked("shop", CLIENT)).as("after a day").isPresent();
    }

    @Test
    void success_doesNotClearWhatANetworkDid() {
        fail(11, "", CLIENT);
        failures.succeeded("attacker", CLIENT);
        fail(1, "", CLIENT);

        assertThat(failures.locked("shop", CLIENT)).isPresent();
    }

    @Test
    void manyUsersFromOneNetwork_areSuspectedAsASpray_forAWhile() {
        for (int i = 0; i < 9; i++) {
            fail(1, "u" + i, CLIENT);
            fail(1, "same", OTHER);
        }
        assertThat(metrics.spraySuspected.get()).isZero();

        fail(1, "u9", CLIENT);

        assertThat(metrics.spraySuspected.get()).isEqualTo(1);
        clock.advance(Duration.ofMinutes(10));
        failures.refresh();
        assertThat(metrics.spraySuspected.get()).isZero();
    }

    @Test
    void tables_areBounded_andForgetTheQuietOnes() {
        fail(3, "shop", CLIENT);
        for (int i = 0; i < LoginFailures.ENTRIES_MAX; i++) {
            fail(1, "u" + i, InetAddress.ofLiteral("10.0." + i / 256 + "." + i % 256));
        }
        fail(1, "shop", CLIENT);

        assertThat(failures.locked("shop", CLIENT)).isEmpty();
    }

    @Test
    void delay_grows_toItsBound() {
        var open =
                new LoginFailures(
                        new AuthSettings.Lockout(1_000, Duration.ofDays(1), Duration.ZERO),
                        metrics,
                        clock);
        Duration last = Duration.ZERO;
        for (int i = 0; i < 100; i++) {
            Duration delay = open.failed("shop", CLIENT);
            assertThat(delay).isGreaterThanOrEqualTo(last);
            last = delay;
        }
        assertThat(last).isEqualTo(LoginFailures.DELAY_MAX);
    }
}
