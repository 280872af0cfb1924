package io.whimbrel.signing;

import io.whimbrel.dkim.ArcSet;
import io.whimbrel.dkim.ArcSets;
import io.whimbrel.dkim.HeaderField;
import io.whimbrel.dkim.HeaderFields;
import io.whimbrel.dkim.ResultsField;

import java.util.List;
import java.util.Optional;

/// The set of ARC that a message is to get (RFC 8617 §5.1). Immutable.
///
/// @param instance its number, 1..50
/// @param status of the chain so far, as the seal says it (`cv`): `none`, `pass` or `fail`
/// @param results what this node has verified: the value of an Authentication-Results field
/// @param before the sets that the seal covers beside its own; none where the chain failed
record NextSet(int instance, String status, String results, List<ArcSet> before) {

    /// Empty where the message was not verified here, or its chain is not to be continued: it had
    /// failed before it came, it has 50 sets, or nobody has looked whether it holds.
    ///
    /// What counts are the Authentication-Results fields at the very top: below our own Received
    /// field a client may have written anything.
    static Optional<NextSet> of(HeaderFields header, String authservId) {
        var texts = new StringBuilder();
        boolean isOurs = false;
        for (HeaderField field : header.all()) {
            if (!field.name().equals(ResultsField.NAME)) {
                break;
            }
            ResultsField read = ResultsField.of(field.value());
            if (read.isBy(authservId)) {
                isOurs = true;
                texts.append(texts.isEmpty() || read.results().isEmpty() ? "" : ";\r\n\t");
                texts.append(read.results());
            }
        }
        return isOurs ? next(new ArcSets(header), authservId, texts.toString()) : Optional.empty();
    }

    private static Optional<NextSet> next(ArcSets sets, String authservId, String results) {
        // RFC 8617 §5.1: nothing comes after a seal that says cv=fail.
        if (sets.hasFailed() || sets.newest() >= ArcSet.INSTANCES_MAX) {
            return Optional.empty();
        }
        String said = authservId + ";\r\n\t" + (results.isEmpty() ? "none" : results);
        String verdict = ResultsField.result(results, "arc").orElse("");
        return switch (sets.read()) {
            case ArcSets.Reading.Absent() ->
                    verdict.equals("none") || verdict.isEmpty()
                            ? Optional.of(new NextSet(1, "none", said, List.of()))
                            : Optional.empty();
            case ArcSets.Reading.Whole(List<ArcSet> before) when verdict.equals("pass") ->
                    Optional.of(new NextSet(before.size() + 1, "pass", said, before));
            // RFC 8617 §5.2.1: every failure is for good, that of the DNS, too. §5.1.2: what has
            // failed cannot be told apart any more, so that the seal covers its own set alone.
            case ArcSets.Reading.Whole _, ArcSets.Reading.Broken _ ->
                    verdict.equals("fail")
                            ? Optional.of(new NextSet(sets.newest() + 1, "fail", said, List.of()))
                            : Optional.empty();
        };
    }
}
