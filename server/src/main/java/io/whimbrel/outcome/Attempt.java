package io.whimbrel.outcome;

import io.whimbrel.schedule.QueueEntry;

import java.util.List;

/// One entry, tried once.
///
/// @param site name of the site; `""` where none was found
/// @param source name of the source address; `""` for the unnamed one
/// @param results one for each of the entry's recipients, in their order
public record Attempt(QueueEntry entry, String site, String source, List<AttemptResult> results) {

    public Attempt {
        results = List.copyOf(results);
        if (results.size() != entry.recipients().size()) {
            throw new IllegalArgumentException(
                    results.size() + " results for " + entry.recipients().size() + " recipients");
        }
    }
}
