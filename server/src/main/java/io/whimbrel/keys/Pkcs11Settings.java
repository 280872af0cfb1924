package io.whimbrel.keys;

import java.nio.file.Path;
import java.util.Optional;

/// `[pkcs11]`: the device that holds private keys. Immutable.
///
/// @param library its PKCS#11 library, where a key's URI names none
/// @param pinFile holds the PIN on one line, where a key's URI names none
public record Pkcs11Settings(Optional<Path> library, Optional<Path> pinFile) {
    public static final Pkcs11Settings NONE =
            new Pkcs11Settings(Optional.empty(), Optional.empty());
}
