package io.whimbrel.config;

import static io.whimbrel.toml.Key.Change.RELOAD;

import io.whimbrel.dkim.Labels;
import io.whimbrel.keys.KeyPlace;
import io.whimbrel.mail.DomainName;
import io.whimbrel.signing.ArcSettings;
import io.whimbrel.toml.FileValues;
import io.whimbrel.toml.Findings;
import io.whimbrel.toml.Key;
import io.whimbrel.toml.Key.Presence;
import io.whimbrel.toml.TableSpec;
import io.whimbrel.toml.TableValues;
import io.whimbrel.toml.ValueKind;
import io.whimbrel.verification.VerificationSettings.Check;

import java.util.List;
import java.util.Optional;

/// The keys of `[arc]`. Stateless.
final class ArcKeys {
    static final Key<DomainName> DOMAIN =
            new Key<>(
                    "domain",
                    ValueKind.ofParsed(
                            "is no domain",
                            "a domain such as \"example.com\"",
                            ArcKeys::readDomain,
                            DomainName::value),
                    new Presence.Unset<>("nothing is sealed", "\"example.com\""),
                    RELOAD,
                    "Who seals (`d=`): a domain of those who run this node.");

    static final Key<String> SELECTOR =
            new Key<>(
                    "selector",
                    ValueKind.ofParsed(
                            "is no selector",
                            "a selector such as \"a1\"",
                            text -> Optional.of(text).filter(DkimKeys::isSelector),
                            text -> text),
                    new Presence.Unset<>("needed with `domain`", "\"a1\""),
                    RELOAD,
                    "Where the public key is in the DNS, as of `[[dkim]]`.");

    static final Key<KeyPlace> KEY =
            new Key<>(
                    "key",
                    ValueKind.ofParsed(
                            "is no place of a key",
                            "an absolute path, \"vault:mount/path#field\" or \"pkcs11:...\"",
                            DkimKeys::readPlace,
                            KeyPlace::toString),
                    new Presence.Unset<>("needed with `domain`", "\"/etc/whimbrel/keys/a1.pem\""),
                    RELOAD,
                    "The private key, RSA; one of `[[dkim]]` may serve here, too.");

    static final TableSpec ARC =
            TableSpec.one(
                    "arc",
                    "Seals mail that strangers sent, that a listener with `verify` has verified,"
                            + " and that goes on to another host (ARC, RFC 8617).",
                    List.of(DOMAIN, SELECTOR, KEY));

    private ArcKeys() {}

    /// @param authservId by which this node says what it has verified
    static Optional<ArcSettings> settings(TableValues table, String authservId) {
        Optional<DomainName> domain = table.find(DOMAIN);
        Optional<String> selector = table.find(SELECTOR);
        Optional<KeyPlace> key = table.find(KEY);
        return domain.isPresent() && selector.isPresent() && key.isPresent()
                ? Optional.of(new ArcSettings(domain.get(), selector.get(), key.get(), authservId))
                : Optional.empty();
    }

    /// All or nothing; and whether anything is verified that could be sealed.
    static void check(FileValues values, Findings findings) {
        TableValues arc = values.one(ARC);
        List<Key<?>> set = ARC.keys().stream().filter(arc::isWritten).toList();
        if (set.isEmpty()) {
            return;
        }
        if (set.size() < ARC.keys().size()) {
            findings.error(arc.placeOf(set.getFirst()), "[arc] needs domain, selector and key");
        }
        boolean isVerified =
                values.all(ReceptionKeys.LISTEN).stream()
                        .anyMatch(it ->
                                it.find(VerificationKeys.VERIFY)
                                        .orElse(List.of())
                                        .contains(Check.ARC));
        if (!isVerified) {
            findings.warn(
                    arc.placeOf(set.getFirst()),
                    "[arc]: no [[listen]] has \"arc\" in verify, so that no mail is sealed that has"
                            + " a chain of ARC already");
        }
    }

    private static Optional<DomainName> readDomain(String text) {
        return DomainName.parse(text)
                .filter(it -> !it.isLiteral() && Labels.isQualified(it.value()));
    }
}
