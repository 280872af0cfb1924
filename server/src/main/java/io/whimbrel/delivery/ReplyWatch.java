package io.whimbrel.delivery;

import io.whimbrel.egress.EgressPath;
import io.whimbrel.egress.SourceAddress;
import io.whimbrel.outcome.AttemptResult;
import io.whimbrel.outcome.AttemptResult.Refused;
import io.whimbrel.outcome.AttemptResult.Stage;
import io.whimbrel.reaction.Advice;
import io.whimbrel.reaction.Observation;
import io.whimbrel.reaction.Reactions;
import io.whimbrel.schedule.QueueEntry;
import io.whimbrel.shaping.Flow;
import io.whimbrel.shaping.Limiter;
import io.whimbrel.shaping.Restraint;
import io.whimbrel.smtp.SmtpReply;

import java.time.InstantSource;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;

/// Tells [Reactions] what goes and what is answered, and fetches what follows for the message in
/// hand. Thread-safe.
final class ReplyWatch {
    private final Reactions reactions;
    private final Limiter limiter;
    private final InstantSource clock;
    private volatile Bounces bounces = new Bounces(Long.MIN_VALUE, List.of());

    /// What is to be returned to senders, as of an epoch of the limiter.
    private record Bounces(long epoch, List<Restraint> inForce) {}

    ReplyWatch(Reactions reactions, Limiter limiter, InstantSource clock) {
        this.reactions = reactions;
        this.limiter = limiter;
        this.clock = clock;
    }

    /// What follows from the results of one attempt, by result; none for what is not refused.
    Map<AttemptResult, Advice> observe(
            EgressPath path, SourceAddress source, QueueEntry entry, List<AttemptResult> results) {
        Flow flow = flow(path, source, entry);
        reactions.sent(flow, clock.instant());
        if (Results.isAllAccepted(results)) {
            return Map.of();
        }
        Map<AttemptResult, Advice> advice = new HashMap<>();
        for (AttemptResult result : results) {
            if (result instanceof Refused(var _, Stage stage, SmtpReply reply)
                    && !advice.containsKey(result)) {
                advice.put(result, observe(flow, reply, isOfConnection(stage), senderOf(entry)));
            }
        }
        return advice;
    }

    /// A host refused the connection, or what was said before the first message.
    void observe(EgressPath path, String source, AttemptResult result) {
        if (result instanceof Refused(var _, var _, SmtpReply reply)) {
            Flow flow =
                    new Flow(
                            source,
                            path.pool(),
                            path.site().provider(),
                            path.site().name(),
                            "",
                            "",
                            "",
                            "");
            observe(flow, reply, true, "");
        }
    }

    private Advice observe(Flow flow, SmtpReply reply, boolean isOfConnection, String sender) {
        return reactions.observe(
                new Observation(flow, reply, isOfConnection, sender, clock.instant()));
    }

    /// Why mail of this kind is not to be tried at all now.
    Optional<SmtpReply> bounce(EgressPath path, SourceAddress source, QueueEntry entry) {
        Bounces known = bounces;
        if (known.epoch() != limiter.epoch()) {
            known = known();
            bounces = known;
        }
        if (known.inForce().isEmpty()) {
            return Optional.empty();
        }
        Flow flow = flow(path, source, entry);
        for (Restraint restraint : known.inForce()) {
            if (restraint.force() instanceof Restraint.Force.Bounce(String text)
                    && restraint.scope().covers(flow)
                    && clock.instant().isBefore(restraint.until())) {
                return Optional.of(SmtpReply.of(550, 5, 7, 1, text));
            }
        }
        return Optional.empty();
    }

    private Bounces known() {
        long epoch = limiter.epoch();
        return new Bounces(
                epoch,
                limiter.restraints().stream()
                        .filter(it -> it.force() instanceof Restraint.Force.Bounce)
                        .toList());
    }

    private static Flow flow(EgressPath path, SourceAddress source, QueueEntry entry) {
        return new Flow(
                source.name(),
                path.pool(),
                path.site().provider(),
                path.site().name(),
                entry.domain().value(),
                entry.stream().tenant(),
                entry.stream().campaign(),
                source.profile());
    }

    private static boolean isOfConnection(Stage stage) {
        return switch (stage) {
            case CONNECT, GREETING, EHLO, TLS -> true;
            case MAIL, RCPT, DATA, END_OF_DATA -> false;
        };
    }

    private static String senderOf(QueueEntry entry) {
        String address = entry.message().envelope().reversePath().address();
        return address.substring(address.lastIndexOf('@') + 1);
    }
}
