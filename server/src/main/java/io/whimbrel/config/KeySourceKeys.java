package io.whimbrel.config;

import static io.whimbrel.toml.Key.Change.RELOAD;

import io.whimbrel.keys.KeySources;
import io.whimbrel.keys.Pkcs11Settings;
import io.whimbrel.keys.VaultSettings;
import io.whimbrel.toml.FileValues;
import io.whimbrel.toml.Findings;
import io.whimbrel.toml.Key;
import io.whimbrel.toml.Key.Presence;
import io.whimbrel.toml.Kinds;
import io.whimbrel.toml.TableSpec;
import io.whimbrel.toml.TableValues;
import io.whimbrel.toml.TomlText;
import io.whimbrel.toml.ValueKind;
import io.whimbrel.toml.ValueKind.Reading;

import java.net.URI;
import java.net.URISyntaxException;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.Optional;
import java.util.Set;

/// The keys of `[vault]` and `[pkcs11]`: where private keys lie that are in no files. Stateless.
final class KeySourceKeys {
    private static final VaultSettings DEFAULT = VaultSettings.NONE;

    /// Hosts that a token may be sent to without TLS.
    private static final Set<String> LOOPBACK = Set.of("127.0.0.1", "[::1]", "localhost");

    private static final String ALLOWED =
            "\"https://host:port\"; \"http://\" for 127.0.0.1, [::1] and localhost only";

    static final Key<URI> ADDRESS =
            new Key<>(
                    "address",
                    ValueKind.ofText(
                            "is no address", ALLOWED, KeySourceKeys::readAddress, URI::toString),
                    new Presence.Unset<>("no Vault is asked", "\"https://vault.example.com:8200\""),
                    RELOAD,
                    "The HashiCorp Vault, or OpenBao, that `key = \"vault:...\"` in `[[dkim]]`"
                            + " means.");

    static final Key<Path> TOKEN_FILE =
            new Key<>(
                    "token-file",
                    Kinds.file(),
                    new Presence.Unset<>("needed with `address`", "\"/etc/whimbrel/vault-token\""),
                    RELOAD,
                    "Holds the token on one line, and nobody else may read it. It is read anew for"
                            + " each question, so that an agent may renew it.");

    static final Key<String> NAMESPACE =
            new Key<>(
                    "namespace",
                    ValueKind.ofParsed(
                            "is no namespace",
                            "a namespace such as \"mail/eu\"",
                            text -> Optional.of(text).filter(it -> it.matches("[!-~]{1,200}")),
                            text -> text),
                    new Presence.Unset<>("none", "\"mail\""),
                    RELOAD,
                    "The namespace of Vault Enterprise or OpenBao.");

    static final Key<Path> CA =
            new Key<>(
                    "ca",
                    Kinds.file(),
                    new Presence.Unset<>("those of Java", "\"/etc/whimbrel/tls/vault-ca.pem\""),
                    RELOAD,
                    "Authorities that are believed about the server, in PEM, in place of those of"
                            + " Java.");

    static final Key<Duration> TIMEOUT =
            Key.withDefault(
                    "timeout",
                    Kinds.duration(Duration.ofMillis(100), Duration.ofMinutes(1)),
                    DEFAULT.timeout(),
                    RELOAD,
                    "How long one answer may take, as a whole.");

    static final Key<Duration> CACHE =
            Key.withDefault(
                    "cache",
                    Kinds.duration(Duration.ofSeconds(10), Duration.ofDays(7)),
                    DEFAULT.cache(),
                    RELOAD,
                    "How long a key is used before it is asked for again. While Vault cannot be"
                            + " asked, the last key goes on being used.");

    static final TableSpec VAULT =
            TableSpec.one(
                    "vault",
                    "Private keys in HashiCorp Vault (KV version 2).",
                    List.of(ADDRESS, TOKEN_FILE, NAMESPACE, CA, TIMEOUT, CACHE));

    static final Key<Path> LIBRARY =
            new Key<>(
                    "library",
                    Kinds.file(),
                    new Presence.Unset<>(
                            "that of `module-path`", "\"/usr/lib/softhsm/libsofthsm2.so\""),
                    RELOAD,
                    "The PKCS#11 library of the device that `key = \"pkcs11:...\"` means.");

    static final Key<Path> PIN_FILE =
            new Key<>(
                    "pin-file",
                    Kinds.file(),
                    new Presence.Unset<>("that of `pin-source`", "\"/etc/whimbrel/hsm-pin\""),
                    RELOAD,
                    "Holds the PIN on one line, and nobody else may read it. A PIN that was refused"
                            + " is not tried again until the file changes.");

    static final TableSpec PKCS11 =
            TableSpec.one(
                    "pkcs11", "Private keys in devices (PKCS#11).", List.of(LIBRARY, PIN_FILE));

    private KeySourceKeys() {}

    static KeySources settings(FileValues values) {
        TableValues vault = values.one(VAULT);
        TableValues pkcs11 = values.one(PKCS11);
        return new KeySources(
                new VaultSettings(
                        vault.find(ADDRESS),
                        vault.find(TOKEN_FILE),
                        vault.find(NAMESPACE),
                        vault.find(CA),
                        vault.get(TIMEOUT),
                        vault.get(CACHE)),
                new Pkcs11Settings(pkcs11.find(LIBRARY), pkcs11.find(PIN_FILE)));
    }

    /// An address without a token, and what is said about a Vault that is not named.
    static void check(FileValues values, Findings findings) {
        TableValues vault = values.one(VAULT);
        boolean hasAddress = vault.find(ADDRESS).isPresent();
        if (hasAddress && vault.find(TOKEN_FILE).isEmpty()) {
            findings.error(
                    vault.placeOf(ADDRESS),
                    "address needs a token-file; the token itself must not stand here");
        }
        if (!hasAddress && vault.find(TOKEN_FILE).isPresent()) {
            findings.warn(vault.placeOf(TOKEN_FILE), "token-file has no effect without an address");
        }
    }

    private static Reading<URI> readAddress(String text) {
        try {
            var uri = new URI(text);
            String host = Optional.ofNullable(uri.getHost()).orElse("");
            String path = Optional.ofNullable(uri.getRawPath()).orElse("");
            boolean isPlain =
                    uri.getRawUserInfo() == null
                            && uri.getRawQuery() == null
                            && uri.getRawFragment() == null
                            && path.chars().noneMatch(c -> c == '%');
            if (host.isEmpty() || !isPlain || uri.getPort() == 0 || uri.getPort() > 65_535) {
                return Reading.bad(TomlText.shown(text) + " is no address");
            }
            return switch (String.valueOf(uri.getScheme())) {
                case "https" -> new Reading.Good<>(uri);
                case "http" ->
                        LOOPBACK.contains(host)
                                ? new Reading.Good<>(uri)
                                : Reading.bad(
                                        TomlText.shown(text)
                                                + " would show token and keys to the network",
                                        Optional.of("https" + text.substring("http".length())));
                default -> Reading.bad(TomlText.shown(text) + " is no https:// address");
            };
        } catch (URISyntaxException _) {
            return Reading.bad(TomlText.shown(text) + " is no address");
        }
    }
}
