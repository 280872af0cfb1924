package io.whimbrel.delivery;

import io.whimbrel.delivery.SmtpClient.Opening;
import io.whimbrel.egress.EgressPath;
import io.whimbrel.egress.Pools;
import io.whimbrel.egress.SourceAddress;
import io.whimbrel.outcome.AttemptResult;
import io.whimbrel.outcome.AttemptResult.ConnectionLost;
import io.whimbrel.outcome.AttemptResult.NotTried;
import io.whimbrel.outcome.AttemptResult.Refused;
import io.whimbrel.outcome.AttemptResult.Stage;
import io.whimbrel.routing.HostAddress;
import io.whimbrel.routing.MailHosts;
import io.whimbrel.routing.NextHop;
import io.whimbrel.schedule.Micros;
import io.whimbrel.shaping.Blocked;
import io.whimbrel.shaping.Breadth;
import io.whimbrel.shaping.Flow;
import io.whimbrel.shaping.Lease;
import io.whimbrel.shaping.Limiter;
import io.whimbrel.shaping.Reason;
import io.whimbrel.smtp.SmtpReply;
import io.whimbrel.time.Lately;
import io.whimbrel.time.Pause;
import io.whimbrel.transport.DomainTls;
import io.whimbrel.transport.HostPlace.NamedBy;
import io.whimbrel.transport.TlsLevel;

import java.nio.file.Path;
import java.time.Duration;
import java.time.InstantSource;
import java.time.temporal.ChronoUnit;
import java.util.HashSet;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import java.util.function.Consumer;
import java.util.function.Predicate;
import java.util.function.Supplier;

/// Seeks sessions with a next hop: from which source of the pool, whether limits allow another
/// connection, at which host. Immutable; blocks while the DNS is asked and hosts are tried.
final class SessionFinder {
    /// Where no host takes a connection it is more often the hosts that are to blame, and each try
    /// may take as long as a connection may.
    private static final int OTHER_SOURCES_MOST = 1;

    /// A limit that has room again before this is no case for a backup.
    private static final long BACKUP_AFTER_MICROS = 60_000_000;

    /// A connection that is not allowed now may be in a moment. Where more paths are at limits than
    /// are remembered, mail of some waits for its own source a while.
    private static final Duration FULL_FOR = Duration.ofSeconds(5);

    private static final int FULL_MOST = 10_000;

    /// For how long one attempt waits for leave to open a further connection: about what a host
    /// that does not answer takes.
    private static final long PATIENCE_MICROS = 15_000_000;

    /// A reload that brings the pool back does not wait for it.
    private static final long POOL_AGAIN_MICROS = 3_600_000_000L;

    private final SmtpClient client;
    private final Limiter limiter;
    private final InstantSource clock;
    private final Consumer<Duration> pause;
    private final Lately<PathSource, Boolean> badSources;

    /// Sources that limits of theirs allowed no further connection for, and until when.
    private final Lately<PathSource, Long> fullSources;

    /// Sources that can reach no host.
    private final Lately<PathSource, Boolean> farSources;

    /// A source towards a site.
    private record PathSource(EgressPath path, String source) {}

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
    /// @param asked the way that is asked: another than `path` where a fallback relay is
    record Wish(
            EgressPath path,
            NextHop.Talker nextHop,
            String stickyKey,
            DomainTls tls,
            Flow mail,
            EgressPath asked) {

        Wish(EgressPath path, NextHop.Talker nextHop, String stickyKey, DomainTls tls, Flow mail) {
            this(path, nextHop, stickyKey, tls, mail, path);
        }

        Wish asking(NextHop.Remote relay) {
            var way = new EgressPath(path.pool(), relay.site());
            return new Wish(path, nextHop, stickyKey, tls, mail, way);
        }
    }

    /// A source that may be used now.
    private record Way(SourceAddress source, Lease lease) {}

    SessionFinder(SmtpClient client, Limiter limiter, InstantSource clock) {
        this(client, limiter, clock, Pause::of);
    }

    /// @param pause holds the thread up
    SessionFinder(
            SmtpClient client, Limiter limiter, InstantSource clock, Consumer<Duration> pause) {
        this.pause = pause;
        this.client = client;
        this.limiter = limiter;
        this.clock = clock;
        this.badSources = SmtpClient.lately(clock);
        this.fullSources = new Lately<>(FULL_MOST, FULL_FOR, clock);
        this.farSources = SmtpClient.lately(clock);
    }

    /// Whether `source` is not to be waited for on the way of `path`.
    ///
    /// @param mail whose it is and where it goes
    boolean isRefused(EgressPath path, SourceAddress source, Flow mail) {
        return fullSources
                        .get(new PathSource(path, source.name()))
                        .filter(it -> now() < it)
                        .isPresent()
                || isShutOut(path, source, mail);
    }

    /// The same, and that will not change in a moment.
    boolean isShutOut(EgressPath path, SourceAddress source, Flow mail) {
        var way = new PathSource(path, source.name());
        return badSources.contains(way)
                || farSources.contains(way)
                || limiter.shut(flow(path, source, mail), now()).isPresent();
    }

    /// Other sources come first for a while on the way of `path`.
    void avoid(EgressPath path, String source) {
        badSources.add(new PathSource(path, source), true);
    }

    Found open(ActivePlan active, Wish wish) {
        return switch (wish.nextHop()) {
            case NextHop.Remote remote ->
                    active.pools().isKnown(wish.path().pool())
                            ? openOrFallBack(active, wish, remote)
                            : withoutPool(wish.path().pool());
            case NextHop.LocalSocket(var _, Path path) -> local(active, wish, path);
        };
    }

    /// Only an operator can say where its mail is to leave.
    private Found withoutPool(String pool) {
        var reason = new Reason("pool " + pool + ", which is not configured");
        long until = now() + POOL_AGAIN_MICROS;
        return new Found.NotAllowed(new Blocked(until, reason, Breadth.PATH, false));
    }

    private Found openOrFallBack(ActivePlan active, Wish wish, NextHop.Remote remote) {
        MailHosts hosts = hosts(active, remote);
        Found own = open(active, wish, remote, hosts);
        Optional<NextHop.Remote> fallback = remote.terms().fallback();
        if (fallback.isEmpty()
                || !isAway(remote, hosts, own)
                || Thread.currentThread().isInterrupted()) {
            return own;
        }
        NextHop.Remote relay = fallback.get();
        return switch (patiently(active, wish.asking(relay), relay)) {
            case Found.Opened opened -> {
                opened.session().isWithRelay(relay.site());
                yield opened;
            }
            // What a fallback says that takes no mail at all is no word about this mail; nor is
            // that limits allow none.
            case Found.Failed _, Found.NotAllowed _ -> own;
        };
    }

    private Found patiently(ActivePlan active, Wish wish, NextHop.Remote relay) {
        MailHosts hosts = hosts(active, relay);
        var patience = new Patience();
        Found found = open(active, wish, relay, hosts);
        while (found instanceof Found.NotAllowed(Blocked by) && patience.waits(by)) {
            found = open(active, wish, relay, hosts);
        }
        return found;
    }

    private static MailHosts hosts(ActivePlan active, NextHop.Remote remote) {
        return active.directions().hosts(remote, active.pools().sources());
    }

    /// Whether nobody was connected to: where the operator named the hosts, for want of an address
    /// too.
    private static boolean isAway(NextHop.Remote remote, MailHosts hosts, Found found) {
        return switch (hosts) {
            case MailHosts.None _ -> remote.isRoute();
            case MailHosts.Found _ ->
                    found instanceof Found.Failed(AttemptResult result, _) && isUnreached(result);
        };
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
        return switch (limiter.connect(flow(wish, source), wish.path(), now())) {
            case Blocked by -> new Found.NotAllowed(by);
            case io.whimbrel.shaping.Opening.Opened(Lease lease) ->
                    found(
                            leased(
                                    lease,
                                    () -> client.open(path, source, active.settings().timeouts())),
                            lease);
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

    private Found open(ActivePlan active, Wish wish, NextHop.Remote remote, MailHosts hosts) {
        return switch (hosts) {
            case MailHosts.None(SmtpReply reply) -> new Found.Failed(new NotTried(reply), "");
            case MailHosts.Found(List<HostAddress> found, Optional<String> unknown) ->
                    patient(open(active, wish, remote, found), unknown);
        };
    }

    /// What some hosts lack for good says nothing of one whose address is not known now.
    private static Found patient(Found found, Optional<String> unknown) {
        return unknown.isPresent()
                        && found instanceof Found.Failed(NotTried(SmtpReply reply), String source)
                        && reply.isPermanent()
                ? new Found.Failed(new NotTried(later(reply, unknown.get())), source)
                : found;
    }

    private static SmtpReply later(SmtpReply reply, String unknown) {
        return SmtpReply.of(
                451,
                4,
                7,
                5,
                reply.text() + "; of another host no address is known now: " + unknown);
    }

    /// One source after the other, as long as it is the source that is to blame; where that is not
    /// sure, one other at most.
    private Found open(
            ActivePlan active, Wish wish, NextHop.Remote remote, List<HostAddress> hosts) {
        Set<String> tried = new HashSet<>();
        int others = OTHER_SOURCES_MOST;
        Optional<Found> last = Optional.empty();
        while (!Thread.currentThread().isInterrupted()) {
            var choice = new Choice(active.pools(), wish, hosts, tried);
            Optional<Way> way = choice.make();
            if (way.isEmpty()) {
                return last.orElseGet(() -> without(active, wish, hosts, choice.blocked));
            }
            SourceAddress source = way.get().source();
            tried.add(source.name());
            Lease lease = way.get().lease();
            var outlet = new Outlet(source, active.pools().sources(), () -> mayDialAgain(lease));
            Opening opening =
                    leased(lease, () -> client.open(hosts, talk(active, wish, remote), outlet));
            Found found = found(opening, lease);
            if (isOfSource(opening)) {
                last = Optional.of(found);
            } else if (isPerhapsOfSource(opening) && others > 0) {
                avoid(wish.asked(), source.name());
                others--;
                last = Optional.of(found);
            } else {
                return found;
            }
        }
        return last.orElseGet(() -> without(active, wish, hosts, Optional.empty()));
    }

    /// Waits a moment where limits have no room for one more connection at once: what they spread
    /// over a window comes soon.
    private boolean mayDialAgain(Lease lease) {
        var patience = new Patience();
        Optional<Blocked> by = lease.another(now());
        while (by.isPresent() && patience.waits(by.get())) {
            by = lease.another(now());
        }
        return by.isEmpty();
    }

    /// How long limits are waited for in one place. Confined to one thread.
    private final class Patience {
        private long leftMicros = PATIENCE_MICROS;

        /// @return false where it would take too long, or the thread is interrupted
        boolean waits(Blocked by) {
            long micros = Math.max(1_000, by.untilMicros() - now());
            if (micros > leftMicros || Thread.currentThread().isInterrupted()) {
                return false;
            }
            leftMicros -= micros;
            pause.accept(Duration.of(micros, ChronoUnit.MICROS));
            return !Thread.currentThread().isInterrupted();
        }
    }

    /// Whether the source cannot be used.
    private static boolean isOfSource(Opening opening) {
        return opening instanceof Opening.Failed failed
                && failed.result() instanceof NotTried
                && !failed.isOwn();
    }

    /// Whether another source may fare better, because of a firewall or a list of addresses.
    private static boolean isPerhapsOfSource(Opening opening) {
        return opening instanceof Opening.Failed failed
                && switch (failed.result()) {
                    case ConnectionLost(var _, Stage stage, var _) -> isBeforeMail(stage);
                    case Refused(var _, Stage stage, var _) -> isBeforeMail(stage);
                    case NotTried _, AttemptResult.Accepted _, AttemptResult.Overdue _ -> false;
                };
    }

    private static boolean isBeforeMail(Stage stage) {
        return stage == Stage.CONNECT || stage == Stage.GREETING || stage == Stage.EHLO;
    }

    /// The lease is released where `opening` fails by a bug.
    private Opening leased(Lease lease, Supplier<Opening> opening) {
        boolean isDone = false;
        try {
            Opening result = opening.get();
            isDone = true;
            return result;
        } finally {
            if (!isDone) {
                lease.release(now());
            }
        }
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

    /// A connection from `source`, and what it is opened for.
    private static Flow flow(Wish wish, SourceAddress source) {
        return flow(wish.path(), source, wish.mail());
    }

    private static Flow flow(EgressPath path, SourceAddress source, Flow mail) {
        return new Flow(
                source.name(),
                path.pool(),
                path.site().provider(),
                path.site().name(),
                mail.domain(),
                mail.tenant(),
                mail.campaign(),
                source.profile());
    }

    /// @param blocked what stands against the sources that could be used
    private static Found without(
            ActivePlan active, Wish wish, List<HostAddress> hosts, Optional<Blocked> blocked) {
        if (blocked.isPresent()) {
            return new Found.NotAllowed(blocked.get());
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

        private boolean isAnyBad;

        /// A source before may be used, and is at a limit for a moment.
        private boolean isAtLimit;

        Choice(Pools pools, Wish wish, List<HostAddress> hosts, Set<String> tried) {
            this.pools = pools;
            this.wish = wish;
            this.hosts = hosts;
            this.tried = tried;
        }

        Optional<Way> make() {
            Predicate<SourceAddress> best = source -> maySend(source) && mayUse(source);
            return make(source -> !isBad(source), best)
                    .or(() -> isAnyBad ? make(this::isBad, best) : Optional.empty())
                    .or(() -> make(_ -> true, this::mayUse));
        }

        private Optional<Way> make(
                Predicate<SourceAddress> isMeant, Predicate<SourceAddress> mayUse) {
            return pools.choose(wish.path().pool(), wish.stickyKey(), isMeant, mayUse)
                    .map(source -> new Way(source, lease.orElseThrow()));
        }

        private boolean isBad(SourceAddress source) {
            boolean isBad = badSources.contains(new PathSource(wish.asked(), source.name()));
            isAnyBad |= isBad;
            return isBad;
        }

        /// Where none may, one that may not will do: it can carry other mail of the path.
        private boolean maySend(SourceAddress source) {
            Optional<Blocked> by = limiter.shut(flow(wish, source), now());
            by.ifPresent(this::note);
            return by.isEmpty();
        }

        private void note(Blocked by) {
            long wait = by.untilMicros() == Long.MAX_VALUE ? 0 : by.untilMicros() - now();
            isAtLimit |= !by.reason().isRestraint() && wait < BACKUP_AFTER_MICROS;
        }

        /// A backup is for sources that cannot be used, not for those that are at a limit for a
        /// moment.
        private boolean isBackupTooSoon(SourceAddress source) {
            return isAtLimit && pools.isBackup(wish.path().pool(), source.name());
        }

        /// Claims the connection where it may: the first source that may is the one.
        private boolean mayUse(SourceAddress source) {
            if (!reachesAny(source)) {
                farSources.add(new PathSource(wish.asked(), source.name()), true);
                return false;
            }
            if (tried.contains(source.name()) || isBackupTooSoon(source)) {
                return false;
            }
            var way = new PathSource(wish.path(), source.name());
            return switch (limiter.connect(flow(wish, source), wish.path(), now())) {
                case io.whimbrel.shaping.Opening.Opened(Lease granted) -> {
                    lease = Optional.of(granted);
                    fullSources.remove(way);
                    yield true;
                }
                case Blocked by -> {
                    if (by.dependsOnSource()) {
                        fullSources.add(way, by.untilMicros());
                    }
                    note(by);
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
