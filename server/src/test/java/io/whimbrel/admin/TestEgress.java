package io.whimbrel.admin;

import io.whimbrel.dns.DnsSettings;
import io.whimbrel.dns.Resolver;
import io.whimbrel.egress.Destination;
import io.whimbrel.egress.DestinationView;
import io.whimbrel.egress.Destinations;
import io.whimbrel.egress.EgressPath;
import io.whimbrel.egress.PathView;
import io.whimbrel.egress.PoolSettings;
import io.whimbrel.egress.Pools;
import io.whimbrel.egress.Site;
import io.whimbrel.egress.SourceAddress;
import io.whimbrel.egress.Sources;
import io.whimbrel.mail.Rate;
import io.whimbrel.metrics.Metrics;
import io.whimbrel.provider.Providers;
import io.whimbrel.routing.OwnNode;
import io.whimbrel.routing.RoutingPlan;
import io.whimbrel.shaping.Blocked;
import io.whimbrel.shaping.Dimension;
import io.whimbrel.shaping.LimitScope;
import io.whimbrel.shaping.LimitSettings;
import io.whimbrel.shaping.Limiter;
import io.whimbrel.tlsrpt.TlsReportView;
import io.whimbrel.transport.TlsPolicy;

import java.time.InstantSource;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.OptionalInt;
import java.util.Set;

/// A node with sources `t1` and `t2` in pool `default`, for whose google sites 20/s from each
/// source is the limit. What delivery and DNS do, a test says. Confined to one thread.
public final class TestEgress {
    static final EgressPath PATH = new EgressPath("default", new Site("mx.google.test", "google"));

    final TestShaping shaping = new TestShaping();
    final Limiter limiter = new Limiter(List.of(limit()));
    Optional<EgressPath> path = Optional.of(PATH);
    Optional<Blocked> held = Optional.empty();
    PathView view = PathView.IDLE;
    DestinationView lookup = DestinationView.NONE;
    String route = "";

    /// By domain and day.
    Map<String, String> reports = new HashMap<>();

    List<TlsReportView> views = new ArrayList<>();

    private final FakeQueueDesk queue;
    private final InstantSource clock = InstantSource.fixed(FakeQueueDesk.NOW);
    private final EgressSight sight;

    public TestEgress(FakeQueueDesk queue) {
        this.queue = queue;
        var metrics = new Metrics();
        List<SourceAddress> sources = List.of(source("t1"), source("t2"));
        var routing =
                new RoutingPlan(
                        List.of(),
                        25,
                        List.of(),
                        new Resolver(DnsSettings.DEFAULT, clock, metrics.dns),
                        new OwnNode(Set.of(), List.of()));
        sight =
                new EgressSight(
                        routing,
                        Destinations.ofPool("default"),
                        _ -> "",
                        new Pools(
                                List.of(PoolSettings.ofAll(sources)),
                                new Sources(sources, clock),
                                clock,
                                metrics.egress),
                        Providers.NONE,
                        limiter,
                        (_, _, _) -> TlsPolicy.MAY,
                        50);
    }

    private static SourceAddress source(String name) {
        return new SourceAddress(name, Optional.empty(), "mx.test").warm("warm");
    }

    private static LimitSettings limit() {
        return new LimitSettings(
                "whimbrel.toml:31",
                LimitScope.ALL.and(Dimension.PROVIDER, "google"),
                Set.of(Dimension.SOURCE),
                List.of(Rate.parse("20/s").orElseThrow()),
                OptionalInt.empty(),
                Optional.empty(),
                OptionalInt.empty(),
                OptionalInt.empty());
    }

    public EgressDesk desk() {
        var deliveries =
                new EgressDesk.Deliveries(
                        _ -> path,
                        entry ->
                                new Destination(
                                        entry.domain(),
                                        path.map(EgressPath::pool).orElse("default"),
                                        route),
                        _ -> held,
                        _ -> view,
                        _ -> lookup);
        return new EgressDesk(
                queue,
                () -> sight,
                deliveries,
                shaping.reactions,
                new TlsReportDesk(
                        new TlsReportDesk.Reports(
                                (domain, day) ->
                                        Optional.ofNullable(reports.get(domain.value() + day)),
                                _ -> views,
                                _ -> views.size()),
                        clock),
                clock);
    }
}
