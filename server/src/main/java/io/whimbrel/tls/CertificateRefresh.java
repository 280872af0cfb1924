package io.whimbrel.tls;

import io.whimbrel.metrics.Metrics;

import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

import java.util.concurrent.atomic.AtomicBoolean;

/// Looks at files of certificates on a thread of its own, for a file system that hangs would stop
/// whoever waits for it. Thread-safe.
///
/// Never two at once: while one hangs, none begins.
public final class CertificateRefresh {
    private static final Logger LOG = LoggerFactory.getLogger(CertificateRefresh.class);

    private final Runnable refresh;
    private final Metrics metrics;
    private final AtomicBoolean isUnderWay = new AtomicBoolean();

    /// @param refresh where it throws, that counts as a bug, and the next one comes all the same
    public CertificateRefresh(Runnable refresh, Metrics metrics) {
        this.refresh = refresh;
        this.metrics = metrics;
    }

    /// Returns at once.
    public void begin() {
        if (isUnderWay.compareAndSet(false, true)) {
            Thread.ofVirtual().name("certificates").start(this::run);
        }
    }

    private void run() {
        try {
            refresh.run();
        } catch (RuntimeException e) {
            metrics.bugs.inc();
            LOG.error("a bug, while certificates were looked at", e);
        } finally {
            isUnderWay.set(false);
        }
    }
}
