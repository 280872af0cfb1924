package io.whimbrel.delivery;

import io.whimbrel.delivery.DeliveryAttempt.Departure;
import io.whimbrel.delivery.DeliveryAttempt.Ending;
import io.whimbrel.mail.RecipientNumbers;
import io.whimbrel.outcome.AttemptResult;
import io.whimbrel.outcome.AttemptResult.NotTried;
import io.whimbrel.schedule.QueueEntry;
import io.whimbrel.smtp.SmtpReply;

import java.time.Instant;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Optional;
import java.util.function.Supplier;

/// Delivers one entry on an open session in as many mail transactions as the host wants: one in
/// nearly all cases; several where LIMITS (RFC 9422) names fewer recipients than it has; and
/// without those whose address the host cannot understand. Confined to one thread, used once.
final class Transactions {
    private static final AttemptResult LATER =
            new NotTried(
                    SmtpReply.of(452, 4, 5, 3, "Too many recipients for the limits of the host"));

    private final RemoteSession session;
    private final QueueEntry entry;
    private final Supplier<BodySource> bodies;
    private final Departure departure;

    /// @param bodies the body from its beginning, at each call
    Transactions(
            RemoteSession session,
            QueueEntry entry,
            Supplier<BodySource> bodies,
            Departure departure) {
        this.session = session;
        this.entry = entry;
        this.bodies = bodies;
        this.departure = departure;
    }

    /// Whether the host has said that it takes no further transaction in this session.
    static boolean isUsedUp(RemoteSession session) {
        long mailMax = session.extensions().limits().mailMax();
        return mailMax > 0 && session.transactions() >= mailMax;
    }

    /// Tries all of the entry, as [DeliveryAttempt#deliver].
    Ending deliver() {
        long rcptMax = session.extensions().limits().rcptMax();
        boolean lacksUtf8 =
                entry.message().envelope().parameters().smtpUtf8()
                        && !session.extensions().smtpUtf8();
        boolean isOne = rcptMax == 0 || entry.recipients().size() <= rcptMax;
        return isOne && !lacksUtf8
                ? deliver(entry, departure)
                : deliverParts(lacksUtf8, isOne ? entry.recipients().size() : (int) rcptMax);
    }

    private Ending deliverParts(boolean lacksUtf8, int most) {
        var results = new AttemptResult[entry.recipients().size()];
        Arrays.fill(results, LATER);
        List<Integer> places = new ArrayList<>(results.length);
        Optional<Instant> mailAt = Optional.empty();
        for (int i = 0; i < results.length; i++) {
            if (lacksUtf8 && !AsciiForms.has(address(i))) {
                results[i] = DeliveryAttempt.NO_UTF8;
            } else {
                places.add(i);
            }
        }
        for (int from = 0; from < places.size(); from += most) {
            if (from > 0 && (!session.isOpen() || isUsedUp(session))) {
                break;
            }
            List<Integer> part = places.subList(from, Math.min(from + most, places.size()));
            // What began in time is one message, in however many transactions.
            Departure mine = from == 0 ? departure : Departure.anyTime(departure.clock());
            switch (deliver(entryOf(part), mine)) {
                case Ending.Tried(List<AttemptResult> tried, Optional<Instant> at) -> {
                    mailAt = mailAt.or(() -> at);
                    for (int i = 0; i < part.size(); i++) {
                        results[part.get(i)] = tried.get(i);
                    }
                }
                case Ending.SessionEnded ended -> {
                    if (from == 0) {
                        return ended;
                    }
                    // What is left goes in a session of its own.
                    session.lost();
                }
                case Ending.TooLate late -> {
                    return late;
                }
            }
        }
        return new Ending.Tried(List.of(results), mailAt);
    }

    private Ending deliver(QueueEntry part, Departure when) {
        return DeliveryAttempt.deliver(session, part, bodies.get(), when);
    }

    private QueueEntry entryOf(List<Integer> places) {
        int[] numbers = new int[places.size()];
        for (int i = 0; i < numbers.length; i++) {
            numbers[i] = entry.recipients().get(places.get(i));
        }
        return entry.of(RecipientNumbers.of(numbers));
    }

    private String address(int place) {
        int number = entry.recipients().get(place);
        return entry.message().envelope().recipients().get(number).path().address();
    }
}
