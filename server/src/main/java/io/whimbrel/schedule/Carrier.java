package io.whimbrel.schedule;

import io.whimbrel.mail.DomainName;
import io.whimbrel.mail.MailStream;
import io.whimbrel.shaping.FlowSource;

import java.util.function.BiPredicate;

/// A connection that asks for work, as far as it matters to which work it may have. Immutable.
///
/// @param source that it is bound to
/// @param recipientsMax how many recipients of a message it takes at once, 1 or more
/// @param mayCarry whether mail of a stream for a domain may leave by it: not where it sticks to
///   another source
public record Carrier(
        FlowSource source, int recipientsMax, BiPredicate<MailStream, DomainName> mayCarry) {

    /// Carries anything, from the source that the system chooses.
    public static final Carrier ANY =
            new Carrier(FlowSource.NONE, Integer.MAX_VALUE, (_, _) -> true);
}
