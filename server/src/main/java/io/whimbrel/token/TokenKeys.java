package io.whimbrel.token;

import java.util.List;
import java.util.Optional;

/// The secrets of a node: the one that seals, and older ones whose tokens are still read. Immutable
/// and thread-safe.
public final class TokenKeys {
    static final int KEYS_MAX = 16;

    private final List<TokenKey> keys;

    /// @param keys 1 to [#KEYS_MAX], each of another number; the last of them seals
    TokenKeys(List<TokenKey> keys) {
        if (keys.isEmpty() || keys.size() > KEYS_MAX) {
            throw new IllegalArgumentException("there are 1 to 16 keys");
        }
        this.keys = List.copyOf(keys);
    }

    /// Keys of one secret, for tests and for what is not to be read by others.
    ///
    /// @param secret 32 random octets
    public static TokenKeys of(byte[] secret) {
        return new TokenKeys(List.of(new TokenKey(1, secret)));
    }

    TokenKey current() {
        return keys.getLast();
    }

    Optional<TokenKey> find(int number) {
        for (TokenKey key : keys) {
            if (key.number() == number) {
                return Optional.of(key);
            }
        }
        return Optional.empty();
    }
}
