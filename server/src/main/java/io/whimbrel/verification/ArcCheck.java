package io.whimbrel.verification;

import io.whimbrel.dkim.Bodies;
import io.whimbrel.dkim.BodyHash;
import io.whimbrel.dkim.Canonical;
import io.whimbrel.dkim.DkimResult;
import io.whimbrel.dkim.HeaderField;
import io.whimbrel.dkim.HeaderFields;
import io.whimbrel.smtp.ByteSink;
import io.whimbrel.verification.ArcChain.ArcLink;
import io.whimbrel.verification.ArcVerdict.ArcResult;

import java.io.ByteArrayOutputStream;
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
                        newest.message(),
                        newest.messageTags(),
                        body.orElseThrow(),
                        keys,
                        clock);
        if (message.result() != DkimResult.PASS) {
            return failed(links, message, "message signature " + links.size());
        }
        for (int i = links.size(); i >= 1; i--) {
            SignatureTags tags = links.get(i - 1).sealTags();
            Signed.Finding seal = Signed.judge(sealed(links.subList(0, i)), tags, keys);
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

    /// What the seal of the last of these links signs (RFC 8617 §5.1.1).
    private static byte[] sealed(List<ArcLink> links) {
        var bytes = new ByteArrayOutputStream(4_096);
        ByteSink sink = bytes::write;
        for (int i = 0; i < links.size(); i++) {
            ArcLink link = links.get(i);
            boolean isLast = i == links.size() - 1;
            Canonical.write(sink, link.results(), true, true);
            Canonical.write(sink, link.message(), true, true);
            HeaderField seal = isLast ? Canonical.withoutSignature(link.seal()) : link.seal();
            Canonical.write(sink, seal, true, !isLast);
        }
        return bytes.toByteArray();
    }
}
