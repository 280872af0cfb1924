package io.whimbrel.transport;

import io.whimbrel.dns.Resolver;
import io.whimbrel.dns.TextAnswer;
import io.whimbrel.mail.DomainName;
import io.whimbrel.mail.Network;
import io.whimbrel.metrics.Metrics;
import io.whimbrel.state.StateFile;
import io.whimbrel.time.Ticker;
import io.whimbrel.time.Watchdog;
import io.whimbrel.tls.ServerTrust;

import java.io.IOException;
import java.nio.file.Path;
import java.time.Duration;
import java.time.InstantSource;
import java.util.List;
import java.util.Map;
import java.util.function.Function;

/// What outlives reloads and restarts of TLS with hosts: policies of domains, hosts whose TLS does
/// not work, counts for reports. Thread-safe.
public final class TlsState implements AutoCloseable {
    private static final Duration REFRESH_EVERY = Duration.ofMinutes(1);

    private final TlsMemory memory;
    private final MtaSts sts;
    private final Watchdog watchdog = new Watchdog("mta-sts-watchdog");
    private final List<StateFile> files;
    private final Ticker ticker;
    private volatile Means means =
            new Means(_ -> new TextAnswer.NoText(Duration.ZERO), _ -> new StsAnswer.None());

    /// Whom the configuration in force asks.
    private record Means(
            Function<String, TextAnswer> texts, Function<DomainName, StsAnswer> fetch) {}

    public TlsState(Path dataFolder, InstantSource clock, Metrics metrics) {
        var broken = new BrokenTls(clock);
        var results = new TlsResults(clock);
        var cache = new StsCache();
        this.memory = new TlsMemory(broken, results, metrics.tlsOut);
        this.files =
                List.of(
                        new StateFile(
                                dataFolder,
                                terms("tls-broken.json", 4, "no host's TLS is known to fail"),
                                broken,
                                metrics),
                        new StateFile(
                                dataFolder,
                                terms("tls-results.json", 64, "TLS reports begin anew"),
                                results,
                                metrics),
                        new StateFile(
                                dataFolder,
                                terms("mta-sts.json", 32, "MTA-STS policies are fetched anew"),
                                cache,
                                metrics));
        this.sts =
                new MtaSts(
                        cache,
                        name -> means.texts().apply(name),
                        domain -> means.fetch().apply(domain),
                        clock);
        this.ticker = new Ticker("mta-sts", REFRESH_EVERY, sts::refreshOld);
    }

    private static StateFile.Terms terms(String name, int mebibytes, String without) {
        return new StateFile.Terms(
                "state/" + name, 1, mebibytes << 20, Duration.ofSeconds(10), without);
    }

    /// TLS as `settings` have it; what was made before goes on as it was, but asks whom this asks.
    ///
    /// @param byProvider what provider files say
    /// @param allowPrivate networks that policies may be fetched from although private
    /// @param dane whom to ask for TLSA records
    /// @throws IOException where a file cannot be used; names file and remedy
    public OutboundTls open(
            TlsOutSettings settings,
            Map<String, String> byProvider,
            Resolver resolver,
            List<Network> allowPrivate,
            DaneAnswer.Source dane)
            throws IOException {
        var outbound = new OutboundTls(settings, byProvider, sts::policy, dane, memory);
        var hosts = new WebHosts(resolver, allowPrivate);
        int port = settings.mtaStsPort();
        // Authorities of our own are for hosts of our own: policies are on the public web.
        var fetch = new StsFetch(watchdog, host -> hosts.of(host, port), ServerTrust.ofJava());
        means = new Means(resolver::text, fetch::fetch);
        return outbound;
    }

    /// What was counted for reports.
    public TlsResults results() {
        return memory.results();
    }

    @Override
    public void close() {
        ticker.close();
        files.forEach(StateFile::close);
        watchdog.close();
    }
}
