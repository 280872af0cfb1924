package io.whimbrel.delivery;

import io.whimbrel.egress.EgressPath;
import io.whimbrel.egress.SourceAddress;
import io.whimbrel.mail.DomainName;
import io.whimbrel.mail.MailStream;
import io.whimbrel.routing.NextHop;
import io.whimbrel.schedule.Carrier;
import io.whimbrel.schedule.Micros;
import io.whimbrel.schedule.QueueEntry;
import io.whimbrel.shaping.Blocked;
import io.whimbrel.shaping.Flow;
import io.whimbrel.shaping.FlowSource;
import io.whimbrel.shaping.Lease;

import java.time.Duration;
import java.time.Instant;

/// What the configuration in force says of connections on one path. Immutable.
record PathTerms(ActivePlan active, EgressPath path) {
    /// When work that no limit names a time for is looked at again.
    private static final Duration LOOK_AGAIN = Duration.ofSeconds(1);

    /// The same, where only some sources are held back, at the latest.
    private static final Duration SOURCES_CHANGE = Duration.ofMinutes(1);

    /// `open`, as the schedule needs to know it. What the host takes no more of in one transaction
    /// (RFC 9422) is asked for one by one, so that limits count each.
    ///
    /// @param connections a source that one of them is from works
    Carrier carrier(RemoteSession open, SessionFinder finder, PathConnections connections) {
        SourceAddress source = open.source();
        var leaving = new FlowSource(source.name(), source.profile());
        long rcptMax = open.extensions().limits().rcptMax();
        int most = rcptMax == 0 ? Integer.MAX_VALUE : (int) Math.min(rcptMax, Integer.MAX_VALUE);
        // What goes to this machine leaves from no source of the pool.
        if (source.name().isEmpty() || !active.pools().isSticky(path.pool())) {
            return new Carrier(leaving, most, Carrier.ANY.mayCarry(), active.campaigns()::isSingly);
        }
        return new Carrier(
                leaving,
                most,
                (stream, domain) -> {
                    Flow mail = flow(stream, domain);
                    return active.pools()
                            .mayCarry(
                                    path.pool(),
                                    source.name(),
                                    active.pools().stickyKey(path.pool(), mail),
                                    other ->
                                            connections.isFrom(other.name())
                                                    ? finder.isShutOut(path, other, mail)
                                                    : finder.isRefused(path, other, mail));
                },
                active.campaigns()::isSingly);
    }

    /// What takes each message by itself, whoever sends it.
    Carrier anyCarrier() {
        return new Carrier(
                FlowSource.NONE,
                Integer.MAX_VALUE,
                Carrier.ANY.mayCarry(),
                active.campaigns()::isSingly);
    }

    /// What of the mail leads to one source of the pool.
    String stickyKey(MailStream stream, DomainName domain) {
        return active.pools().stickyKey(path.pool(), flow(stream, domain));
    }

    /// Whose mail it is and where it goes, whatever the connection is.
    static Flow flow(MailStream stream, DomainName domain) {
        return Flow.NONE.carrying(domain.value(), stream.tenant(), stream.campaign());
    }

    /// Whether `open`, which is between two messages, is to carry no other.
    ///
    /// @param turn messages that it may carry although others wait for its place
    /// @param finder knows whose turn it cannot be
    boolean isWornOut(RemoteSession open, Lease lease, int turn, SessionFinder finder) {
        int carried = open.transactions();
        return !open.isOpen()
                || Transaction.isUsedUp(open)
                || carried >= active.settings().messagesPerConnectionMax()
                || carried >= lease.messagesMax()
                || (carried >= turn && lease.isWanted())
                || (carried > 0 && isAhead(open, finder));
    }

    private boolean isAhead(RemoteSession open, SessionFinder finder) {
        return !open.source().name().isEmpty()
                && active.pools()
                        .isAhead(
                                path.pool(),
                                open.source().name(),
                                other -> finder.isShutOut(path, other, Flow.NONE));
    }

    /// Whether the hosts of `talker` are those that its domains name.
    static boolean isByMx(NextHop.Talker talker) {
        return talker instanceof NextHop.Remote remote && !remote.isRoute();
    }

    /// Whether `open` is as safe as the mail wants it.
    boolean isSafe(QueueEntry entry, RemoteSession open, Instant now) {
        boolean isByMx = open.tls().facts().host().isOfDomain();
        return active.plan()
                .tls()
                .allows(active.tls(entry, path.site().provider(), isByMx), open.tls(), now);
    }

    /// Whether another source may send what `open` may not for long. A session that has sent
    /// nothing yet stays: else one would be opened after the other.
    ///
    /// @param left until its limit has room
    boolean isForAnotherSource(Blocked by, Duration left, RemoteSession open) {
        return by.dependsOnSource()
                && by.untilMicros() != Long.MAX_VALUE
                && left.compareTo(active.settings().idleMost()) > 0
                && open.transactions() > 0
                && active.pools().usable(path.pool()) > 1;
    }

    /// When to look again at what is held back.
    static Instant lookAgainAt(Blocked by, Instant now) {
        // Another source may be usable again before.
        Duration most = by.dependsOnSource() ? SOURCES_CHANGE : Duration.ofDays(1);
        Duration left = Micros.left(by.untilMicros(), Micros.of(now), most);
        return now.plus(by.untilMicros() == Long.MAX_VALUE ? LOOK_AGAIN : left);
    }
}
