package io.whimbrel.tlsrpt;

import io.whimbrel.dns.Resolver;
import io.whimbrel.mail.DomainName;
import io.whimbrel.mail.Network;
import io.whimbrel.metrics.Metrics;
import io.whimbrel.reception.LocalIntake;
import io.whimbrel.state.StateFile;
import io.whimbrel.time.Ticker;
import io.whimbrel.transport.TlsResults;
import io.whimbrel.transport.WebHosts;

import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

import java.nio.file.Path;
import java.time.Duration;
import java.time.InstantSource;
import java.time.LocalDate;
import java.util.List;
import java.util.Optional;
import java.util.random.RandomGenerator;

/// Sends the reports of each day that is over, at a random time behind midnight in UTC, and tries
/// again where that fails. Thread-safe.
///
/// What was sent is known over a restart (`state/tls-reports.json`), and written before more is
/// sent: a crash may have [ReportRounds#AT_ONCE] reports sent once more, with the same report id.
public final class TlsReporter implements AutoCloseable {
    private static final Duration TICK = Duration.ofSeconds(5);
    private static final Logger LOG = LoggerFactory.getLogger(TlsReporter.class);

    private final Means means;
    private final Metrics metrics;
    private final InstantSource clock;
    private final ReportBook book = new ReportBook();
    private final ReportRounds rounds;
    private final ReportPost post = new ReportPost();
    private final StateFile file;
    private final Ticker ticker;
    private volatile ReportCourier courier;

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
        this.rounds = new ReportRounds(book, means.results, means.random, metrics, clock);
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
            rounds.run(courier, file::writeIfChanged);
        } catch (RuntimeException e) {
            // The ticker would end with it, and no report would be sent any more.
            metrics.bugs.inc();
            LOG.error("unexpected exception in the sending of TLS reports", e);
        }
    }

    /// Ends when what is under way has ended, within seconds.
    @Override
    public void close() {
        rounds.close();
        post.end();
        ticker.close();
        file.close();
        post.close();
    }
}
