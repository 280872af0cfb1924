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

    /// @param bodyHash in the canonical form that the rule wants
    SignatureField(Applied applied, HeaderFields header, byte[] bodyHash, Instant now) {
        this.applied = applied;
        this.header = header;
        Form form = applied.rule().form();
        text.tag("v", "1").tag("a", applied.key().algorithm().tag()).tag("c", canonical(form));
        text.tag("d", applied.domain()).tag("s", applied.selector());
        text.tag("t", Long.toString(now.getEpochSecond()));
        form.expire()
                .ifPresent(most -> text.tag("x", Long.toString(now.plus(most).getEpochSecond())));
        identity(form.identity());
        text.list("h", names(form));
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

    /// Names for tag `h`: each as often as it is there, once more where it is over-signed.
    private List<String> names(Form form) {
        List<String> names = new ArrayList<>();
        add(names, "from", form);
        for (String name : form.fields()) {
            if (!name.equals("from")) {
                add(names, name, form);
            }
        }
        for (String name : form.overSigned()) {
            if (!name.equals("from") && !form.fields().contains(name)) {
                add(names, name, form);
            }
        }
        return names;
    }

    private void add(List<String> names, String name, Form form) {
        int count = header.named(name).size() + (form.overSigned().contains(name) ? 1 : 0);
        for (int i = 0; i < count; i++) {
            names.add(name);
        }
    }

    /// What is to be signed. For Ed25519 it is the SHA-256 of the header (RFC 8463 §3).
    byte[] data() {
        Form form = applied.rule().form();
        var bytes = new ByteArrayOutputStream(4_096);
        ByteSink sink = bytes::write;
        String last = "";
        int left = 0;
        for (String name : text.listed()) {
            List<HeaderField> fields = header.named(name);
            // The same names stand together: the lowest field goes first (RFC 6376 §5.4.2).
            left = name.equals(last) ? left - 1 : fields.size() - 1;
            last = name;
            if (left >= 0) {
                Canonical.write(sink, fields.get(left), form.headerIsRelaxed(), true);
            }
        }
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
