package io.whimbrel.config;

import static io.whimbrel.toml.Key.Change.RELOAD;

import io.whimbrel.auth.AuthSettings;
import io.whimbrel.auth.Mechanism;
import io.whimbrel.toml.Findings;
import io.whimbrel.toml.Key;
import io.whimbrel.toml.Key.Presence;
import io.whimbrel.toml.Kinds;
import io.whimbrel.toml.TableValues;
import io.whimbrel.toml.TomlText;
import io.whimbrel.toml.ValueKind;

import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.Optional;
import java.util.stream.Collectors;

/// The keys of `[[listen]]` that are about logins. Stateless.
final class AuthKeys {
    private static final int TEXT_MAX = 1_000;
    private static final AuthSettings BY_DEFAULT = AuthSettings.NONE;

    static final Key<AuthSettings.Mode> AUTH =
            Key.withDefault(
                    "auth",
                    Kinds.choice(List.of(AuthSettings.Mode.values())),
                    BY_DEFAULT.mode(),
                    RELOAD,
                    "Whether clients log in (AUTH, RFC 4954). It is offered under TLS only. Where"
                            + " it is required, nobody sends mail without it.");

    static final Key<Path> USERS =
            new Key<>(
                    "users",
                    Kinds.file(),
                    new Presence.Unset<>("no passwords are taken", "\"/etc/whimbrel/users\""),
                    RELOAD,
                    "The file of users and their passwords' verifiers, written by `whimbrel user"
                            + " add`. A changed file holds at once.");

    static final Key<List<Mechanism>> MECHANISMS =
            Key.withDefault(
                    "auth-mechanisms",
                    ValueKind.listOf(mechanism(), "mechanisms", Mechanism.ALL.size()),
                    BY_DEFAULT.mechanisms(),
                    RELOAD,
                    "The SASL mechanisms to offer. Those about passwords need `users`, OAUTHBEARER"
                            + " and XOAUTH2 need `oauth-keys`.");

    static final Key<Path> OAUTH_KEYS =
            new Key<>(
                    "oauth-keys",
                    Kinds.file(),
                    new Presence.Unset<>("no tokens are taken", "\"/etc/whimbrel/jwks.json\""),
                    RELOAD,
                    "The file of the public keys by which tokens are signed: a JWKS, or PEM. A"
                            + " changed file holds at once. The identity provider is never asked.");

    static final Key<String> OAUTH_ISSUER =
            new Key<>(
                    "oauth-issuer",
                    text(),
                    new Presence.Unset<>("no tokens are taken", "\"https://id.example.com\""),
                    RELOAD,
                    "What the claim `iss` of a token must be.");

    static final Key<String> OAUTH_AUDIENCE =
            new Key<>(
                    "oauth-audience",
                    text(),
                    new Presence.Unset<>("no tokens are taken", "\"mail\""),
                    RELOAD,
                    "What the claim `aud` of a token must have, so that one for another service is"
                            + " of no use here.");

    static final Key<String> OAUTH_USER_CLAIM =
            Key.withDefault(
                    "oauth-user-claim",
                    text(),
                    "sub",
                    RELOAD,
                    "The claim of a token that names the user, such as `sub` or `email`.");

    static final Key<String> OAUTH_TENANT_CLAIM =
            new Key<>(
                    "oauth-tenant-claim",
                    text(),
                    new Presence.Unset<>("the listener's tenant", "\"tenant\""),
                    RELOAD,
                    "The claim of a token that names the tenant; a token without it is refused.");

    static final Key<Integer> FAILURES =
            Key.withDefault(
                    "auth-failures",
                    Kinds.integer(1, 10_000),
                    BY_DEFAULT.lockout().failures(),
                    RELOAD,
                    "So many failed logins of a user within `auth-failures-within` lock the user"
                            + " out for clients in networks that it has not logged in from lately;"
                            + " three times as many from one address (IPv6: /64) lock that out.");

    static final Key<Duration> FAILURES_WITHIN =
            Key.withDefault(
                    "auth-failures-within",
                    Kinds.duration(Duration.ofSeconds(1), Duration.ofDays(1)),
                    BY_DEFAULT.lockout().within(),
                    RELOAD,
                    "The time in which failed logins are counted together.");

    static final Key<Duration> LOCKOUT =
            Key.withDefault(
                    "auth-lockout",
                    Kinds.duration(Duration.ZERO, Duration.ofDays(7)),
                    BY_DEFAULT.lockout().lasts(),
                    RELOAD,
                    "How long a lock-out lasts; clients get 454. With \"0s\" nobody is locked out,"
                            + " failed logins are answered late all the same.");

    static final Key<Duration> CACHE =
            Key.withDefault(
                    "auth-cache",
                    Kinds.duration(Duration.ZERO, Duration.ofHours(1)),
                    BY_DEFAULT.cache(),
                    RELOAD,
                    "How long a right password is remembered, in memory and hashed, so that it need"
                            + " not be checked for each session. A changed or removed user is"
                            + " refused at once all the same.");

    /// In the order of the reference.
    static final List<Key<?>> KEYS =
            List.of(
                    AUTH,
                    USERS,
                    MECHANISMS,
                    OAUTH_KEYS,
                    OAUTH_ISSUER,
                    OAUTH_AUDIENCE,
                    OAUTH_USER_CLAIM,
                    OAUTH_TENANT_CLAIM,
                    FAILURES,
                    FAILURES_WITHIN,
                    LOCKOUT,
                    CACHE);

    private AuthKeys() {}

    /// The settings of a `[[listen]]` without errors.
    static AuthSettings settings(TableValues listen) {
        return new AuthSettings(
                listen.get(AUTH),
                listen.find(USERS),
                oauth(listen),
                listen.get(MECHANISMS),
                new AuthSettings.Lockout(
                        listen.get(FAILURES), listen.get(FAILURES_WITHIN), listen.get(LOCKOUT)),
                listen.get(CACHE));
    }

    private static Optional<AuthSettings.Oauth> oauth(TableValues listen) {
        Optional<String> issuer = listen.find(OAUTH_ISSUER);
        Optional<String> audience = listen.find(OAUTH_AUDIENCE);
        Optional<Path> keys = listen.find(OAUTH_KEYS);
        return issuer.isPresent() && audience.isPresent() && keys.isPresent()
                ? Optional.of(
                        new AuthSettings.Oauth(
                                issuer.get(),
                                audience.get(),
                                keys.get(),
                                listen.get(OAUTH_USER_CLAIM),
                                listen.find(OAUTH_TENANT_CLAIM)))
                : Optional.empty();
    }

    /// Finds what no single key shows.
    static void check(TableValues listen, Findings findings) {
        List<Key<?>> token = List.of(OAUTH_KEYS, OAUTH_ISSUER, OAUTH_AUDIENCE);
        List<Key<?>> written = token.stream().filter(listen::isWritten).toList();
        if (!written.isEmpty() && written.size() < token.size()) {
            String missing =
                    token.stream()
                            .filter(key -> !listen.isWritten(key))
                            .map(Key::name)
                            .collect(Collectors.joining(" and "));
            findings.error(
                    listen.placeOf(written.getFirst()),
                    written.getFirst().name() + ": tokens need " + missing + " too; add it");
        }
        boolean isOn = listen.find(AUTH).filter(it -> it != AuthSettings.Mode.NONE).isPresent();
        boolean hasUsers = listen.isWritten(USERS);
        if (isOn && !hasUsers && written.isEmpty()) {
            findings.error(
                    listen.placeOf(AUTH),
                    "auth: nobody could log in; add users = \"/etc/whimbrel/users\" (see `whimbrel"
                            + " user add`), or oauth-keys, oauth-issuer and oauth-audience");
        }
        if (!isOn && listen.find(AUTH).isPresent() && (hasUsers || !written.isEmpty())) {
            findings.warn(
                    listen.placeOf(hasUsers ? USERS : written.getFirst()),
                    (hasUsers ? USERS : written.getFirst()).name()
                            + ": is of no use without auth = \"required\" or auth = \"optional\"");
        }
        listen.find(MECHANISMS)
                .filter(list -> isOn && list.isEmpty())
                .ifPresent(_ ->
                        findings.error(
                                listen.placeOf(MECHANISMS),
                                "auth-mechanisms: nobody could log in by none; leave the key out"
                                        + " for all of them"));
    }

    private static ValueKind<Mechanism> mechanism() {
        String words =
                Mechanism.ALL.stream()
                        .map(it -> TomlText.quote(it.word()))
                        .collect(Collectors.joining(" or "));
        return ValueKind.ofParsed(
                "is no mechanism we have", words, Mechanism::parse, Mechanism::word);
    }

    private static ValueKind<String> text() {
        return ValueKind.ofParsed(
                "is empty, too long or has control characters",
                "a text of 1 to " + TEXT_MAX + " characters",
                text ->
                        Optional.of(text)
                                .filter(it -> !it.isEmpty() && it.length() <= TEXT_MAX)
                                .filter(it -> it.chars().noneMatch(Character::isISOControl)),
                text -> text);
    }
}
