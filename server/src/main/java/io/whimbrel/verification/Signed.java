package io.whimbrel.verification;

import io.whimbrel.dkim.BodyHash;
import io.whimbrel.dkim.Canonical;
import io.whimbrel.dkim.DkimKey;
import io.whimbrel.dkim.DkimResult;
import io.whimbrel.dkim.HeaderField;
import io.whimbrel.dkim.HeaderFields;
import io.whimbrel.dkim.Labels;
import io.whimbrel.smtp.ByteSink;

import java.io.ByteArrayOutputStream;
import java.security.MessageDigest;
import java.time.InstantSource;
import java.util.HashMap;
import java.util.List;
import java.util.Map;

/// Whether a signature holds (RFC 6376 §6.1). Pure, but for the keys that it waits for.
final class Signed {

    /// What was found.
    ///
    /// @param reason `""` where it passed
    record Finding(DkimResult result, String reason) {
        static final Finding PASS = new Finding(DkimResult.PASS, "");
    }

    private Signed() {}

    /// Judges a signature of header and body.
    static Finding judge(
            HeaderFields header,
            HeaderField field,
            SignatureTags tags,
            BodyHash.Digest body,
            Keys keys,
            InstantSource clock) {
        boolean isExpired =
                tags.expiry().isPresent()
                        && clock.instant().getEpochSecond() > tags.expiry().getAsLong();
        if (isExpired) {
            return new Finding(DkimResult.FAIL, "expired");
        }
        if (!body.isComplete() || !MessageDigest.isEqual(body.value(), tags.bodyHash())) {
            return new Finding(DkimResult.FAIL, "the body is not what was signed");
        }
        return judge(data(header, field, tags), tags, keys);
    }

    /// Judges a signature of bytes.
    static Finding judge(byte[] data, SignatureTags tags, Keys keys) {
        return switch (keys.find(tags.keyName())) {
            case Keys.Found.Failed _ -> new Finding(DkimResult.TEMPERROR, "no answer for the key");
            case Keys.Found.Missing _ -> new Finding(DkimResult.PERMERROR, "no key");
            case Keys.Found.These(List<DkimKey.Reading> found) -> judge(data, tags, found);
        };
    }

    private static Finding judge(byte[] data, SignatureTags tags, List<DkimKey.Reading> found) {
        Finding finding = new Finding(DkimResult.PERMERROR, "no key");
        for (DkimKey.Reading reading : found) {
            finding =
                    switch (reading) {
                        case DkimKey.Reading.Bad(DkimResult result, String reason) ->
                                new Finding(result, reason);
                        case DkimKey.Reading.Good(DkimKey key) -> judge(data, tags, key);
                    };
            if (finding.result() == DkimResult.PASS) {
                break;
            }
        }
        return finding;
    }

    private static Finding judge(byte[] data, SignatureTags tags, DkimKey key) {
        if (key.isEd25519() != tags.isEd25519()) {
            return new Finding(DkimResult.PERMERROR, "the key is for another algorithm");
        }
        String identity = Labels.normal(tags.identity());
        if (key.isStrict() && !identity.endsWith("@" + tags.domain())) {
            return new Finding(DkimResult.PERMERROR, "the key is not for subdomains");
        }
        byte[] message = key.isEd25519() ? BodyHash.sha256().digest(data) : data;
        if (key.verifies(message, tags.signature())) {
            return Finding.PASS;
        }
        // RFC 6376 §3.6.1: of a domain that only tries, failures are as if nobody had signed.
        return key.isTesting()
                ? new Finding(DkimResult.NEUTRAL, "not what was signed, by a key under test")
                : new Finding(DkimResult.FAIL, "the header is not what was signed");
    }

    /// What a signature of header fields signs (RFC 6376 §3.7): of fields that are there more often
    /// the lowest first, of those that are not there nothing.
    static byte[] data(HeaderFields header, HeaderField field, SignatureTags tags) {
        var bytes = new ByteArrayOutputStream(4_096);
        ByteSink sink = bytes::write;
        Map<String, Integer> used = new HashMap<>();
        for (String name : tags.fieldNames()) {
            List<HeaderField> fields = header.named(name);
            int index = fields.size() - used.merge(name, 1, Integer::sum);
            // An empty name would find the lines that are no fields.
            if (index >= 0 && !name.isEmpty()) {
                Canonical.write(sink, fields.get(index), tags.isHeaderRelaxed(), true);
            }
        }
        Canonical.write(sink, Canonical.withoutSignature(field), tags.isHeaderRelaxed(), false);
        return bytes.toByteArray();
    }
}
