package io.whimbrel.keys;

import java.io.IOException;
import java.nio.file.Path;
import java.time.InstantSource;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.ConcurrentHashMap;

/// Private keys, wherever they lie. Thread-safe; it may block, so callers are platform threads, and
/// never those that deliver.
///
/// A key that was got is kept: that of a file until the file changes, that of Vault for
/// `vault.cache` (and on while Vault cannot be asked, which [#trouble] tells), that of a device
/// until [#askAgain]. One that could not be got is tried again with each call, but for what Vault
/// refused, and a PIN that a device refused.
public final class KeyShelf implements AutoCloseable {
    /// Beyond these, keys are got anew each time.
    private static final int KEPT_MAX = 100_000;

    private final VaultKeys vault;
    private final Pkcs11Keys devices;
    private final Map<KeyPlace, Kept> kept = new ConcurrentHashMap<>();

    /// What a key was made of: if that has not changed, the key has not.
    private sealed interface Origin {
        record Marked(FileMark mark) implements Origin {}

        record Text(String pem) implements Origin {
            @Override
            public String toString() {
                return "PEM";
            }
        }

        record Device() implements Origin {}
    }

    private record Kept(SigningKey key, Origin origin) {}

    public KeyShelf(KeySources sources, InstantSource clock) {
        this.vault = new VaultKeys(sources.vault(), clock);
        this.devices = new Pkcs11Keys(sources.pkcs11());
    }

    /// The key at `place`.
    ///
    /// @throws IOException with the place, what is wrong, and the remedy
    public SigningKey key(KeyPlace place) throws IOException {
        return switch (place) {
            case KeyPlace.File(Path path) -> ofFile(place, path);
            case KeyPlace.Vault secret -> ofVault(secret);
            case KeyPlace.Pkcs11 uri -> ofDevice(uri);
        };
    }

    /// Why the key that [#key] gives may be an old one; with place and remedy.
    public Optional<String> trouble(KeyPlace place) {
        return switch (place) {
            case KeyPlace.Vault secret -> vault.trouble(secret);
            case KeyPlace.File _, KeyPlace.Pkcs11 _ -> Optional.empty();
        };
    }

    /// Every key is looked for anew when it is wanted next: for a reload, and where a device's key
    /// does not sign any more.
    public void askAgain() {
        vault.askAgain();
        kept.values().removeIf(it -> !(it.origin() instanceof Origin.Text));
    }

    @Override
    public void close() {
        vault.close();
    }

    private SigningKey ofFile(KeyPlace place, Path path) throws IOException {
        // Before the file is read: if it changes meanwhile, it is read again next time.
        Optional<Origin> mark = FileMark.of(path).map(Origin.Marked::new);
        Optional<SigningKey> known = mark.flatMap(it -> kept(place, it));
        if (known.isPresent()) {
            return known.get();
        }
        SigningKey key = KeyFiles.read(path);
        mark.ifPresent(it -> keep(place, key, it));
        return key;
    }

    private SigningKey ofVault(KeyPlace.Vault place) throws IOException {
        var origin = new Origin.Text(vault.text(place));
        Optional<SigningKey> known = kept(place, origin);
        if (known.isPresent()) {
            return known.get();
        }
        SigningKey key = PemKey.parse(origin.pem(), place.toString());
        keep(place, key, origin);
        return key;
    }

    private SigningKey ofDevice(KeyPlace.Pkcs11 place) throws IOException {
        var origin = new Origin.Device();
        Optional<SigningKey> known = kept(place, origin);
        if (known.isPresent()) {
            return known.get();
        }
        SigningKey key = devices.key(place);
        keep(place, key, origin);
        return key;
    }

    private Optional<SigningKey> kept(KeyPlace place, Origin origin) {
        return Optional.ofNullable(kept.get(place))
                .filter(it -> it.origin().equals(origin))
                .map(Kept::key);
    }

    private void keep(KeyPlace place, SigningKey key, Origin origin) {
        if (kept.size() < KEPT_MAX || kept.containsKey(place)) {
            kept.put(place, new Kept(key, origin));
        }
    }
}
