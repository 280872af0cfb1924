package io.whimbrel.delivery;

import io.whimbrel.egress.EgressPath;
import io.whimbrel.egress.SourceAddress;
import io.whimbrel.mail.DomainName;
import io.whimbrel.mail.MailStream;
import io.whimbrel.schedule.Carrier;
import io.whimbrel.schedule.QueueEntry;
import io.whimbrel.shaping.Flow;
import io.whimbrel.shaping.FlowSource;
import io.whimbrel.shaping.Lease;

import java.time.Instant;

/// What the configuration in force says of connections on one path. Immutable.
record PathTerms(ActivePlan active, EgressPath path) {

    /// A connection from `source`, as the schedule needs to know it.
    Carrier carrier(SourceAddress source) {
        return new Carrier(
                new FlowSource(source.name(), source.profile()),
                (stream, domain) ->
                        active.pools()
                                .mayCarry(path.pool(), source.name(), stickyKey(stream, domain)));
    }

    /// What of the mail leads to one source of the pool.
    String stickyKey(MailStream stream, DomainName domain) {
        Flow flow = Flow.NONE.carrying(domain.value(), stream.tenant(), stream.campaign());
        return active.pools().stickyKey(path.pool(), flow);
    }

    /// Whether `open`, which is between two messages, is to carry no other.
    ///
    /// @param turn messages that it may carry although others wait for its place
    boolean isWornOut(RemoteSession open, Lease lease, int turn) {
        int carried = open.transactions();
        return !open.isOpen()
                || Transactions.isUsedUp(open)
                || carried >= active.settings().messagesPerConnectionMax()
                || carried >= lease.messagesMax()
                || (carried >= turn && lease.isWanted())
                || (carried > 0 && active.pools().isAhead(path.pool(), open.source().name()));
    }

    /// Whether `open` is as safe as the mail wants it.
    boolean isSafe(QueueEntry entry, RemoteSession open, Instant now) {
        return active.plan()
                .tls()
                .allows(active.tls(entry, path.site().provider()), open.tls(), now);
    }
}
