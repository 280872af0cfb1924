package io.whimbrel.dkim;

import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.OptionalInt;
import java.util.function.Function;

/// The sets of ARC that a header has (RFC 8617 §4.2), as far as their instances tell; what their
/// fields say besides is left to who asks. Immutable.
public final class ArcSets {
    private final List<HeaderField> results;
    private final List<HeaderField> messages;
    private final List<HeaderField> seals;

    /// Whether they are a chain.
    public sealed interface Reading {
        record Absent() implements Reading {}

        /// @param instances how many there seem to be, 1..50
        record Broken(int instances, String reason) implements Reading {}

        /// @param sets from the first instance on, at least one, none of them missing
        record Whole(List<ArcSet> sets) implements Reading {}
    }

    public ArcSets(HeaderFields header) {
        results = header.named("arc-authentication-results");
        messages = header.named("arc-message-signature");
        seals = header.named("arc-seal");
    }

    /// RFC 8617 §5.2, steps 1 to 3.A.
    public Reading read() {
        int most = Math.max(results.size(), Math.max(messages.size(), seals.size()));
        if (most == 0) {
            return new Reading.Absent();
        }
        if (most > ArcSet.INSTANCES_MAX) {
            return new Reading.Broken(ArcSet.INSTANCES_MAX, "too many instances");
        }
        var resultsOf = byInstance(results, ArcSets::instanceOfResults);
        var messageOf = byInstance(messages, ArcSets::instanceOfTags);
        var sealOf = byInstance(seals, ArcSets::instanceOfTags);
        boolean isComplete =
                resultsOf.size() == most && messageOf.size() == most && sealOf.size() == most;
        if (!isComplete) {
            return new Reading.Broken(most, "an instance is incomplete, or there twice");
        }
        List<ArcSet> sets = new ArrayList<>();
        for (int instance = 1; instance <= most; instance++) {
            Optional<HeaderField> itsResults = Optional.ofNullable(resultsOf.get(instance));
            Optional<HeaderField> message = Optional.ofNullable(messageOf.get(instance));
            Optional<HeaderField> seal = Optional.ofNullable(sealOf.get(instance));
            if (itsResults.isEmpty() || message.isEmpty() || seal.isEmpty()) {
                return new Reading.Broken(most, "instance " + instance + " cannot be read");
            }
            sets.add(new ArcSet(itsResults.get(), message.get(), seal.get()));
        }
        return new Reading.Whole(List.copyOf(sets));
    }

    /// The newest instance that any of the fields names, 1..50; 0 where none does.
    public int newest() {
        return Math.max(
                newest(results, ArcSets::instanceOfResults),
                Math.max(
                        newest(messages, ArcSets::instanceOfTags),
                        newest(seals, ArcSets::instanceOfTags)));
    }

    /// Whether the newest seal says that the chain had failed already (`cv=fail`).
    public boolean hasFailed() {
        int newest = newest(seals, ArcSets::instanceOfTags);
        return seals.stream()
                .filter(seal -> instanceOfTags(seal).orElse(-1) == newest)
                .flatMap(seal -> TagList.parse(seal.value()).stream())
                .anyMatch(tags -> tags.get("cv", "").equals("fail"));
    }

    private static int newest(
            List<HeaderField> fields, Function<HeaderField, OptionalInt> instanceOf) {
        int newest = 0;
        for (HeaderField field : fields) {
            newest = Math.max(newest, instanceOf.apply(field).orElse(0));
        }
        return newest;
    }

    /// Fields without a good instance, or with one that is taken, are left out.
    private static Map<Integer, HeaderField> byInstance(
            List<HeaderField> fields, Function<HeaderField, OptionalInt> instanceOf) {
        Map<Integer, HeaderField> found = new HashMap<>();
        for (HeaderField field : fields) {
            instanceOf.apply(field).ifPresent(instance -> found.putIfAbsent(instance, field));
        }
        return found;
    }

    /// Of a field that is a list of tags. Empty where it has none of 1..50.
    private static OptionalInt instanceOfTags(HeaderField field) {
        return TagList.parse(field.value())
                .map(list -> instance(list.get("i", "")))
                .orElseGet(OptionalInt::empty);
    }

    /// Of an `ARC-Authentication-Results` field, which begins with it (RFC 8617 §4.1.1).
    private static OptionalInt instanceOfResults(HeaderField field) {
        String value = field.value();
        int semicolon = value.indexOf(';');
        int equals = value.indexOf('=');
        boolean hasTag = equals >= 0 && semicolon > equals;
        return hasTag && value.substring(0, equals).strip().equals("i")
                ? instance(value.substring(equals + 1, semicolon).strip())
                : OptionalInt.empty();
    }

    private static OptionalInt instance(String digits) {
        boolean isShort = digits.length() == 1 || digits.length() == 2;
        for (int i = 0; i < digits.length(); i++) {
            isShort &= Labels.isDigit(digits.charAt(i));
        }
        int number = isShort ? Integer.parseInt(digits) : 0;
        return number >= 1 && number <= ArcSet.INSTANCES_MAX
                ? OptionalInt.of(number)
                : OptionalInt.empty();
    }
}
