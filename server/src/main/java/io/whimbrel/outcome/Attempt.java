package io.whimbrel.outcome;

import io.whimbrel.reaction.Advice;
import io.whimbrel.schedule.QueueEntry;

import java.time.Instant;
import java.util.List;
import java.util.Map;
import java.util.Optional;

/// One entry, tried once.
///
/// @param site name of the site; `""` where none was found
/// @param source name of the source address; `""` for the unnamed one
/// @param results one for each of the entry's recipients, in their order
/// @param advice what rules say follows from some of the results
/// @param mailAt when MAIL was written; empty where it was not
public record Attempt(
        QueueEntry entry,
        String site,
        String source,
        List<AttemptResult> results,
        Map<AttemptResult, Advice> advice,
        Optional<Instant> mailAt) {

    /// Without advice: what the codes of the replies mean happens. Nothing was written.
    public Attempt(QueueEntry entry, String site, String source, List<AttemptResult> results) {
        this(entry, site, source, results, Map.of(), Optional.empty());
    }

    public Attempt {
        advice = Map.copyOf(advice);
        results = List.copyOf(results);
        if (results.size() != entry.recipients().size()) {
            throw new IllegalArgumentException(
                    results.size() + " results for " + entry.recipients().size() + " recipients");
        }
    }
}
