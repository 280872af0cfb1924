package io.whimbrel.signing;

import io.whimbrel.dkim.ArcSet;
import io.whimbrel.dkim.Canonical;
import io.whimbrel.dkim.HeaderField;
import io.whimbrel.dkim.HeaderFields;
import io.whimbrel.smtp.ByteSink;

import java.io.ByteArrayOutputStream;
import java.nio.charset.StandardCharsets;
import java.security.GeneralSecurityException;
import java.time.Instant;
import java.util.ArrayList;
import java.util.Base64;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;

/// Makes the three fields of one set of ARC (RFC 8617 §4.1, §5.1). Confined to one thread.
final class ArcFields {
    private final Applied sealer;
    private final NextSet next;
    private final Instant at;

    /// How fields are made. Immutable.
    ///
    /// @param names of the fields that an ARC-Message-Signature covers, lower case, with From
    /// @param lineMost length of the lines of a signature
    record Form(List<String> names, int lineMost) {
        /// RFC 8617 §4.1.2: DKIM-Signature is covered, and neither Authentication-Results nor ARC.
        static final Form USUAL = new Form(usual(), FoldedText.LINE_MOST);

        Form {
            names = List.copyOf(names);
        }

        private static List<String> usual() {
            List<String> names = new ArrayList<>(DkimRule.Form.FIELDS);
            names.add("dkim-signature");
            return names;
        }
    }

    /// Signs with the key of the sealer.
    @FunctionalInterface
    interface Signer {
        byte[] sign(byte[] data) throws GeneralSecurityException;
    }

    /// @param at the time of the seal
    ArcFields(Applied sealer, NextSet next, Instant at) {
        this.sealer = sealer;
        this.next = next;
        this.at = at;
    }

    /// The fields with CRLF, the seal on top.
    ///
    /// @param bodyHash of the body in its relaxed form
    byte[] make(HeaderFields header, Form form, byte[] bodyHash, Signer signer)
            throws GeneralSecurityException {
        String text = "ARC-Authentication-Results: i=" + next.instance() + "; " + next.results();
        HeaderField results = HeaderField.of(text.getBytes(StandardCharsets.ISO_8859_1));
        HeaderField message = message(header, form, bodyHash, signer);
        HeaderField seal = seal(results, message, form, signer);
        var bytes = new ByteArrayOutputStream(2_048);
        for (HeaderField field : List.of(seal, message, results)) {
            bytes.writeBytes(field.raw());
            bytes.write('\r');
            bytes.write('\n');
        }
        return bytes.toByteArray();
    }

    private HeaderField message(HeaderFields header, Form form, byte[] bodyHash, Signer signer)
            throws GeneralSecurityException {
        Map<String, String> tags = tags();
        tags.put("bh", Base64.getEncoder().encodeToString(bodyHash));
        tags.put("c", "relaxed/relaxed");
        // From is never left out, though it be absent.
        List<String> absent = header.named("from").isEmpty() ? List.of("from") : List.of();
        List<String> listed = SignedFields.names(header, form.names(), absent);
        var text = new SealedText("ARC-Message-Signature:", tags, listed);
        var bytes = new ByteArrayOutputStream(4_096);
        ByteSink sink = bytes::write;
        SignedFields.write(sink, header, listed, true);
        Canonical.write(sink, text.field(), true, false);
        text.sign(signer.sign(bytes.toByteArray()), form.lineMost());
        return text.field();
    }

    private HeaderField seal(HeaderField results, HeaderField message, Form form, Signer signer)
            throws GeneralSecurityException {
        Map<String, String> tags = tags();
        tags.put("cv", next.status());
        var text = new SealedText("ARC-Seal:", tags, List.of());
        List<ArcSet> sets = new ArrayList<>(next.before());
        sets.add(new ArcSet(results, message, text.field()));
        text.sign(signer.sign(ArcSet.sealed(sets)), form.lineMost());
        return text.field();
    }

    /// Those that both signatures have.
    private Map<String, String> tags() {
        var tags = new TreeMap<String, String>();
        tags.put("d", sealer.domain());
        tags.put("i", Integer.toString(next.instance()));
        tags.put("s", sealer.selector());
        tags.put("t", Long.toString(at.getEpochSecond()));
        return tags;
    }
}
