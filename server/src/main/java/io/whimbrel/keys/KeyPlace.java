package io.whimbrel.keys;

import java.nio.file.InvalidPathException;
import java.nio.file.Path;
import java.util.Optional;

/// Where a private key lies, as `key` in `[[dkim]]` says. Immutable.
public sealed interface KeyPlace {
    String VAULT = "vault:";
    String PKCS11 = "pkcs11:";

    /// A PEM file: PKCS#8 or PKCS#1.
    record File(Path path) implements KeyPlace {
        @Override
        public String toString() {
            return path.toString();
        }
    }

    /// A secret of HashiCorp Vault, engine KV v2: `vault:MOUNT/PATH#FIELD`.
    ///
    /// @param mount of the engine, such as `secret`
    /// @param path below it
    /// @param field of the secret that holds the PEM text
    record Vault(String mount, String path, String field) implements KeyPlace {
        @Override
        public String toString() {
            return VAULT + mount + "/" + path + "#" + field;
        }
    }

    /// A key that never leaves its device, by a PKCS#11 URI (RFC 7512).
    record Pkcs11(String uri) implements KeyPlace {
        @Override
        public String toString() {
            return uri;
        }
    }

    /// Empty where the text is none of these.
    static Optional<KeyPlace> parse(String text) {
        if (text.startsWith(PKCS11)) {
            return Optional.of(new Pkcs11(text));
        }
        if (text.startsWith(VAULT)) {
            return vault(text.substring(VAULT.length()));
        }
        try {
            return text.isBlank() ? Optional.empty() : Optional.of(new File(Path.of(text)));
        } catch (InvalidPathException _) {
            return Optional.empty();
        }
    }

    private static Optional<KeyPlace> vault(String text) {
        int slash = text.indexOf('/');
        int hash = text.lastIndexOf('#');
        boolean isWhole = slash > 0 && hash > slash + 1 && hash + 1 < text.length();
        return isWhole
                ? Optional.of(
                        new Vault(
                                text.substring(0, slash),
                                text.substring(slash + 1, hash),
                                text.substring(hash + 1)))
                : Optional.empty();
    }
}
