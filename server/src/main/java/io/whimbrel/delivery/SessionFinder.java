package io.whimbrel.delivery;

import io.whimbrel.delivery.SmtpClient.Opening;
import io.whimbrel.egress.EgressPath;
import io.whimbrel.egress.Pools;
import io.whimbrel.egress.SourceAddress;
import io.whimbrel.outcome.AttemptResult;
import io.whimbrel.outcome.AttemptResult.ConnectionLost;
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
import io.whimbrel.transport.DomainTls;
import io.whimbrel.transport.HostPlace.NamedBy;
import io.whimbrel.transport.TlsLevel;

import java.nio.file.Path;
import java.time.InstantSource;
import java.util.HashSet;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import java.util.function.Predicate;

/// Seeks sessions with a next hop: from which source of the pool, whether limits allow another
/// connection, at which host. Immutable; blocks while the DNS is asked and hosts are tried.
final class SessionFinder {
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
    /// @param tls what the mail wants
    /// @param mail whose it is and where it goes: a source that may send it is preferred
    record Wish(
            EgressPath path, NextHop.Talker nextHop, String stickyKey, DomainTls tls, Flow mail) {}

    /// A source that may be used now.
    private record Way(SourceAddress source, Lease lease) {}

    SessionFinder(SmtpClient client, Limiter limiter, InstantSource clock) {
        this.client = client;
        this.limiter = limiter;
        this.clock = clock;
    }

    Found open(ActivePlan active, Wish wish) {
        return switch (wish.nextHop()) {
            case NextHop.Remote remote -> openOrFallBack(active, wish, remote);
            case NextHop.LocalSocket(var _, Path path) -> local(active, wish, path);
        };
    }

    private Found openOrFallBack(ActivePlan active, Wish wish, NextHop.Remote remote) {
        Found own = open(active, wish, remote);
        Optional<NextHop.Remote> fallback = remote.terms().fallback();
        boolean isAway =
                own instanceof Found.Failed(AttemptResult result, _) && isUnreached(result);
        return isAway && fallback.isPresent() && !Thread.currentThread().isInterrupted()
                ? open(active, wish, fallback.get())
                : own;
    }

    /// A session broke in the middle of a transaction.
    void broke(RemoteSession session) {
        client.broke(session.host());
    }

    /// Whether nobody was connected to, although there was somebody to connect to.
    static boolean isUnreached(AttemptResult result) {
        return result instanceof ConnectionLost lost && lost.stage() == AttemptResult.Stage.CONNECT;
    }

    /// A program on this machine: limits hold for it, sources do not.
    private Found local(ActivePlan active, Wish wish, Path path) {
        String ehlo =
                active.pools().sources().all().stream()
                        .map(SourceAddress::ehloName)
                        .findFirst()
                        .orElse("localhost");
        var source = new SourceAddress("", Optional.empty(), ehlo);
        return switch (limiter.connect(flow(wish.path(), source), wish.path(), now())) {
            case Blocked by -> new Found.NotAllowed(by);
            case io.whimbrel.shaping.Opening.Opened(Lease lease) ->
                    found(client.open(path, source, active.settings().timeouts()), lease);
        };
    }

    private Found found(Opening opening, Lease lease) {
        return switch (opening) {
            case Opening.Opened(RemoteSession session) -> new Found.Opened(session, lease);
            case Opening.Failed(AttemptResult result, String source) -> {
                lease.release(now());
                yield new Found.Failed(result, source);
            }
        };
    }

    private Found open(ActivePlan active, Wish wish, NextHop.Remote remote) {
        return switch (active.directions().hosts(remote, active.pools().sources())) {
            case MailHosts.None(SmtpReply reply) -> new Found.Failed(new NotTried(reply), "");
            case MailHosts.Found(List<HostAddress> hosts) -> open(active, wish, remote, hosts);
        };
    }

    /// One source after the other, as long as it is the source that is to blame.
    private Found open(
            ActivePlan active, Wish wish, NextHop.Remote remote, List<HostAddress> hosts) {
        Set<String> tried = new HashSet<>();
        Optional<Found> last = Optional.empty();
        while (!Thread.currentThread().isInterrupted()) {
            var choice = new Choice(active.pools(), wish, hosts, tried);
            Optional<Way> way = choice.make();
            if (way.isEmpty()) {
                break;
            }
            SourceAddress source = way.get().source();
            tried.add(source.name());
            var outlet = new Outlet(source, active.pools().sources());
            Opening opening = client.open(hosts, talk(active, wish, remote), outlet);
            Found found = found(opening, way.get().lease());
            boolean isOfSource =
                    opening instanceof Opening.Failed failed
                            && failed.result() instanceof NotTried
                            && !failed.isOwn();
            if (!isOfSource) {
                return found;
            }
            last = Optional.of(found);
        }
        return last.orElseGet(() -> without(active, wish, hosts));
    }

    private static SmtpClient.Talk talk(ActivePlan active, Wish wish, NextHop.Remote remote) {
        NextHop.Terms terms = remote.terms();
        var tls =
                new TlsWish(
                        active.plan().tls(),
                        wish.tls(),
                        terms.isImplicitTls(),
                        NamedBy.of(remote.isRoute(), terms.areNamesSure()),
                        TlsLevel.parse(terms.tls()));
        return new SmtpClient.Talk(
                remote.protocol(), tls, terms.credentials(), active.settings().timeouts());
    }

    private static Flow flow(EgressPath path, SourceAddress source) {
        return new Flow(
                source.name(),
                path.pool(),
                path.site().provider(),
                path.site().name(),
                "",
                "",
                "",
                source.profile());
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
            return make(source -> maySend(source) && mayUse(source)).or(() -> make(this::mayUse));
        }

        private Optional<Way> make(Predicate<SourceAddress> mayUse) {
            return pools.choose(wish.path().pool(), wish.stickyKey(), mayUse)
                    .map(source -> new Way(source, lease.orElseThrow()));
        }

        /// Where none may, one that may not will do: it can carry other mail of the path.
        private boolean maySend(SourceAddress source) {
            Flow mail = wish.mail();
            Flow flow =
                    flow(wish.path(), source)
                            .carrying(mail.domain(), mail.tenant(), mail.campaign());
            return !limiter.isShut(flow, now());
        }

        /// Claims the connection where it may: the first source that may is the one.
        private boolean mayUse(SourceAddress source) {
            if (tried.contains(source.name()) || !reachesAny(source)) {
                return false;
            }
            EgressPath path = wish.path();
            return switch (limiter.connect(flow(path, source), path, now())) {
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
