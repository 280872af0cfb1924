package io.whimbrel.tls;

import static org.assertj.core.api.Assertions.assertThat;

import io.whimbrel.metrics.Metrics;

import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

import java.util.concurrent.CountDownLatch;
import java.util.concurrent.Semaphore;
import java.util.concurrent.atomic.AtomicInteger;

@Timeout(30)
class CertificateRefreshTest {
    private final Metrics metrics = new Metrics();

    @Test
    void hangingFileSystem_doesNotHoldTheCaller_andNoSecondOneBegins() throws Exception {
        var began = new Semaphore(0);
        var mended = new CountDownLatch(1);
        var atOnce = new AtomicInteger();
        var most = new AtomicInteger();
        var refresh =
                new CertificateRefresh(
                        () -> {
                            most.accumulateAndGet(atOnce.incrementAndGet(), Math::max);
                            began.release();
                            await(mended);
                            atOnce.decrementAndGet();
                        },
                        metrics);

        refresh.begin();
        began.acquire();
        refresh.begin();
        mended.countDown();

        while (!began.tryAcquire()) {
            refresh.begin();
            Thread.onSpinWait();
        }
        assertThat(most.get()).isEqualTo(1);
    }

    @Test
    void aBug_isCounted_andTheNextOneComes() {
        var refresh =
                new CertificateRefresh(
                        () -> {
                            throw new IllegalStateException("wrong");
                        },
                        metrics);

        while (metrics.bugs.get() < 2) {
            refresh.begin();
            Thread.onSpinWait();
        }
        assertThat(metrics.bugs.get()).isGreaterThanOrEqualTo(2);
    }

    private static void await(CountDownLatch latch) {
        try {
            latch.await();
        } catch (InterruptedException _) {
            Thread.currentThread().interrupt();
        }
    }
}
