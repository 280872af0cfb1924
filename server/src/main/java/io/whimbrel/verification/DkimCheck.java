package io.whimbrel.verification;

import io.whimbrel.dkim.Bodies;
import io.whimbrel.dkim.BodyHash;
import io.whimbrel.dkim.DkimResult;
import io.whimbrel.dkim.HeaderField;
import io.whimbrel.dkim.HeaderFields;
import io.whimbrel.dkim.Labels;
import io.whimbrel.dkim.TagList;
import io.whimbrel.verification.SignatureTags.Kind;

import java.time.InstantSource;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;

/// The DKIM signatures of one message (RFC 6376). Confined to one thread: made when the header is
/// known, asked when the body is. Those from the top are judged, [#SIGNATURES_MAX] at most; others
/// are as if they were not there.
final class DkimCheck {
    static final int SIGNATURES_MAX = 10;
    private static final int SHOWN_SIGNATURE = 8;

    private final HeaderFields header;
    private final Keys keys;
    private final InstantSource clock;
    private final List<Candidate> candidates = new ArrayList<>();

    private sealed interface Candidate {}

    /// One that can be judged.
    private record Legible(
            HeaderField field, TagList list, SignatureTags tags, BodyHash.Digest body)
            implements Candidate {}

    /// One that need not be.
    private record Judged(DkimVerdict verdict) implements Candidate {}

    DkimCheck(HeaderFields header, Keys keys, Bodies bodies, InstantSource clock) {
        this.header = header;
        this.keys = keys;
        this.clock = clock;
        List<HeaderField> fields = header.named("dkim-signature");
        for (HeaderField field : fields.subList(0, Math.min(SIGNATURES_MAX, fields.size()))) {
            candidates.add(candidate(field, bodies));
        }
    }

    /// In the order of the fields, at least one.
    List<DkimVerdict> end() {
        if (candidates.isEmpty()) {
            return List.of(DkimVerdict.none());
        }
        List<DkimVerdict> verdicts = new ArrayList<>();
        for (Candidate candidate : candidates) {
            verdicts.add(
                    switch (candidate) {
                        case Judged(DkimVerdict verdict) -> verdict;
                        case Legible legible -> judge(legible);
                    });
        }
        return List.copyOf(verdicts);
    }

    private Candidate candidate(HeaderField field, Bodies bodies) {
        Optional<TagList> list = TagList.parse(field.value());
        if (list.isEmpty()) {
            return new Judged(DkimVerdict.unreadable("the signature cannot be read"));
        }
        return switch (SignatureTags.read(list.get(), Kind.DKIM)) {
            case SignatureTags.Reading.Bad(DkimResult result, String reason) ->
                    new Judged(verdict(list.get(), new Signed.Finding(result, reason)));
            case SignatureTags.Reading.Good(SignatureTags tags) -> {
                keys.want(tags.keyName());
                var body = bodies.digest(tags.isBodyRelaxed(), tags.bodyLength());
                yield new Legible(field, list.get(), tags, body);
            }
        };
    }

    private DkimVerdict judge(Legible legible) {
        Signed.Finding finding =
                Signed.judge(header, legible.field(), legible.tags(), legible.body(), keys, clock);
        return verdict(legible.list(), finding);
    }

    private static DkimVerdict verdict(TagList list, Signed.Finding finding) {
        String domain = Labels.normal(list.get("d", ""));
        String signature = TagList.withoutSpaces(list.get("b", ""));
        return new DkimVerdict(
                finding.result(),
                domain,
                list.get("s", ""),
                list.get("i", domain.isEmpty() ? "" : "@" + domain),
                list.get("a", ""),
                signature.substring(0, Math.min(SHOWN_SIGNATURE, signature.length())),
                finding.reason());
    }
}
