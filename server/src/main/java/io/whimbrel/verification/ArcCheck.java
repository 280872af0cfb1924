package io.whimbrel.verification;

import io.whimbrel.dkim.ArcSet;
import io.whimbrel.dkim.Bodies;
import io.whimbrel.dkim.BodyHash;
import io.whimbrel.dkim.DkimResult;
import io.whimbrel.dkim.HeaderFields;
import io.whimbrel.verification.ArcChain.ArcLink;
import io.whimbrel.verification.ArcVerdict.ArcResult;

import java.time.InstantSource;
import java.util.List;
import java.util.Optional;

/// The chain of ARC of one message (RFC 8617 §5.2). Confined to one thread: made when the header is
/// known, asked when the body is. The newest message signature and every seal are judged.
final class ArcCheck {
    private final HeaderFields header;
    private final Keys keys;
    private final InstantSource clock;
    private final ArcChain.Reading chain;
    private final Optional<BodyHash.Digest> body;

    ArcCheck(HeaderFields header, Keys keys, Bodies bodies, InstantSource clock) {
        this.header = header;
        this.keys = keys;
        this.clock = clock;
        this.chain = ArcChain.read(header);
        this.body =
                chain instanceof ArcChain.Reading.Whole(List<ArcLink> links)
                        ? Optional.of(begin(links, bodies))
                        : Optional.empty();
    }

    private BodyHash.Digest begin(List<ArcLink> links, Bodies bodies) {
        SignatureTags newest = links.getLast().messageTags();
        keys.want(newest.keyName());
        for (ArcLink link : links) {
            keys.want(link.sealTags().keyName());
        }
        return bodies.digest(newest.isBodyRelaxed(), newest.bodyLength());
    }

    ArcVerdict end() {
        return switch (chain) {
            case ArcChain.Reading.Absent _ -> ArcVerdict.none();
            case ArcChain.Reading.Broken(int instances, String reason) ->
                    ArcVerdict.broken(instances, reason);
            case ArcChain.Reading.Whole(List<ArcLink> links) -> judge(links);
        };
    }

    private ArcVerdict judge(List<ArcLink> links) {
        ArcLink newest = links.getLast();
        Signed.Finding message =
                Signed.judge(
                        header,
                        newest.set().message(),
                        newest.messageTags(),
                        body.orElseThrow(),
                        keys,
                        clock);
        if (message.result() != DkimResult.PASS) {
            return failed(links, message, "message signature " + links.size());
        }
        List<ArcSet> sets = links.stream().map(ArcLink::set).toList();
        for (int i = links.size(); i >= 1; i--) {
            SignatureTags tags = links.get(i - 1).sealTags();
            Signed.Finding seal = Signed.judge(ArcSet.sealed(sets.subList(0, i)), tags, keys);
            if (seal.result() != DkimResult.PASS) {
                return failed(links, seal, "seal " + i);
            }
        }
        String domain = newest.sealTags().domain();
        return new ArcVerdict(ArcResult.PASS, links.size(), domain, false, "");
    }

    private static ArcVerdict failed(List<ArcLink> links, Signed.Finding finding, String what) {
        return new ArcVerdict(
                ArcResult.FAIL,
                links.size(),
                "",
                finding.result() == DkimResult.TEMPERROR,
                what + ": " + finding.reason());
    }
}
