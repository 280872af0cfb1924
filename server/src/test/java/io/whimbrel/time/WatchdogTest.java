package io.whimbrel.time;

import static org.assertj.core.api.Assertions.assertThat;

import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

import java.time.Duration;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;

@Timeout(20)
final class WatchdogTest {
    private final Watchdog watchdog = new Watchdog("test-watchdog");

    @AfterEach
    void close() {
        watchdog.close();
    }

    @Test
    void armedAndNotDisarmed_runsTheActionOnce() throws InterruptedException {
        var expired = new CountDownLatch(1);
        Watchdog.Watch watch = watchdog.watch(expired::countDown);

        watch.arm(Duration.ofMillis(50));

        assertThat(expired.await(10, TimeUnit.SECONDS)).isTrue();
        assertThat(watch.hasExpired()).isTrue();
    }

    @Test
    void disarmedOrClosed_staysQuietWhileAnotherExpires() throws InterruptedException {
        var unwanted = new CountDownLatch(1);
        var expired = new CountDownLatch(1);
        Watchdog.Watch disarmed = watchdog.watch(unwanted::countDown);
        Watchdog.Watch closed = watchdog.watch(unwanted::countDown);
        disarmed.arm(Duration.ofMillis(50));
        closed.arm(Duration.ofMillis(50));
        disarmed.disarm();
        closed.close();

        watchdog.watch(expired::countDown).arm(Duration.ofMillis(150));

        assertThat(expired.await(10, TimeUnit.SECONDS)).isTrue();
        assertThat(unwanted.getCount()).isEqualTo(1);
        assertThat(disarmed.hasExpired()).isFalse();
    }
}
