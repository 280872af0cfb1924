package io.whimbrel.delivery;

import io.whimbrel.delivery.SmtpClient.Opening;
import io.whimbrel.egress.EgressPath;
import io.whimbrel.egress.Pools;
import io.whimbrel.egress.SourceAddress;
import io.whimbrel.outcome.AttemptResult;
import io.whimbrel.outcome.AttemptResult.NotTried;
import io.whimbrel.routing.HostAddress;
import io.whimbrel.routing.MailHosts;
import io.whimbrel.routing.NextHop;
import io.whimbrel.schedule.Micros;
import io.whimbrel.shaping.Blocked;
import io.whimbrel.shaping.Flow;
import io.whimbrel.shaping.Lease;
import io.whimbrel.shaping.Limiter;
import io.whimbrel.smtp.SmtpReply;

import java.time.InstantSource;
import java.util.HashSet;
import java.util.List;
import java.util.Optional;
import java.util.Set;

/// Seeks sessions with a next hop: from which source of the pool, whether limits allow another
/// connection, at which host. Immutable; blocks while the DNS is asked and hosts are tried.
final class SessionFinder {
    private static final InetAddress LOOPBACK = InetAddress.ofLiteral("127.0.0.1");

    private final SmtpClient client;
    private final Limiter limiter;
    private final InstantSource clock;

    /// What came of it.
    sealed interface Found {
        /// @param lease to be released when the session is over
        record Opened(RemoteSession session, Lease lease) implements Found {}

        /// No host, or no source, would.
        record Failed(AttemptResult result, String source) implements Found {}

        /// Limits allow no further connection now.
        record NotAllowed(Blocked by) implements Found {}
    }

    /// What is sought.
    ///
    /// @param stickyKey leads to a source of the pool; `""` where shares alone count
    record Wish(EgressPath path, NextHop nextHop, String stickyKey) {}

    /// A source that may be used now.
    private record Way(SourceAddress source, Lease lease) {}

    SessionFinder(SmtpClient client, Limiter limiter, InstantSource clock) {
        this.client = client;
        this.limiter = limiter;
        this.clock = clock;
    }

    Found open(ActivePlan active, Wish wish) {
        return switch (active.directions().hosts(wish.nextHop(), active.pools().sources())) {
            case MailHosts.None(SmtpReply reply) -> new Found.Failed(new NotTried(reply), "");
            case MailHosts.Found(List<HostAddress> hosts) -> open(active, wish, hosts);
        };
    }

    /// One source after the other, as long as it is the source that is to blame.
    private Found open(ActivePlan active, Wish wish, List<HostAddress> hosts) {
        Set<String> tried = new HashSet<>();
        Optional<Found.Failed> last = Optional.empty();
        while (!Thread.currentThread().isInterrupted()) {
            var choice = new Choice(active.pools(), wish, hosts, tried);
            Optional<Way> way = choice.make();
            if (way.isEmpty()) {
                break;
            }
            SourceAddress source = way.get().source();
            tried.add(source.name());
            Opening opening =
                    client.open(
                            hosts,
                            wish.nextHop().protocol(),
                            new Outlet(source, active.pools().sources()),
                            active.settings().timeouts());
            switch (opening) {
                case Opening.Opened(RemoteSession session) -> {
                    return new Found.Opened(session, way.get().lease());
                }
                case Opening.Failed(AttemptResult result, String name) -> {
                    way.get().lease().release(now());
                    last = Optional.of(new Found.Failed(result, name));
                    if (!(result instanceof NotTried)) {
                        return last.get();
                    }
                }
            }
            if (choice.blocked.isPresent()) {
                break;
            }
        }
        return last.<Found>map(failed -> failed).orElseGet(() -> without(active, wish, hosts));
    }

    private Found without(ActivePlan active, Wish wish, List<HostAddress> hosts) {
        var choice = new Choice(active.pools(), wish, hosts, Set.of());
        Optional<Way> way = choice.make();
        way.ifPresent(free -> free.lease().release(now()));
        if (choice.blocked.isPresent()) {
            return new Found.NotAllowed(choice.blocked.get());
        }
        String pool = wish.path().pool();
        String text =
                active.pools()
                        .trouble(pool)
                        .orElseGet(() ->
                                "no source of pool "
                                        + pool
                                        + " can reach "
                                        + hosts.getFirst().described());
        return new Found.Failed(new NotTried(SmtpReply.of(451, 4, 4, 0, text)), "");
    }

    private long now() {
        return Micros.of(clock.instant());
    }

    /// Of the sources of the pool the one whose turn it is. Confined to one thread, used once.
    private final class Choice {
        private final Pools pools;
        private final Wish wish;
        private final List<HostAddress> hosts;
        private final Set<String> tried;
        private Optional<Lease> lease = Optional.empty();

        /// What stands against the sources that limits do not allow; the one that ends first.
        private Optional<Blocked> blocked = Optional.empty();

        Choice(Pools pools, Wish wish, List<HostAddress> hosts, Set<String> tried) {
            this.pools = pools;
            this.wish = wish;
            this.hosts = hosts;
            this.tried = tried;
        }

        Optional<Way> make() {
            return pools.choose(wish.path().pool(), wish.stickyKey(), this::mayUse)
                    .map(source -> new Way(source, lease.orElseThrow()));
        }

        /// Claims the connection where it may: the first source that may is the one.
        private boolean mayUse(SourceAddress source) {
            if (tried.contains(source.name()) || !reachesAny(source)) {
                return false;
            }
            EgressPath path = wish.path();
            var flow =
                    new Flow(
                            source.name(),
                            path.pool(),
                            path.site().provider(),
                            path.site().name(),
                            "",
                            "",
                            "",
                            source.profile());
            return switch (limiter.connect(flow, path, now())) {
                case io.whimbrel.shaping.Opening.Opened(Lease granted) -> {
                    lease = Optional.of(granted);
                    yield true;
                }
                case Blocked by -> {
                    if (blocked.isEmpty() || by.untilMicros() < blocked.get().untilMicros()) {
                        blocked = Optional.of(by);
                    }
                    yield false;
                }
            };
        }

        private boolean reachesAny(SourceAddress source) {
            for (HostAddress host : hosts) {
                if (pools.sources().reaches(source, host.address())) {
                    return true;
                }
            }
            return false;
        }
    }
}
