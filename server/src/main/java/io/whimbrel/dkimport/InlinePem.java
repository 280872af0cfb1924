package io.whimbrel.dkimport;

import java.util.Base64;
import java.util.Optional;

/// A private key that stands in a table: base64 of DER, or PEM on one line. Stateless; shows
/// nothing of it.
final class InlinePem {
    private static final int SEQUENCE = 0x30;
    private static final int INTEGER = 0x02;
    private static final int LONG_FORM = 0x80;
    private static final int LINE = 64;

    private InlinePem() {}

    /// As PEM; empty where it is no key.
    static Optional<String> of(String text) {
        String base64 = text.replaceAll("-----[A-Z ]+-----", "").replaceAll("\\s+|\\\\n", "");
        byte[] der;
        try {
            der = Base64.getDecoder().decode(base64);
        } catch (IllegalArgumentException _) {
            return Optional.empty();
        }
        Optional<String> label = label(der);
        return label.map(it ->
                "-----BEGIN "
                        + it
                        + "-----\n"
                        + Base64.getMimeEncoder(LINE, new byte[] {'\n'}).encodeToString(der)
                        + "\n-----END "
                        + it
                        + "-----\n");
    }

    /// Both begin with a sequence and a version; PKCS #1 (RFC 8017) goes on with an integer.
    private static Optional<String> label(byte[] der) {
        if (der.length < 16 || (der[0] & 0xff) != SEQUENCE) {
            return Optional.empty();
        }
        int length = der[1] & 0xff;
        int version = 2 + (length >= LONG_FORM ? length - LONG_FORM : 0);
        if (version > 6 || der[version] != INTEGER || der[version + 1] != 1) {
            return Optional.empty();
        }
        return switch (der[version + 3] & 0xff) {
            case INTEGER -> Optional.of("RSA PRIVATE KEY");
            case SEQUENCE -> Optional.of("PRIVATE KEY");
            default -> Optional.empty();
        };
    }
}
