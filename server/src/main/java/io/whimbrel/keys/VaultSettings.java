package io.whimbrel.keys;

import java.net.URI;
import java.nio.file.Path;
import java.time.Duration;
import java.util.Optional;

/// `[vault]`: the HashiCorp Vault that holds private keys. Immutable.
///
/// @param address such as `https://vault.example.com:8200`; empty: there is none
/// @param tokenFile holds the token on one line; read anew for each question, so that an agent may
///   renew it
/// @param namespace of Vault Enterprise and OpenBao
/// @param ca authorities for the server's certificate, in PEM; empty: those of Java
/// @param timeout for one answer as a whole
/// @param cache how long a key is used before it is asked for again
public record VaultSettings(
        Optional<URI> address,
        Optional<Path> tokenFile,
        Optional<String> namespace,
        Optional<Path> ca,
        Duration timeout,
        Duration cache) {
    public static final VaultSettings NONE =
            new VaultSettings(
                    Optional.empty(),
                    Optional.empty(),
                    Optional.empty(),
                    Optional.empty(),
                    Duration.ofSeconds(10),
                    Duration.ofMinutes(10));
}
