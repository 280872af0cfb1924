package io.whimbrel.keys;

import java.security.PublicKey;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Base64;
import java.util.List;

/// The TXT record of a public key, in the forms in which people publish it (RFC 6376 §3.6.1, RFC
/// 8463 §4). Immutable.
///
/// @param name where it belongs, without the dot of the root
/// @param value as one string; what most web forms of DNS providers take
public record DnsRecord(KeyName name, String value) {
    /// Of one string of a TXT record (RFC 1035 §3.3).
    private static final int STRING_MAX = 255;

    private static final int ED25519_BYTES = 32;

    /// What is said of the use of a key.
    ///
    /// @param isTesting receivers are asked to treat signed mail as unsigned: `t=y`
    /// @param isStrict nothing may be signed in the name of subdomains: `t=s`
    /// @param isSha256 named as the only hash; there is no other any more (RFC 8301)
    public record Flags(boolean isTesting, boolean isStrict, boolean isSha256) {
        public static final Flags NONE = new Flags(false, false, false);

        private String text() {
            if (!isTesting && !isStrict) {
                return "";
            }
            return "t="
                    + (isTesting ? "y" : "")
                    + (isTesting && isStrict ? ":" : "")
                    + (isStrict ? "s" : "")
                    + "; ";
        }
    }

    /// The record that lets receivers verify what `key` has signed.
    public static DnsRecord of(KeyName name, SigningKey key, Flags flags) {
        return new DnsRecord(
                name,
                "v=DKIM1; "
                        + (flags.isSha256() ? "h=sha256; " : "")
                        + "k="
                        + key.algorithm().keyType()
                        + "; "
                        + flags.text()
                        + "p="
                        + digits(key));
    }

    /// The record that says that nothing signed by the key is to be believed any more.
    public static DnsRecord revoked(KeyName name) {
        return new DnsRecord(name, "v=DKIM1; p=");
    }

    /// A SubjectPublicKeyInfo for RSA, the bare point for Ed25519 (RFC 8463 §4.2).
    private static String digits(SigningKey key) {
        byte[] encoded = encoded(key.publicKey());
        byte[] bytes =
                key.algorithm() == KeyAlgorithm.ED25519
                        ? Arrays.copyOfRange(
                                encoded, encoded.length - ED25519_BYTES, encoded.length)
                        : encoded;
        return Base64.getEncoder().encodeToString(bytes);
    }

    static byte[] encoded(PublicKey key) {
        byte[] encoded = key.getEncoded();
        if (encoded == null) {
            throw new IllegalArgumentException("a public key without an encoding");
        }
        return encoded;
    }

    /// The value in strings as the DNS has them.
    public List<String> strings() {
        var strings = new ArrayList<String>();
        for (int at = 0; at < value.length(); at += STRING_MAX) {
            strings.add(value.substring(at, Math.min(at + STRING_MAX, value.length())));
        }
        return List.copyOf(strings);
    }

    /// For a zone file: one record in one or more lines, without a line break at the end.
    public String zone(int ttlSeconds) {
        var text = new StringBuilder(name.dnsName()).append(". ").append(ttlSeconds);
        text.append(" IN TXT (");
        for (String string : strings()) {
            text.append("\n    \"").append(string).append('"');
        }
        return text.append(" )").toString();
    }
}
