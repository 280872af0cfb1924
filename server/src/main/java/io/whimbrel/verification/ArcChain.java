package io.whimbrel.verification;

import io.whimbrel.dkim.HeaderField;
import io.whimbrel.dkim.HeaderFields;
import io.whimbrel.dkim.Labels;
import io.whimbrel.dkim.TagList;
import io.whimbrel.verification.SignatureTags.Kind;

import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.OptionalInt;
import java.util.function.Function;

/// The chain of ARC that a header has (RFC 8617 §5.2, steps 1 to 3). Pure.
final class ArcChain {

    /// What was found.
    sealed interface Reading {
        record Absent() implements Reading {}

        record Broken(int instances, String reason) implements Reading {}

        /// @param links from the first instance on, at least one
        record Whole(List<ArcLink> links) implements Reading {}
    }

    private ArcChain() {}

    static Reading read(HeaderFields header) {
        List<HeaderField> results = header.named("arc-authentication-results");
        List<HeaderField> messages = header.named("arc-message-signature");
        List<HeaderField> seals = header.named("arc-seal");
        int most = Math.max(results.size(), Math.max(messages.size(), seals.size()));
        if (most == 0) {
            return new Reading.Absent();
        }
        if (most > ArcLink.INSTANCES_MAX) {
            return new Reading.Broken(ArcLink.INSTANCES_MAX, "too many instances");
        }
        var resultsByInstance = byInstance(results, ArcLink::instanceOfResults);
        var messagesByInstance = byInstance(messages, ArcLink::instanceOfTags);
        var sealsByInstance = byInstance(seals, ArcLink::instanceOfTags);
        boolean isComplete =
                resultsByInstance.size() == most
                        && messagesByInstance.size() == most
                        && sealsByInstance.size() == most;
        if (!isComplete) {
            return new Reading.Broken(most, "an instance is incomplete, or there twice");
        }
        List<ArcLink> links = new ArrayList<>();
        for (int instance = 1; instance <= most; instance++) {
            Optional<ArcLink> link =
                    link(instance, resultsByInstance, messagesByInstance, sealsByInstance);
            if (link.isEmpty()) {
                return new Reading.Broken(most, "instance " + instance + " cannot be read");
            }
            links.add(link.get());
        }
        return checked(links);
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

    private static Optional<ArcLink> link(
            int instance,
            Map<Integer, HeaderField> results,
            Map<Integer, HeaderField> messages,
            Map<Integer, HeaderField> seals) {
        Integer key = instance;
        return results.containsKey(key) && messages.containsKey(key) && seals.containsKey(key)
                ? ArcLink.read(results.get(key), messages.get(key), seals.get(key))
                : Optional.empty();
    }

    private static Reading checked(List<ArcLink> links) {
        for (int i = 0; i < links.size(); i++) {
            String expected = i == 0 ? "none" : "pass";
            if (!links.get(i).chainStatus().equals(expected)) {
                return new Reading.Broken(
                        links.size(), "seal " + (i + 1) + " says cv=" + links.get(i).chainStatus());
            }
        }
        return new Reading.Whole(List.copyOf(links));
    }

    /// One link of a chain: the three fields of one instance, read (RFC 8617 §4.2). Immutable.
    ///
    /// @param chainStatus the tag `cv` of the seal: `none`, `pass` or `fail`
    record ArcLink(
            HeaderField results,
            HeaderField message,
            SignatureTags messageTags,
            HeaderField seal,
            SignatureTags sealTags,
            String chainStatus) {
        static final int INSTANCES_MAX = 50;

        /// Reads three fields whose instance is known to be the same. Empty where one cannot be
        /// read.
        static Optional<ArcLink> read(HeaderField results, HeaderField message, HeaderField seal) {
            Optional<TagList> messageList = TagList.parse(message.value());
            Optional<TagList> sealList = TagList.parse(seal.value());
            if (messageList.isEmpty() || sealList.isEmpty()) {
                return Optional.empty();
            }
            String status = sealList.get().get("cv", "");
            boolean isStatusKnown =
                    status.equals("none") || status.equals("pass") || status.equals("fail");
            boolean isLegal = isStatusKnown && sealList.get().find("h").isEmpty();
            return isLegal
                            && SignatureTags.read(messageList.get(), Kind.ARC_MESSAGE)
                                    instanceof SignatureTags.Reading.Good(SignatureTags messageTags)
                            && SignatureTags.read(sealList.get(), Kind.ARC_SEAL)
                                    instanceof SignatureTags.Reading.Good(SignatureTags sealTags)
                            // RFC 8617 §4.1.2: a message signature covers no seal.
                            && !messageTags.fieldNames().contains("arc-seal")
                    ? Optional.of(
                            new ArcLink(results, message, messageTags, seal, sealTags, status))
                    : Optional.empty();
        }

        /// Of a field that is a list of tags. Empty where it has none of 1..50.
        static OptionalInt instanceOfTags(HeaderField field) {
            return TagList.parse(field.value())
                    .map(list -> instance(list.get("i", "")))
                    .orElseGet(OptionalInt::empty);
        }

        /// Of an `ARC-Authentication-Results` field, which begins with it (RFC 8617 §4.1.1).
        static OptionalInt instanceOfResults(HeaderField field) {
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
            return number >= 1 && number <= INSTANCES_MAX
                    ? OptionalInt.of(number)
                    : OptionalInt.empty();
        }
    }
}
