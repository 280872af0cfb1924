package io.whimbrel.tlsrpt;

import io.whimbrel.dns.Resolver;
import io.whimbrel.mail.DomainName;
import io.whimbrel.mail.Network;
import io.whimbrel.metrics.Metrics;
import io.whimbrel.metrics.TlsReportMetrics.Outcome;
import io.whimbrel.reception.LocalIntake;
import io.whimbrel.state.StateFile;
import io.whimbrel.time.Ticker;
import io.whimbrel.transport.TlsResults;
import io.whimbrel.transport.WebHosts;

import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

import java.nio.file.Path;
import java.time.Duration;
import java.time.Instant;
import java.time.InstantSource;
import java.time.LocalDate;
import java.time.ZoneOffset;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.random.RandomGenerator;

/// Sends the reports of each day that is over, at a random time behind midnight in UTC, and tries
/// again where that fails. Thread-safe.
///
/// What was sent is known over a restart (`state/tls-reports.json`), and written before more is
/// sent: a crash may have [#AT_ONCE] reports sent once more, with the same report id. [#AT_ONCE]
/// steps are under way at once, in threads of their own; what is due beyond that waits.
public final class TlsReporter implements AutoCloseable {
    static final int AT_ONCE = 32;

    private static final Duration TICK = Duration.ofSeconds(5);
    private static final Logger LOG = LoggerFactory.getLogger(TlsReporter.class);

    private final Means means;
    private final Metrics metrics;
    private final InstantSource clock;
    private final ReportBook book = new ReportBook();
    private final ReportPost post = new ReportPost();
    private final StateFile file;
    private final Ticker ticker;
    private volatile ReportCourier courier;
    private final AtomicBoolean hasSent = new AtomicBoolean();
    private volatile boolean isClosing;
    private LocalDate turnedAwayOn = LocalDate.MIN;

    /// What it works with.
    ///
    /// @param results what was counted
    /// @param intake where mail is handed in
    /// @param random spreads reports over the hours
    public record Means(TlsResults results, LocalIntake intake, RandomGenerator random) {}

    /// The answers that the configuration in force goes by.
    ///
    /// @param allowPrivate networks that are posted to although private
    public record Sight(
            TlsReportSettings settings, Resolver resolver, List<Network> allowPrivate) {}

    /// Begins at once.
    public TlsReporter(
            Path dataFolder, Means means, Sight sight, Metrics metrics, InstantSource clock) {
        this.means = means;
        this.metrics = metrics;
        this.clock = clock;
        this.courier = courier(sight);
        this.file =
                new StateFile(
                        dataFolder,
                        new StateFile.Terms(
                                "state/tls-reports.json",
                                1,
                                64 << 20,
                                Duration.ofSeconds(10),
                                "no TLS report is known to be sent"),
                        book,
                        metrics);
        this.ticker = new Ticker("tls-report", TICK, this::tick);
    }

    /// From now on as `sight` has it.
    public void reload(Sight sight) {
        courier = courier(sight);
    }

    private ReportCourier courier(Sight sight) {
        var hosts = new WebHosts(sight.resolver(), sight.allowPrivate());
        return new ReportCourier(
                sight.settings(),
                sight.resolver()::text,
                (sender, step) -> means.results.report(sender, step.domain(), step.day()),
                (terms, mail, bytes) ->
                        means.intake.accept(
                                terms, mail, sink -> sink.write(bytes, 0, bytes.length)),
                (target, body) -> post.post(target, body, hosts::of));
    }

    /// What is reported of a domain and day, as RFC 8460 §4.4 has it; empty where nothing was
    /// counted.
    public Optional<String> report(DomainName domain, LocalDate day) {
        return means.results.report(courier.settings().sender(), domain, day);
    }

    /// What has become of the reports of the last days; of `domain` where there is one.
    public List<TlsReportView> views(Optional<DomainName> domain) {
        return book.lines(domain).stream().map(TlsReportView::of).toList();
    }

    /// Sends what waits without waiting any longer; of `domain` where there is one.
    ///
    /// @return how many steps were waiting
    public int hasten(Optional<DomainName> domain) {
        return book.hasten(domain, clock.instant());
    }

    private void tick() {
        try {
            ReportCourier now = courier;
            book.forget(clock.instant());
            if (now.settings().from().isPresent()) {
                plan(now.settings());
                while (!isClosing && carryOutSome(now)) {
                    if (hasSent.getAndSet(false)) {
                        file.writeIfChanged();
                    }
                }
            }
        } catch (RuntimeException e) {
            // The ticker would end with it, and no report would be sent any more.
            metrics.bugs.inc();
            LOG.error("unexpected exception in the sending of TLS reports", e);
        }
    }

    private void plan(TlsReportSettings settings) {
        Instant now = clock.instant();
        LocalDate today = LocalDate.ofInstant(now, ZoneOffset.UTC);
        int turnedAway = 0;
        for (int back = TlsResults.DAYS_KEPT; back > 0; back--) {
            LocalDate day = today.minusDays(back);
            List<DomainName> domains = means.results.domains(day, settings.sessionsLeast());
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
        return Duration.ofMillis((long) (means.random.nextDouble() * most.toMillis()));
    }

    /// @return false where nothing was due
    private boolean carryOutSome(ReportCourier now) {
        List<Step> due = book.due(clock.instant(), AT_ONCE);
        // Closing waits for all of them.
        try (ExecutorService threads = Executors.newVirtualThreadPerTaskExecutor()) {
            due.forEach(step -> threads.execute(() -> carryOut(now, step)));
        }
        return !due.isEmpty();
    }

    private void carryOut(ReportCourier now, Step step) {
        try {
            settle(step, now.carryOut(step, clock.instant()));
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

    /// Ends when what is under way has ended, within seconds.
    @Override
    public void close() {
        isClosing = true;
        post.end();
        ticker.close();
        file.close();
        post.close();
    }
}
