package io.whimbrel.signing;

import io.whimbrel.dkim.BodyHash;
import io.whimbrel.dkim.Canonical;
import io.whimbrel.dkim.HeaderField;
import io.whimbrel.dkim.HeaderFields;
import io.whimbrel.keys.KeyAlgorithm;
import io.whimbrel.signing.DkimRule.Form;
import io.whimbrel.signing.DkimRule.Identity;
import io.whimbrel.smtp.ByteSink;

import java.io.ByteArrayOutputStream;
import java.nio.charset.StandardCharsets;
import java.time.Instant;
import java.util.ArrayList;
import java.util.Base64;
import java.util.List;

/// One DKIM-Signature field while it is made (RFC 6376 §3.5, §3.7). Confined to one thread.
///
/// First [#data] is signed, then [#complete] tells the field.
final class SignatureField {
    private static final Base64.Encoder BASE64 = Base64.getEncoder();
    private static final String NAME = "DKIM-Signature:";

    private final Applied applied;
    private final HeaderFields header;
    private final FoldedText text = new FoldedText(NAME);

    /// @param added names of fields that are covered whatever the rule says
    /// @param bodyHash in the canonical form that the rule wants
    SignatureField(
            Applied applied,
            HeaderFields header,
            List<String> added,
            byte[] bodyHash,
            Instant now) {
        this.applied = applied;
        this.header = header;
        Form form = applied.rule().form();
        text.tag("v", "1").tag("a", applied.key().algorithm().tag()).tag("c", canonical(form));
        text.tag("d", applied.domain()).tag("s", applied.selector());
        text.tag("t", Long.toString(now.getEpochSecond()));
        form.expire()
                .ifPresent(most -> text.tag("x", Long.toString(now.plus(most).getEpochSecond())));
        identity(form.identity());
        text.list("h", names(form, added));
        text.tag("bh", BASE64.encodeToString(bodyHash));
        text.open("b");
    }

    private static String canonical(Form form) {
        return (form.headerIsRelaxed() ? "relaxed/" : "simple/")
                + (form.bodyIsRelaxed() ? "relaxed" : "simple");
    }

    private void identity(Identity identity) {
        switch (identity) {
            case Identity.Unsaid() -> {}
            case Identity.Fixed(String address) -> text.tag("i", QuotedTag.of(address));
            case Identity.Author() ->
                    applied.author().ifPresent(address -> text.tag("i", QuotedTag.of(address)));
        }
    }

    private List<String> names(Form form, List<String> added) {
        List<String> wanted = new ArrayList<>();
        wanted.add("from");
        wanted.addAll(form.fields());
        wanted.addAll(form.overSigned());
        wanted.addAll(added);
        return SignedFields.names(header, wanted, form.overSigned());
    }

    /// What is to be signed. For Ed25519 it is the SHA-256 of the header (RFC 8463 §3).
    byte[] data() {
        Form form = applied.rule().form();
        var bytes = new ByteArrayOutputStream(4_096);
        ByteSink sink = bytes::write;
        SignedFields.write(sink, header, text.listed(), form.headerIsRelaxed());
        var own = HeaderField.of(text.text().getBytes(StandardCharsets.US_ASCII));
        Canonical.write(sink, own, form.headerIsRelaxed(), false);
        byte[] data = bytes.toByteArray();
        return applied.key().algorithm() == KeyAlgorithm.ED25519
                ? BodyHash.sha256().digest(data)
                : data;
    }

    /// The whole field with CRLF at its end.
    byte[] complete(byte[] signature) {
        text.close(BASE64.encodeToString(signature));
        return (text.text() + "\r\n").getBytes(StandardCharsets.US_ASCII);
    }
}
