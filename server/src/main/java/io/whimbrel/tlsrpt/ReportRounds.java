package io.whimbrel.tlsrpt;

import io.whimbrel.mail.DomainName;
import io.whimbrel.metrics.Metrics;
import io.whimbrel.metrics.TlsReportMetrics.Outcome;
import io.whimbrel.transport.TlsResults;

import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

import java.time.Duration;
import java.time.Instant;
import java.time.InstantSource;
import java.time.LocalDate;
import java.time.ZoneOffset;
import java.util.List;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.random.RandomGenerator;

/// Takes up what is to be reported, and does what is due. Confined to one thread, but for [#close];
/// its steps run in threads of their own, [#AT_ONCE] at once, and what is due beyond that waits.
final class ReportRounds {
    static final int AT_ONCE = 32;

    private static final Logger LOG = LoggerFactory.getLogger(ReportRounds.class);

    private final ReportBook book;
    private final TlsResults results;
    private final RandomGenerator random;
    private final Metrics metrics;
    private final InstantSource clock;
    private final AtomicBoolean hasSent = new AtomicBoolean();
    private volatile boolean isClosing;
    private LocalDate turnedAwayOn = LocalDate.MIN;

    /// @param random spreads reports over the hours
    ReportRounds(
            ReportBook book,
            TlsResults results,
            RandomGenerator random,
            Metrics metrics,
            InstantSource clock) {
        this.book = book;
        this.results = results;
        this.random = random;
        this.metrics = metrics;
        this.clock = clock;
    }

    /// Does all that is due by now.
    ///
    /// @param save keeps the book, before more is sent
    void run(ReportCourier courier, Runnable save) {
        book.forget(clock.instant());
        if (courier.settings().from().isEmpty()) {
            return;
        }
        plan(courier.settings());
        while (!isClosing && carryOutSome(courier)) {
            if (hasSent.getAndSet(false)) {
                save.run();
            }
        }
    }

    /// Begins no more steps.
    void close() {
        isClosing = true;
    }

    private void plan(TlsReportSettings settings) {
        Instant now = clock.instant();
        LocalDate today = LocalDate.ofInstant(now, ZoneOffset.UTC);
        int turnedAway = 0;
        for (int back = TlsResults.DAYS_KEPT; back > 0; back--) {
            LocalDate day = today.minusDays(back);
            List<DomainName> domains = results.domains(day, settings.sessionsLeast());
            turnedAway += book.plan(day, domains, () -> delay(settings.delayMost()), now);
        }
        if (turnedAway > 0 && !turnedAwayOn.equals(today)) {
            turnedAwayOn = today;
            LOG.warn(
                    "TLS reports of {} domains are not sent: {} steps are kept at most",
                    turnedAway,
                    ReportBook.STEPS_MAX);
        }
    }

    private Duration delay(Duration most) {
        return Duration.ofMillis((long) (random.nextDouble() * most.toMillis()));
    }

    /// @return false where nothing was due
    private boolean carryOutSome(ReportCourier courier) {
        List<Step> due = book.due(clock.instant(), AT_ONCE);
        // Closing waits for all of them.
        try (ExecutorService threads = Executors.newVirtualThreadPerTaskExecutor()) {
            due.forEach(step -> threads.execute(() -> carryOut(courier, step)));
        }
        return !due.isEmpty();
    }

    private void carryOut(ReportCourier courier, Step step) {
        try {
            settle(step, courier.carryOut(step, clock.instant()));
        } catch (RuntimeException e) {
            metrics.bugs.inc();
            LOG.error("unexpected exception in the TLS report for {}", step.domain(), e);
            failed(step, "a bug of the server: " + e.getClass().getSimpleName(), true);
        }
    }

    private void settle(Step step, ReportCourier.Result result) {
        switch (result) {
            case ReportCourier.Result.Wanted(List<ReportTarget> targets) ->
                    book.answered(step, targets, clock.instant());
            case ReportCourier.Result.Sent(String text) -> {
                book.done(step, text, clock.instant());
                hasSent.set(true);
                metrics.tlsReports.count(step.kind(), Outcome.SENT);
                LOG.debug("TLS report for {} of {}: {}", step.domain(), step.day(), text);
            }
            case ReportCourier.Result.Failed(String why, boolean isHopeless) ->
                    failed(step, why, isHopeless);
        }
    }

    private void failed(Step step, String why, boolean isHopeless) {
        boolean isGivenUp = book.failed(step, why, isHopeless, clock.instant());
        metrics.tlsReports.count(step.kind(), isGivenUp ? Outcome.GIVEN_UP : Outcome.FAILED);
        if (isGivenUp) {
            LOG.warn(
                    "the TLS report for {} of {} is not sent{}: {}",
                    step.domain(),
                    step.day(),
                    step.target().map(target -> " to " + target.text()).orElse(""),
                    why);
        }
    }
}
