package io.whimbrel.schedule;

import io.whimbrel.mail.DomainName;
import io.whimbrel.mail.MailStream;
import io.whimbrel.shaping.FlowSource;

import java.util.function.BiPredicate;
import java.util.function.Predicate;

/// A connection that asks for work, as far as it matters to which work it may have. Immutable.
///
/// @param source that it is bound to
/// @param recipientsMax how many recipients of a message it takes at once, 1 or more
/// @param mayCarry whether mail of a stream for a domain may leave by it: not where it sticks to
///   another source
/// @param isSingly whether mail of a stream goes to one recipient at a time
public record Carrier(
        FlowSource source,
        int recipientsMax,
        BiPredicate<MailStream, DomainName> mayCarry,
        Predicate<MailStream> isSingly) {

    /// Carries anything, from the source that the system chooses.
    public static final Carrier ANY =
            new Carrier(FlowSource.NONE, Integer.MAX_VALUE, (_, _) -> true);

    /// Of no stream goes mail to one recipient at a time.
    public Carrier(
            FlowSource source, int recipientsMax, BiPredicate<MailStream, DomainName> mayCarry) {
        this(source, recipientsMax, mayCarry, _ -> false);
    }

    /// How many recipients of a message of `stream` it takes at once.
    int recipientsMax(MailStream stream) {
        return isSingly.test(stream) ? 1 : recipientsMax;
    }
}
