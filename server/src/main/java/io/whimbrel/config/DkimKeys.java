package io.whimbrel.config;

import static io.whimbrel.toml.Key.Change.RELOAD;
import static io.whimbrel.toml.Key.Change.RESTART;

import io.whimbrel.dkim.Labels;
import io.whimbrel.egress.ClassSettings;
import io.whimbrel.keys.KeyPlace;
import io.whimbrel.mail.DomainName;
import io.whimbrel.mail.DomainPattern;
import io.whimbrel.signing.DkimRule;
import io.whimbrel.signing.DkimRule.Form;
import io.whimbrel.signing.DkimRule.Identity;
import io.whimbrel.signing.SigningSettings;
import io.whimbrel.toml.FileValues;
import io.whimbrel.toml.Key;
import io.whimbrel.toml.Key.Presence;
import io.whimbrel.toml.Kinds;
import io.whimbrel.toml.TableSpec;
import io.whimbrel.toml.TableValues;
import io.whimbrel.toml.ValueKind;

import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.Optional;
import java.util.OptionalInt;
import java.util.regex.Pattern;

/// The keys of `[[dkim]]` and `[signing]`. Stateless.
final class DkimKeys {
    private static final int LIST_MAX = 1_000;
    private static final int FIELDS_MAX = 200;
    private static final int SELECTOR_MAX = 200;
    private static final Pattern SELECTOR_PATTERN =
            Pattern.compile(
                    "LABEL(\\.LABEL)*".replace("LABEL", "[A-Za-z0-9]([A-Za-z0-9_-]*[A-Za-z0-9])?"));
    private static final String AUTHOR = "author";
    private static final String EVERY = "*";

    /// Whether a signature is made where there is one for the domain already.
    enum Sign {
        ALWAYS,
        IF_ABSENT
    }

    /// The canonical forms of header and body.
    record Canonicalization(boolean headerIsRelaxed, boolean bodyIsRelaxed) {
        static Optional<Canonicalization> parse(String text) {
            return switch (text) {
                case "relaxed/relaxed", "relaxed" -> Optional.of(new Canonicalization(true, true));
                case "relaxed/simple" -> Optional.of(new Canonicalization(true, false));
                case "simple/relaxed" -> Optional.of(new Canonicalization(false, true));
                case "simple/simple", "simple" -> Optional.of(new Canonicalization(false, false));
                default -> Optional.empty();
            };
        }

        String text() {
            return (headerIsRelaxed ? "relaxed" : "simple")
                    + "/"
                    + (bodyIsRelaxed ? "relaxed" : "simple");
        }
    }

    static final Key<Optional<DomainName>> DOMAIN =
            Key.required(
                    "domain",
                    ValueKind.ofParsed(
                            "is no domain",
                            "a domain such as \"example.com\"; \"*\" for that of the author",
                            DkimKeys::readDomain,
                            domain -> domain.map(DomainName::value).orElse(EVERY)),
                    "\"example.com\"",
                    RELOAD,
                    "Who signs (`d=`): mail whose From is in this domain or below it. Of several"
                            + " that would do the longest signs.");

    static final Key<String> SELECTOR =
            Key.required(
                    "selector",
                    ValueKind.ofParsed(
                            "is no selector",
                            "a selector such as \"s1\"",
                            text -> Optional.of(text).filter(DkimKeys::isSelector),
                            text -> text),
                    "\"s1\"",
                    RELOAD,
                    "Where the public key is in the DNS: `s1._domainkey.example.com`. After"
                            + " `whimbrel dkim rotate` the newer one signs, whatever stands here.");

    static final Key<KeyPlace> KEY =
            Key.required(
                    "key",
                    ValueKind.ofParsed(
                            "is no place of a key",
                            "an absolute path, \"vault:mount/path#field\" or \"pkcs11:...\"",
                            DkimKeys::readPlace,
                            KeyPlace::toString),
                    "\"/etc/whimbrel/keys/s1.pem\"",
                    RELOAD,
                    "The private key, RSA or Ed25519: a PEM file that nobody else may read, in"
                        + " whose name `{domain}` may stand for the domain that signs; a secret of"
                        + " HashiCorp Vault; a key in a device (PKCS#11).");

    static final Key<List<DomainPattern>> AUTHORS =
            new Key<>(
                    "authors",
                    RouteKeys.oneOrMore(NetworkKinds.domainPattern(), "domains", LIST_MAX),
                    new Presence.Unset<>("`domain`, and below it", "\"*\""),
                    RELOAD,
                    "Whose mail is signed, by the domain of From, where that is not the domain that"
                            + " signs: such a signature comes in addition to the author's own.");

    static final Key<Boolean> SUB_DOMAINS =
            Key.withDefault(
                    "sub-domains",
                    Kinds.flag(),
                    true,
                    RELOAD,
                    "Whether mail from below `domain` is signed, too.");

    static final Key<List<String>> TENANTS =
            new Key<>(
                    "tenants",
                    RouteKeys.oneOrMore(Kinds.name(), "tenants", LIST_MAX),
                    new Presence.Unset<>("every tenant", "\"shop\""),
                    RELOAD,
                    "Mail of these tenants only. Where a key is for fewer, it signs instead of one"
                            + " of the same domain and kind that is for more.");

    static final Key<List<String>> CLASSES =
            new Key<>(
                    "classes",
                    RouteKeys.oneOrMore(Kinds.name(), "classes", LIST_MAX),
                    new Presence.Unset<>("every class", "\"transactional\""),
                    RELOAD,
                    "Mail of these classes only: those of `[[class]]`, by pool and priority, or"
                            + " `transactional`, `normal`, `bulk`.");

    static final Key<Sign> SIGN =
            Key.withDefault(
                    "sign",
                    ValueKind.ofParsed(
                            "is unknown",
                            "\"always\" or \"if-absent\"",
                            DkimKeys::readSign,
                            sign -> sign == Sign.ALWAYS ? "always" : "if-absent"),
                    Sign.ALWAYS,
                    RELOAD,
                    "Whether a message that has a signature of this domain already gets another.");

    static final Key<Canonicalization> CANONICALIZATION =
            Key.withDefault(
                    "canonicalization",
                    ValueKind.ofParsed(
                            "is unknown",
                            "\"relaxed/relaxed\", \"relaxed/simple\", \"simple/relaxed\" or"
                                    + " \"simple/simple\"",
                            Canonicalization::parse,
                            Canonicalization::text),
                    new Canonicalization(true, true),
                    RELOAD,
                    "What may happen to header and body on the way without breaking the signature:"
                            + " changed spaces and line breaks, or nothing.");

    static final Key<List<String>> HEADERS =
            new Key<>(
                    "headers",
                    ValueKind.listOf(Kinds.fieldName(), "field names", FIELDS_MAX),
                    new Presence.Unset<>("the usual ones", "[\"from\", \"subject\", \"date\"]"),
                    RELOAD,
                    "Fields that are signed, all of each name; From always is.");

    static final Key<List<String>> OVER_SIGN =
            new Key<>(
                    "over-sign",
                    ValueKind.listOf(Kinds.fieldName(), "field names", FIELDS_MAX),
                    new Presence.Unset<>(
                            "those of which a second one would mislead people", "[\"from\"]"),
                    RELOAD,
                    "Fields that are signed once more than they are there, so that nobody can add"
                            + " one.");

    static final Key<Duration> EXPIRE =
            new Key<>(
                    "expire",
                    Kinds.duration(Duration.ofHours(1), Duration.ofDays(365)),
                    new Presence.Unset<>("signatures hold for ever", "\"14d\""),
                    RELOAD,
                    "How long a signature holds (`x=`). It is made anew when half of that is over"
                            + " and the message still waits.");

    static final Key<Identity> IDENTITY =
            new Key<>(
                    "identity",
                    ValueKind.ofParsed(
                            "is no identity",
                            "\"author\", or an address such as \"@news.example.com\"",
                            DkimKeys::readIdentity,
                            DkimKeys::render),
                    new Presence.Unset<>("it is not said", "\"@news.example.com\""),
                    RELOAD,
                    "On whose behalf the signature is (`i=`): the address of From, or one that"
                            + " stands here, within `domain`.");

    static final TableSpec DKIM =
            new TableSpec(
                    "dkim",
                    true,
                    false,
                    Optional.empty(),
                    "A key that mail is signed with as it leaves. Keys of one domain and different"
                            + " kinds (RSA, Ed25519) sign both.",
                    List.of(
                            DOMAIN,
                            SELECTOR,
                            KEY,
                            AUTHORS,
                            SUB_DOMAINS,
                            TENANTS,
                            CLASSES,
                            SIGN,
                            CANONICALIZATION,
                            HEADERS,
                            OVER_SIGN,
                            EXPIRE,
                            IDENTITY));

    static final Key<Path> KEY_FOLDER =
            new Key<>(
                    "keys",
                    Kinds.file(),
                    new Presence.Unset<>("`keys` in the data folder", "\"/etc/whimbrel/keys\""),
                    RESTART,
                    "The folder in which `whimbrel dkim` makes and replaces keys. The server must"
                            + " be able to write there, or it cannot finish a replacement.");

    static final Key<Integer> THREADS =
            new Key<>(
                    "threads",
                    Kinds.integer(1, 1_024),
                    new Presence.Unset<>("as many as there are processors", "4"),
                    RESTART,
                    "How many threads sign.");

    static final Key<Long> MEMORY =
            Key.withDefault(
                    "memory",
                    Kinds.size(64 << 10, 4L << 30),
                    SigningSettings.MEMORY_DEFAULT,
                    RESTART,
                    "For signatures that may be needed again, for other recipients or later"
                            + " attempts; others are made anew.");

    static final TableSpec SIGNING =
            TableSpec.one("signing", "How mail is signed.", List.of(KEY_FOLDER, THREADS, MEMORY));

    private DkimKeys() {}

    static SigningSettings settings(FileValues values, MailClasses classes, Config.Node node) {
        TableValues signing = values.one(SIGNING);
        return new SigningSettings(
                values.all(DKIM).stream().map(table -> rule(table, classes)).toList(),
                ArcKeys.settings(values.one(ArcKeys.ARC), node.name()),
                signing.find(KEY_FOLDER).orElse(node.dataFolder().resolve("keys")),
                signing.find(THREADS).map(OptionalInt::of).orElse(OptionalInt.empty()),
                signing.get(MEMORY));
    }

    private static DkimRule rule(TableValues table, MailClasses classes) {
        List<DkimRule.Kind> kinds = new ArrayList<>();
        for (String name : table.find(CLASSES).orElse(List.of())) {
            ClassSettings kind = classes.named(name);
            kinds.add(new DkimRule.Kind(kind.pool(), kind.priority()));
        }
        Canonicalization canonical = table.get(CANONICALIZATION);
        return new DkimRule(
                table.get(DOMAIN),
                table.get(SELECTOR),
                table.get(KEY),
                new DkimRule.Scope(
                        table.find(AUTHORS).orElse(List.of()),
                        table.get(SUB_DOMAINS),
                        table.find(TENANTS).orElse(List.of()),
                        kinds,
                        table.get(SIGN) == Sign.ALWAYS),
                new Form(
                        canonical.headerIsRelaxed(),
                        canonical.bodyIsRelaxed(),
                        table.find(HEADERS).orElse(Form.FIELDS),
                        table.find(OVER_SIGN).orElse(Form.OVER_SIGNED),
                        table.find(EXPIRE),
                        table.find(IDENTITY).orElse(new Identity.Unsaid())));
    }

    private static Optional<Optional<DomainName>> readDomain(String text) {
        Optional<DomainName> name =
                DomainName.parse(text)
                        .filter(it -> !it.isLiteral() && Labels.isQualified(it.value()));
        return text.equals(EVERY) || name.isPresent() ? Optional.of(name) : Optional.empty();
    }

    static Optional<KeyPlace> readPlace(String text) {
        return KeyPlace.parse(text)
                .filter(place -> !(place instanceof KeyPlace.File(Path file)) || file.isAbsolute());
    }

    /// One label or several (RFC 6376 §3.1).
    static boolean isSelector(String text) {
        return text.length() <= SELECTOR_MAX
                && SELECTOR_PATTERN.matcher(text).matches()
                && Labels.isName(text);
    }

    private static Optional<Sign> readSign(String text) {
        return switch (text) {
            case "always" -> Optional.of(Sign.ALWAYS);
            case "if-absent" -> Optional.of(Sign.IF_ABSENT);
            default -> Optional.empty();
        };
    }

    private static Optional<Identity> readIdentity(String text) {
        if (text.equals(AUTHOR)) {
            return Optional.of(new Identity.Author());
        }
        int at = text.lastIndexOf('@');
        boolean isAddress =
                at >= 0
                        && text.chars().allMatch(c -> c > ' ' && c <= '~' && c != ';')
                        && Labels.isQualified(text.substring(at + 1));
        return isAddress
                ? Optional.of(
                        new Identity.Fixed(
                                text.substring(0, at)
                                        + text.substring(at).toLowerCase(Locale.ROOT)))
                : Optional.empty();
    }

    private static String render(Identity identity) {
        return switch (identity) {
            case Identity.Author() -> AUTHOR;
            case Identity.Fixed(String text) -> text;
            case Identity.Unsaid() -> "";
        };
    }
}
