package io.whimbrel.tls;

import java.io.ByteArrayOutputStream;
import java.util.Arrays;

/// The little of DER that Java leaves to us: a key without a statement of its kind (PKCS #1, SEC 1)
/// becomes one with it (PKCS #8, RFC 5208 §5). Stateless.
final class Der {
    private static final int SEQUENCE = 0x30;
    private static final int OCTET_STRING = 0x04;
    private static final byte[] VERSION_0 = {0x02, 0x01, 0x00};

    private Der() {}

    /// @param publicKey a SubjectPublicKeyInfo, well formed, which says the kind
    /// @param privateKey in the form that its kind has
    static byte[] pkcs8(byte[] publicKey, byte[] privateKey) {
        int algorithm = contentAt(publicKey, 0);
        int end = contentAt(publicKey, algorithm) + lengthAt(publicKey, algorithm);
        var content = new ByteArrayOutputStream();
        content.writeBytes(VERSION_0);
        content.writeBytes(Arrays.copyOfRange(publicKey, algorithm, end));
        content.writeBytes(element(OCTET_STRING, privateKey));
        return element(SEQUENCE, content.toByteArray());
    }

    /// Where the content of the element at `from` begins.
    private static int contentAt(byte[] der, int from) {
        int first = der[from + 1] & 0xff;
        return from + 2 + (first < 0x80 ? 0 : first & 0x7f);
    }

    private static int lengthAt(byte[] der, int from) {
        int first = der[from + 1] & 0xff;
        int length = first < 0x80 ? first : 0;
        for (int i = from + 2; i < contentAt(der, from); i++) {
            length = length << 8 | (der[i] & 0xff);
        }
        return length;
    }

    private static byte[] element(int tag, byte[] content) {
        var out = new ByteArrayOutputStream();
        out.write(tag);
        if (content.length < 0x80) {
            out.write(content.length);
        } else {
            // Three octets of length do for 16 MB; DER wants the fewest, and Java insists.
            int octets = content.length < 1 << 8 ? 1 : content.length < 1 << 16 ? 2 : 3;
            out.write(0x80 | octets);
            for (int i = octets - 1; i >= 0; i--) {
                out.write(content.length >> (8 * i));
            }
        }
        out.writeBytes(content);
        return out.toByteArray();
    }
}
