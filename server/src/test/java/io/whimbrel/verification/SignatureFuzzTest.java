package io.whimbrel.verification;

import static org.assertj.core.api.Assertions.assertThat;

import com.code_intelligence.jazzer.junit.FuzzTest;

import io.whimbrel.dkim.AuthorDomains;
import io.whimbrel.dkim.BodyHash;
import io.whimbrel.dkim.Canonical;
import io.whimbrel.dkim.DkimKey;
import io.whimbrel.dkim.HeaderField;
import io.whimbrel.dkim.HeaderFields;
import io.whimbrel.dkim.TagList;

import org.junit.jupiter.api.Test;

import java.nio.charset.StandardCharsets;
import java.util.Arrays;
import java.util.Map;
import java.util.Random;
import java.util.stream.Collectors;

/// Signatures, keys, chains and messages of strangers.
class SignatureFuzzTest {
    private static final String[] PIECES = {
        "v=1",
        "v=DKIM1",
        ";",
        "; ",
        "a=rsa-sha256",
        "a=ed25519-sha256",
        "d=example.com",
        "s=sel",
        "h=from",
        "h=",
        "b=",
        "bh=",
        "AAAA",
        "c=relaxed/relaxed",
        "c=simple",
        "i=1",
        "i=@example.com",
        "cv=none",
        "cv=pass",
        "t=1",
        "x=2",
        "l=0",
        "k=rsa",
        "k=ed25519",
        "p=",
        "=",
        ":",
        "/",
        " ",
        "\t",
        "\r\n ",
        "\r\n",
        "\r\n\r\n",
        "DKIM-Signature:",
        "ARC-Seal:",
        "ARC-Message-Signature:",
        "ARC-Authentication-Results:",
        "From:",
        "a@example.com",
        "<",
        "(",
        "\"",
        "\u00e9",
        "\0"
    };

    @FuzzTest(maxDuration = "30s")
    void tagList_rendered_parsesToTheSame(byte[] bytes) {
        checkText(new String(bytes, StandardCharsets.ISO_8859_1));
    }

    @FuzzTest(maxDuration = "30s")
    void message_neverThrows(byte[] bytes) {
        checkMessage(bytes);
    }

    @Test
    void randomPieces_neverThrow() {
        long seed = 20261127;
        var random = new Random(seed);
        for (int round = 0; round < 10_000; round++) {
            var text = new StringBuilder();
            for (int i = random.nextInt(30); i >= 0; i--) {
                text.append(PIECES[random.nextInt(PIECES.length)]);
                text.append(random.nextInt(3) == 0 ? ";" : "");
            }
            try {
                checkText(text.toString());
                checkMessage(text.toString().getBytes(StandardCharsets.ISO_8859_1));
            } catch (RuntimeException | AssertionError e) {
                throw new AssertionError("seed " + seed + ", text " + text, e);
            }
        }
    }

    private static void checkText(String text) {
        TagList.parse(text)
                .ifPresent(list -> {
                    for (SignatureTags.Kind kind : SignatureTags.Kind.values()) {
                        assertThat(SignatureTags.read(list, kind)).isNotNull();
                    }
                    String rendered =
                            list.values().entrySet().stream()
                                    .map(SignatureFuzzTest::render)
                                    .collect(Collectors.joining("; "));
                    assertThat(TagList.parse(rendered).orElseThrow().values())
                            .isEqualTo(list.values());
                });
        assertThat(DkimKey.read(text)).isNotNull();
        if (DmarcRecord.isRecord(text)) {
            assertThat(DmarcRecord.parse(text)).isNotNull();
        }
    }

    private static String render(Map.Entry<String, String> tag) {
        return tag.getKey() + "=" + tag.getValue();
    }

    private static void checkMessage(byte[] bytes) {
        var header = new HeaderFields(bytes, bytes.length);
        for (HeaderField field : header.all()) {
            HeaderField without = Canonical.withoutSignature(field);
            assertThat(without.raw().length).isLessThanOrEqualTo(field.raw().length);
            assertThat(Canonical.withoutSignature(without).raw()).isEqualTo(without.raw());
            assertThat(AuthorDomains.of(field)).isNotNull();
        }
        assertThat(ArcChain.read(header)).isNotNull();
        assertThat(relaxed(bytes, 1)).isEqualTo(relaxed(bytes, 7)).isEqualTo(relaxed(bytes, 4096));
    }

    /// The hash of a body that comes in pieces of that size.
    private static byte[] relaxed(byte[] body, int size) {
        var hash = new BodyHash(true);
        var digest = hash.digest(java.util.OptionalLong.empty());
        for (int at = 0; at < body.length; at += size) {
            byte[] piece = Arrays.copyOfRange(body, at, Math.min(at + size, body.length));
            hash.write(piece, 0, piece.length);
        }
        hash.finish();
        return digest.value();
    }
}
