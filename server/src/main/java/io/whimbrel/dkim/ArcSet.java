package io.whimbrel.dkim;

import io.whimbrel.smtp.ByteSink;

import java.io.ByteArrayOutputStream;
import java.util.List;

/// One set of ARC: the three fields of one instance, as they stand in a header (RFC 8617 §4.1).
/// Immutable.
///
/// @param results its `ARC-Authentication-Results`
/// @param message its `ARC-Message-Signature`
/// @param seal its `ARC-Seal`
public record ArcSet(HeaderField results, HeaderField message, HeaderField seal) {
    /// Longer chains are none (RFC 8617 §4.2.1).
    public static final int INSTANCES_MAX = 50;

    /// What the seal of the last of these sets signs, from the first on (RFC 8617 §5.1.1).
    public static byte[] sealed(List<ArcSet> sets) {
        var bytes = new ByteArrayOutputStream(4_096);
        ByteSink sink = bytes::write;
        for (int i = 0; i < sets.size(); i++) {
            ArcSet set = sets.get(i);
            boolean isLast = i == sets.size() - 1;
            Canonical.write(sink, set.results(), true, true);
            Canonical.write(sink, set.message(), true, true);
            HeaderField seal = isLast ? Canonical.withoutSignature(set.seal()) : set.seal();
            Canonical.write(sink, seal, true, !isLast);
        }
        return bytes.toByteArray();
    }
}
