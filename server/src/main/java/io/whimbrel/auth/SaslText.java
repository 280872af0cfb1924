package io.whimbrel.auth;

import static java.nio.charset.StandardCharsets.UTF_8;

import java.nio.ByteBuffer;
import java.nio.charset.CharacterCodingException;
import java.security.MessageDigest;
import java.text.Normalizer;
import java.util.Base64;
import java.util.Optional;

/// Texts and bytes of SASL messages. Stateless.
///
/// Names and passwords are compared in Unicode's NFKC form. That is the part of SASLprep (RFC 4013)
/// which makes two ways to type a character one; its tables of forbidden characters are not
/// consulted, since a forbidden one in a password harms nobody, and [#isName] keeps those out of
/// names that would show as something else.
final class SaslText {
    /// RFC 4616 §2 asks for 255 octets of either.
    static final int NAME_OCTETS_MAX = 255;

    static final int PASSWORD_OCTETS_MAX = 1_024;

    private SaslText() {}

    /// The bytes of `base64`, which must be exactly what an encoder makes of them: padded, without
    /// spaces and stray bits (RFC 4648 §3). Empty where it is not.
    static Optional<byte[]> decode(String base64) {
        try {
            byte[] bytes = Base64.getDecoder().decode(base64);
            return encode(bytes).equals(base64) ? Optional.of(bytes) : Optional.empty();
        } catch (IllegalArgumentException _) {
            return Optional.empty();
        }
    }

    static String encode(byte[] bytes) {
        return Base64.getEncoder().encodeToString(bytes);
    }

    static String encode(String text) {
        return encode(text.getBytes(UTF_8));
    }

    /// Strict UTF-8 (RFC 3629). Empty where it is none.
    static Optional<String> utf8(byte[] bytes) {
        try {
            return Optional.of(UTF_8.newDecoder().decode(ByteBuffer.wrap(bytes)).toString());
        } catch (CharacterCodingException _) {
            return Optional.empty();
        }
    }

    static String normalized(String text) {
        return Normalizer.normalize(text, Normalizer.Form.NFKC);
    }

    static int octets(String text) {
        return text.getBytes(UTF_8).length;
    }

    /// Whether `name` can stand in the users file: visible characters, in NFKC, of 1 to 255 octets,
    /// not beginning with `#`.
    static boolean isName(String name) {
        return !name.isEmpty()
                && name.charAt(0) != '#'
                && octets(name) <= NAME_OCTETS_MAX
                && name.codePoints().allMatch(SaslText::isVisible)
                && normalized(name).equals(name);
    }

    private static boolean isVisible(int c) {
        return switch (Character.getType(c)) {
            case Character.CONTROL,
                    Character.FORMAT,
                    Character.SURROGATE,
                    Character.PRIVATE_USE,
                    Character.UNASSIGNED,
                    Character.SPACE_SEPARATOR,
                    Character.LINE_SEPARATOR,
                    Character.PARAGRAPH_SEPARATOR ->
                    false;
            default -> true;
        };
    }

    /// Whether `tenant` is a name of a tenant, as the configuration has them.
    static boolean isTenant(String tenant) {
        return !tenant.isEmpty()
                && tenant.length() <= 64
                && tenant.chars().allMatch(c -> isWordCharacter(c) || "._-".indexOf(c) >= 0);
    }

    private static boolean isWordCharacter(int c) {
        return c < 0x80 && Character.isLetterOrDigit(c);
    }

    /// In a time that tells nothing about where two secrets differ.
    static boolean isEqual(byte[] one, byte[] other) {
        return MessageDigest.isEqual(one, other);
    }

    /// What a client said, for the log: one word of at most 64 harmless characters.
    static String logged(String text) {
        var word = new StringBuilder(64);
        for (int i = 0; i < text.length() && i < 64; i++) {
            char c = text.charAt(i);
            word.append(isWordCharacter(c) || "._@+-".indexOf(c) >= 0 ? c : '?');
        }
        return word.isEmpty() ? "-" : word.toString();
    }
}
