package io.whimbrel.verification;

import io.whimbrel.dkim.ArcSet;
import io.whimbrel.dkim.ArcSets;
import io.whimbrel.dkim.HeaderFields;
import io.whimbrel.dkim.TagList;
import io.whimbrel.verification.SignatureTags.Kind;

import java.util.ArrayList;
import java.util.List;
import java.util.Optional;

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
        return switch (new ArcSets(header).read()) {
            case ArcSets.Reading.Absent() -> new Reading.Absent();
            case ArcSets.Reading.Broken(int instances, String reason) ->
                    new Reading.Broken(instances, reason);
            case ArcSets.Reading.Whole(List<ArcSet> sets) -> read(sets);
        };
    }

    private static Reading read(List<ArcSet> sets) {
        List<ArcLink> links = new ArrayList<>();
        for (ArcSet set : sets) {
            Optional<ArcLink> link = ArcLink.read(set);
            if (link.isEmpty()) {
                String reason = "instance " + (links.size() + 1) + " cannot be read";
                return new Reading.Broken(sets.size(), reason);
            }
            links.add(link.get());
        }
        return checked(links);
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

    /// One link of a chain: a set, read (RFC 8617 §4.2). Immutable.
    ///
    /// @param chainStatus the tag `cv` of the seal: `none`, `pass` or `fail`
    record ArcLink(
            ArcSet set, SignatureTags messageTags, SignatureTags sealTags, String chainStatus) {

        /// Empty where one of the fields cannot be read.
        static Optional<ArcLink> read(ArcSet set) {
            Optional<TagList> messageList = TagList.parse(set.message().value());
            Optional<TagList> sealList = TagList.parse(set.seal().value());
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
                    ? Optional.of(new ArcLink(set, messageTags, sealTags, status))
                    : Optional.empty();
        }
    }
}
