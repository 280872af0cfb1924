package io.whimbrel.verification;

import io.whimbrel.dkim.BodyHash;
import io.whimbrel.dkim.HeaderField;
import io.whimbrel.dkim.HeaderFields;
import io.whimbrel.dkim.TagList;

import java.nio.charset.StandardCharsets;
import java.security.GeneralSecurityException;
import java.security.KeyPair;
import java.security.KeyPairGenerator;
import java.security.Signature;
import java.util.Base64;
import java.util.OptionalLong;

/// Signs messages of tests with RSA, as their tags want it, good or bad. That what it signs is
/// right is proved by the vectors of others.
final class TestSigner {
    private static final String PLACEHOLDER = "AAAA";

    private final KeyPair pair;

    TestSigner(int bits) {
        try {
            var generator = KeyPairGenerator.getInstance("RSA");
            generator.initialize(bits);
            pair = generator.generateKeyPair();
        } catch (GeneralSecurityException e) {
            throw new AssertionError(e);
        }
    }

    /// The key as the tag `p` has it.
    String publicKey() {
        return Base64.getEncoder().encodeToString(pair.getPublic().getEncoded());
    }

    /// A key record.
    String record() {
        return "v=DKIM1; p=" + publicKey();
    }

    /// The message with a signature on top; the body is relaxed.
    ///
    /// @param tags all but `bh` and `b`
    byte[] sign(byte[] message, String tags) {
        String text = new String(message, StandardCharsets.ISO_8859_1);
        int end = text.indexOf("\r\n\r\n") + 2;
        var hash = new BodyHash(true);
        var digest = hash.digest(OptionalLong.empty());
        hash.write(message, end + 2, message.length - end - 2);
        hash.finish();
        String field =
                "DKIM-Signature: " + tags + "; bh=" + base64(digest.value()) + "; b=" + PLACEHOLDER;
        var header = new HeaderFields(message, end);
        HeaderField signature = HeaderField.of(field.getBytes(StandardCharsets.ISO_8859_1));
        String fullTags =
                "v=1; a=rsa-sha256; d=example.com; s=x; c=relaxed/relaxed; bh=AA==; b=AA==";
        String names = TagList.parse(tags).orElseThrow().get("h", "from");
        TagList list = TagList.parse(fullTags + "; h=" + names).orElseThrow();
        if (!(SignatureTags.read(list, SignatureTags.Kind.ARC_MESSAGE)
                instanceof SignatureTags.Reading.Good(SignatureTags read))) {
            throw new AssertionError(tags);
        }
        byte[] data = Signed.data(header, signature, read);
        String signed = field.replace("b=" + PLACEHOLDER, "b=" + base64(signature(data)));
        return (signed + "\r\n" + text).getBytes(StandardCharsets.ISO_8859_1);
    }

    private byte[] signature(byte[] data) {
        try {
            var signer = Signature.getInstance("SHA256withRSA");
            signer.initSign(pair.getPrivate());
            signer.update(data);
            return signer.sign();
        } catch (GeneralSecurityException e) {
            throw new AssertionError(e);
        }
    }

    private static String base64(byte[] bytes) {
        return Base64.getEncoder().encodeToString(bytes);
    }
}
