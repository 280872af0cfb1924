package io.whimbrel.delivery;

import io.whimbrel.delivery.SessionFinder.Found;
import io.whimbrel.egress.Destination;
import io.whimbrel.egress.EgressPath;
import io.whimbrel.mail.DomainName;
import io.whimbrel.mail.MailStream;
import io.whimbrel.outcome.AttemptResult;
import io.whimbrel.reaction.Advice;
import io.whimbrel.reaction.Advice.Next;
import io.whimbrel.routing.Heading;
import io.whimbrel.routing.NextHop;
import io.whimbrel.schedule.QueueEntry;
import io.whimbrel.smtp.SmtpReply;
import io.whimbrel.transport.DomainTls;

import java.util.Collection;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.function.Supplier;

/// What the thread of a connection has to ask others about an entry on one path: where it goes, by
/// which session, whether it may, and what follows from the answer. A bug there costs one attempt,
/// and no connection. Immutable, but for what it tells others.
final class EntryRules {
    private final Dispatcher dispatcher;
    private final EgressPath path;

    EntryRules(Dispatcher dispatcher, EgressPath path) {
        this.dispatcher = dispatcher;
        this.path = path;
    }

    /// Whether an entry may go by the session in hand.
    sealed interface Fitness {
        record Fit() implements Fitness {}

        /// The session is not as safe as it wants.
        record Unsafe() implements Fitness {}

        /// It is not to be tried at all.
        record Unfit(SmtpReply reply) implements Fitness {}
    }

    Fitness fitness(QueueEntry entry, RemoteSession open, PathTerms terms) {
        try {
            Optional<SmtpReply> returned = dispatcher.replies().bounce(path, open.source(), entry);
            if (returned.isPresent()) {
                return new Fitness.Unfit(returned.get());
            }
            return terms.isSafe(entry, open, dispatcher.clock().instant())
                    ? new Fitness.Fit()
                    : new Fitness.Unsafe();
        } catch (RuntimeException e) {
            dispatcher.bug("what holds for " + entry.message(), e);
            return new Fitness.Unfit(Dispatcher.BUG_REPLY);
        }
    }

    /// What a fallback relay answers is about the relay alone.
    Map<AttemptResult, Advice> advice(
            QueueEntry entry, RemoteSession open, List<AttemptResult> results) {
        try {
            return dispatcher.replies().observe(open.reached(path), open.source(), entry, results);
        } catch (RuntimeException e) {
            dispatcher.bug("the rules for " + entry.message(), e);
            return Map.of();
        }
    }

    /// As far as it concerns the connection.
    ///
    /// @return whether it is to end
    boolean heed(Collection<Advice> advice, RemoteSession open) {
        boolean isToEnd = false;
        for (Advice one : advice) {
            switch (one.next()) {
                case Next.RetryElsewhere(boolean isOtherSource) -> {
                    if (isOtherSource) {
                        dispatcher.finder().avoid(open.reached(path), open.source().name());
                    } else {
                        dispatcher.client().avoid(open.host());
                    }
                    isToEnd = true;
                }
                case Next.Reconnect() -> isToEnd = true;
                case Next.None _, Next.Bounce _, Next.DelayMessage _, Next.SplitRecipients _ -> {}
            }
        }
        return isToEnd;
    }

    /// The domain may have gone elsewhere, or nowhere, since the entry came to this path.
    Heading heading(Destination destination, ActivePlan active, Interruption interruption) {
        interruption.begin();
        try {
            return active.directions()
                    .heading(
                            destination.domain(),
                            destination.route(),
                            path.site(),
                            dispatcher.clock().instant());
        } catch (RuntimeException e) {
            dispatcher.bug("the way of " + destination.domain(), e);
            return new Heading.Nowhere(Dispatcher.BUG_REPLY);
        } finally {
            interruption.end();
        }
    }

    /// Its own, where the last answer about its domain was that it has none. Others are not asked
    /// about here: where the DNS is out of reach as well, that would take hours.
    Optional<AttemptResult> fate(QueueEntry entry, ActivePlan active, Interruption interruption) {
        var destination = new Destination(entry.domain(), path.pool(), entry.route());
        return active.directions().isDoubtful(entry.domain(), entry.route())
                        && heading(destination, active, interruption)
                                instanceof Heading.Nowhere(SmtpReply reply)
                ? Optional.of(new AttemptResult.NotTried(reply))
                : Optional.empty();
    }

    /// A session for mail of `stream` for `domain`.
    Found seek(
            ActivePlan active,
            Interruption interruption,
            NextHop.Talker talker,
            MailStream stream,
            DomainName domain,
            Supplier<DomainTls> tls) {
        interruption.begin();
        try {
            return dispatcher
                    .finder()
                    .open(
                            active,
                            new SessionFinder.Wish(
                                    path,
                                    talker,
                                    new PathTerms(active, path).stickyKey(stream, domain),
                                    tls.get(),
                                    PathTerms.flow(stream, domain)));
        } catch (RuntimeException e) {
            dispatcher.bug("a connection to " + path, e);
            return new Found.Failed(Dispatcher.BUG, "");
        } finally {
            interruption.end();
        }
    }
}
