package io.whimbrel.keys;

import java.nio.ByteBuffer;
import java.nio.charset.CharacterCodingException;
import java.nio.charset.StandardCharsets;
import java.nio.file.InvalidPathException;
import java.nio.file.Path;
import java.util.HashMap;
import java.util.Map;
import java.util.Optional;
import java.util.OptionalLong;
import java.util.Set;

/// A key in a device, as a PKCS#11 URI says it (RFC 7512). Immutable.
///
/// `id` may stand beside `object`; Java finds keys by their label alone.
///
/// @param token label of the token; empty: that of the slot, or the only one
/// @param serial of the token
/// @param slot number of the slot
/// @param object label (CKA_LABEL) of the key and its certificate
/// @param library path of the PKCS#11 library
/// @param pinFile holds the PIN
record Pkcs11Uri(
        Optional<String> token,
        Optional<String> serial,
        OptionalLong slot,
        String object,
        Optional<Path> library,
        Optional<Path> pinFile) {
    static final int TEXT_MAX = 2_048;

    private static final String SCHEME = "pkcs11:";
    private static final String FILE = "file:";

    /// Of RFC 7512 §2.3 and §2.4; those that only narrow down what the others name are let pass.
    private static final Set<String> KNOWN =
            Set.of(
                    "token",
                    "serial",
                    "manufacturer",
                    "model",
                    "library-manufacturer",
                    "library-description",
                    "library-version",
                    "object",
                    "type",
                    "id",
                    "slot-id",
                    "slot-manufacturer",
                    "slot-description",
                    "pin-source",
                    "pin-value",
                    "module-name",
                    "module-path");

    /// What came of reading one.
    sealed interface Reading {
        record Good(Pkcs11Uri uri) implements Reading {}

        /// @param reason with the remedy; shows no PIN
        record Bad(String reason) implements Reading {}
    }

    /// Never throws.
    static Reading parse(String text) {
        if (!text.startsWith(SCHEME) || text.length() > TEXT_MAX) {
            return new Reading.Bad("is no PKCS#11 URI of at most " + TEXT_MAX + " characters");
        }
        String rest = text.substring(SCHEME.length());
        int mark = rest.indexOf('?');
        var found = new HashMap<String, String>();
        Optional<String> wrong =
                take(mark < 0 ? rest : rest.substring(0, mark), ";", found)
                        .or(() ->
                                mark < 0
                                        ? Optional.empty()
                                        : take(rest.substring(mark + 1), "&", found))
                        .or(() -> refused(found));
        if (wrong.isPresent()) {
            return new Reading.Bad(wrong.get());
        }
        try {
            return new Reading.Good(
                    new Pkcs11Uri(
                            Optional.ofNullable(found.get("token")),
                            Optional.ofNullable(found.get("serial")),
                            found.containsKey("slot-id")
                                    ? OptionalLong.of(Long.parseLong(found.get("slot-id")))
                                    : OptionalLong.empty(),
                            found.getOrDefault("object", ""),
                            Optional.ofNullable(found.get("module-path")).map(Path::of),
                            Optional.ofNullable(found.get("pin-source")).map(Pkcs11Uri::file)));
        } catch (NumberFormatException _) {
            return new Reading.Bad("slot-id must be a number");
        } catch (InvalidPathException _) {
            return new Reading.Bad("module-path and pin-source must be paths");
        }
    }

    private static Path file(String source) {
        return Path.of(source.startsWith(FILE) ? source.substring(FILE.length()) : source);
    }

    private static Optional<String> refused(Map<String, String> found) {
        if (found.containsKey("pin-value")) {
            return Optional.of(
                    "a PIN must not stand in the configuration: put it into a file of mode 0400 and"
                            + " name that by pin-source=/path, or by pin-file in [pkcs11]");
        }
        if (found.containsKey("module-name")) {
            return Optional.of("module-name is not looked up: write module-path=/path");
        }
        if (!found.getOrDefault("type", "private").equals("private")) {
            return Optional.of("type must be private: only such a key signs");
        }
        if (found.getOrDefault("object", "").isEmpty()) {
            return Optional.of("object= must name the key by its label");
        }
        if (found.getOrDefault("pin-source", "").startsWith("|")) {
            return Optional.of("pin-source must be a file; programs are not run");
        }
        return Optional.empty();
    }

    /// @return what is wrong
    private static Optional<String> take(String text, String mark, Map<String, String> found) {
        if (text.isEmpty()) {
            return Optional.empty();
        }
        for (String part : text.split(mark, -1)) {
            int equals = part.indexOf('=');
            String name = equals < 0 ? part : part.substring(0, equals);
            if (equals <= 0 || !KNOWN.contains(name)) {
                return Optional.of(
                        "there is no attribute "
                                + (name.matches("[a-z0-9-]{1,40}") ? "\"" + name + "\"" : "like it")
                                + "; write such as"
                                + " pkcs11:token=mail;object=s1?module-path=/usr/lib/x.so");
            }
            // An id is octets, and no text.
            Optional<String> value =
                    name.equals("id") ? Optional.of("") : decoded(part.substring(equals + 1));
            if (value.isEmpty()) {
                return Optional.of(name + " is not percent-encoded UTF-8");
            }
            if (found.put(name, value.get()) != null) {
                return Optional.of(name + " stands twice");
            }
        }
        return Optional.empty();
    }

    private static Optional<String> decoded(String text) {
        byte[] bytes = text.getBytes(StandardCharsets.UTF_8);
        var out = ByteBuffer.allocate(bytes.length);
        for (int i = 0; i < bytes.length; i++) {
            if (bytes[i] != '%') {
                out.put(bytes[i]);
                continue;
            }
            boolean isWhole = i + 2 < bytes.length;
            int high = isWhole ? Character.digit(bytes[i + 1], 16) : -1;
            int low = isWhole ? Character.digit(bytes[i + 2], 16) : -1;
            if (high < 0 || low < 0) {
                return Optional.empty();
            }
            out.put((byte) (high << 4 | low));
            i += 2;
        }
        try {
            String value = StandardCharsets.UTF_8.newDecoder().decode(out.flip()).toString();
            boolean isPrintable = value.chars().noneMatch(Character::isISOControl);
            return isPrintable ? Optional.of(value) : Optional.empty();
        } catch (CharacterCodingException _) {
            return Optional.empty();
        }
    }
}
