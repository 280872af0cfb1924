package io.whimbrel.shaping;

import io.whimbrel.mail.Rate;

import java.util.List;
import java.util.Optional;
import java.util.OptionalInt;
import java.util.Set;

/// One `[[limit]]`, of `whimbrel.toml` or of a provider file. Immutable. All limits that cover some
/// traffic apply to it.
///
/// @param origin where it is written: file and line, `providers/google.toml:12`
/// @param scope which traffic it is about
/// @param per there is one counter for each combination of values of these dimensions; where it is
///   empty, one for all that the scope covers
/// @param rates messages, counted when MAIL is written; each holds in any window of its length
/// @param connections at once, 1 or more; where scope or `per` name a dimension that connections do
///   not have (tenant, campaign, domain), mail transactions at once
/// @param newConnections opened, in any window
/// @param messagesPerConnection transactions before QUIT, 1 or more
/// @param recipientsPerTransaction 1 or more
public record LimitSettings(
        String origin,
        LimitScope scope,
        Set<Dimension> per,
        List<Rate> rates,
        OptionalInt connections,
        Optional<Rate> newConnections,
        OptionalInt messagesPerConnection,
        OptionalInt recipientsPerTransaction) {

    public LimitSettings {
        per = Set.copyOf(per);
        rates = List.copyOf(rates);
    }
}
