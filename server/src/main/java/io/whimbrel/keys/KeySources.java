package io.whimbrel.keys;

/// Where private keys lie that are in no files. Immutable.
public record KeySources(VaultSettings vault, Pkcs11Settings pkcs11) {
    public static final KeySources NONE = new KeySources(VaultSettings.NONE, Pkcs11Settings.NONE);
}
