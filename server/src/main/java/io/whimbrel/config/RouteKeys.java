package io.whimbrel.config;

import static io.whimbrel.toml.Key.Change.RELOAD;

import io.whimbrel.mail.DomainPattern;
import io.whimbrel.mail.Network;
import io.whimbrel.mail.Wildcards;
import io.whimbrel.routing.Credentials;
import io.whimbrel.routing.HostSettings;
import io.whimbrel.routing.IpPreference;
import io.whimbrel.routing.RouteConditions;
import io.whimbrel.routing.RouteSettings;
import io.whimbrel.routing.RouteTarget;
import io.whimbrel.toml.Key;
import io.whimbrel.toml.Key.Presence;
import io.whimbrel.toml.Kinds;
import io.whimbrel.toml.TableSpec;
import io.whimbrel.toml.TableValues;
import io.whimbrel.toml.ValueKind;
import io.whimbrel.toml.ValueKind.Reading;
import io.whimbrel.transport.TlsLevel;

import org.tomlj.TomlArray;

import java.nio.file.Path;
import java.util.List;
import java.util.Optional;

/// The keys of `[[route]]`, and those of `[delivery]` that are about which host mail goes to.
/// Stateless.
final class RouteKeys {
    private static final int TEXT_MAX = 200;
    private static final int LIST_MAX = 1_000;
    private static final int TARGETS_MAX = 20;

    static final Key<String> NAME =
            new Key<>(
                    "name",
                    Kinds.name(),
                    new Presence.Unset<>("`route-` and a digest of what it says", "\"shop-relay\""),
                    RELOAD,
                    "What operators, events and sites call it. Mail that waits keeps to the route"
                            + " of this name when the file changes.");

    static final Key<List<DomainPattern>> DOMAIN =
            new Key<>(
                    "domain",
                    oneOrMore(NetworkKinds.domainPattern(), "domains", LIST_MAX),
                    new Presence.Unset<>("every domain", "\"*\""),
                    RELOAD,
                    "Recipients in which domains, one or a list: a domain, all below one (not the"
                            + " domain itself), or all. A route that an earlier one leaves nothing"
                            + " for is refused.");

    static final Key<String> TENANT =
            new Key<>(
                    "tenant",
                    Kinds.name(),
                    new Presence.Unset<>("every tenant", "\"shop\""),
                    RELOAD,
                    "Mail of this tenant only.");

    static final Key<Wildcards> CAMPAIGN =
            new Key<>(
                    "campaign",
                    wildcards("a campaign's name, in which * stands for anything"),
                    new Presence.Unset<>("every campaign", "\"spring-*\""),
                    RELOAD,
                    "Mail of these campaigns only.");

    static final Key<Wildcards> RECIPIENT =
            new Key<>(
                    "recipient",
                    wildcards("an address, in which * stands for anything"),
                    new Presence.Unset<>("every recipient", "\"*-test@example.com\""),
                    RELOAD,
                    "Mail to these addresses only. Recipients of one message that go by different"
                            + " routes are sent apart.");

    static final Key<List<RouteTarget>> TO =
            Key.required(
                    "to",
                    oneOrMore(RouteTargetText.kind(), "targets", TARGETS_MAX),
                    "\"smtp://127.0.0.1:2526\"",
                    RELOAD,
                    "Where it goes: to the MX hosts of the recipient's domain or of another; to a"
                            + " host by SMTP, by SMTP in TLS from the start, or by LMTP; to a"
                            + " program on this machine by LMTP over a UNIX socket; to an HTTP"
                            + " endpoint; nowhere, as if delivered (discard); or back to its sender"
                            + " (refuse). A list of hosts, all spoken to alike, is tried in this"
                            + " order. A host that is named here may be private or loopback.");

    static final Key<String> USER =
            new Key<>(
                    "auth-user",
                    text("a user"),
                    new Presence.Unset<>("nobody logs in", "\"shop\""),
                    RELOAD,
                    "Whom to log in as at the host (AUTH, RFC 4954; HTTP Basic). The strongest"
                            + " mechanism that the host offers is used: SCRAM-SHA-256, CRAM-MD5,"
                            + " PLAIN, LOGIN.");

    static final Key<Path> PASSWORD_FILE =
            new Key<>(
                    "auth-password-file",
                    Kinds.file(),
                    new Presence.Unset<>("there is no password", "\"/etc/whimbrel/relay.secret\""),
                    RELOAD,
                    "The file whose first line is the password. It is read at each login.");

    static final Key<Path> TOKEN_FILE =
            new Key<>(
                    "auth-token-file",
                    Kinds.file(),
                    new Presence.Unset<>("there is no token", "\"/run/whimbrel/relay.token\""),
                    RELOAD,
                    "The file whose first line is a bearer token (XOAUTH2), in place of a"
                            + " password. It is read at each login; something else renews it.");

    static final Key<Boolean> WITHOUT_TLS =
            Key.withDefault(
                    "auth-without-tls",
                    Kinds.flag(),
                    false,
                    RELOAD,
                    "Whether to log in where the connection is not encrypted, so that everybody on"
                            + " the way can read the password, or guess it at leisure. On loopback"
                            + " that needs no permission.");

    static final Key<RouteTarget> FALLBACK =
            new Key<>(
                    "fallback",
                    RouteTargetText.relay(),
                    new Presence.Unset<>(
                            "mail waits; MX hosts have `delivery.fallback`",
                            "\"smtp://relay2.example.com\""),
                    RELOAD,
                    "Where mail goes while no host can be connected to. Where a host answers and"
                            + " refuses, that counts.");

    static final Key<String> POOL =
            new Key<>(
                    "pool",
                    Kinds.name(),
                    new Presence.Unset<>("that of its stream", "\"transactional\""),
                    RELOAD,
                    "The pool of sources that mail by this route leaves from.");

    static final Key<TlsLevel> TLS =
            new Key<>(
                    "tls",
                    TlsOutKeys.level(),
                    new Presence.Unset<>(
                            "as for every host; `verify` where the route logs in", "\"verify\""),
                    RELOAD,
                    "The TLS policy of connections by this route, one of those of `[tls-out]`. It"
                            + " goes before the policy of the domain. A route that logs in verifies"
                            + " the host by default, unless it is this machine or a private"
                            + " address; `encrypt` tells the password to whoever answers.");

    static final Key<String> TEXT =
            new Key<>(
                    "text",
                    text("a text"),
                    new Presence.Unset<>(
                            "the name of the route is said", "\"No mail to partners\""),
                    RELOAD,
                    "What is said to senders, or in events, of mail that is refused or discarded.");

    static final TableSpec ROUTE =
            new TableSpec(
                    "route",
                    true,
                    false,
                    Optional.of(NAME),
                    "Where some mail goes. The first whose conditions all hold wins; mail that none"
                            + " is for goes to the MX hosts of its domain.",
                    List.of(
                            NAME,
                            DOMAIN,
                            TENANT,
                            CAMPAIGN,
                            RECIPIENT,
                            TO,
                            USER,
                            PASSWORD_FILE,
                            TOKEN_FILE,
                            WITHOUT_TLS,
                            FALLBACK,
                            POOL,
                            TLS,
                            TEXT));

    static final Key<IpPreference> IP =
            Key.withDefault(
                    "ip",
                    ValueKind.ofParsed(
                            "is no preference",
                            "\"by-turns\", \"4-first\", \"6-first\", \"4\" or \"6\"",
                            RouteKeys::preference,
                            RouteKeys::render),
                    IpPreference.BY_TURNS,
                    RELOAD,
                    "Which addresses of a host are tried first: IPv6 and IPv4 by turns, all of one"
                            + " before the other, or only one. A provider's own preference counts"
                            + " more.");

    static final Key<List<Wildcards>> SKIP_HOSTS =
            Key.withDefault(
                    "skip-hosts",
                    ValueKind.listOf(
                            wildcards("a host name, in which * stands for anything"),
                            "names",
                            LIST_MAX),
                    List.of(),
                    RELOAD,
                    "MX hosts that are never tried: old ones that domains still name.");

    static final Key<RouteTarget> DELIVERY_FALLBACK =
            new Key<>(
                    "fallback",
                    RouteTargetText.relay(),
                    new Presence.Unset<>("mail waits", "\"smtp://relay.example.com\""),
                    RELOAD,
                    "Where mail goes while none of its domain's MX hosts can be connected to. Where"
                            + " a host answers and refuses, that counts.");

    private RouteKeys() {}

    /// In a file without errors.
    static RouteSettings settings(TableValues table) {
        var conditions =
                new RouteConditions(
                        table.find(DOMAIN).orElse(List.of()),
                        table.find(TENANT),
                        table.find(CAMPAIGN),
                        table.find(RECIPIENT));
        var terms =
                new RouteSettings.Terms(
                        table.find(POOL).orElse(""),
                        table.find(TLS).map(TlsLevel::text).orElse(""),
                        credentials(table),
                        table.find(FALLBACK),
                        table.find(TEXT).orElse(""));
        return new RouteSettings(table.find(NAME).orElse(""), conditions, table.get(TO), terms);
    }

    private static Optional<Credentials> credentials(TableValues table) {
        Optional<Path> token = table.find(TOKEN_FILE);
        Credentials.Kind kind =
                token.isPresent() ? Credentials.Kind.TOKEN : Credentials.Kind.PASSWORD;
        boolean isWithoutTls = table.get(WITHOUT_TLS);
        return table.find(USER)
                .flatMap(user ->
                        token.or(() -> table.find(PASSWORD_FILE))
                                .map(file -> new Credentials(user, kind, file, isWithoutTls)));
    }

    /// What `[delivery]` says of hosts.
    static HostSettings hosts(TableValues delivery, int port, List<Network> allowPrivate) {
        return new HostSettings(
                port,
                allowPrivate,
                delivery.get(IP),
                delivery.get(SKIP_HOSTS),
                delivery.find(DELIVERY_FALLBACK));
    }

    static Optional<IpPreference> preference(String text) {
        return switch (text) {
            case "by-turns" -> Optional.of(IpPreference.BY_TURNS);
            case "4-first" -> Optional.of(IpPreference.IPV4_FIRST);
            case "6-first" -> Optional.of(IpPreference.IPV6_FIRST);
            case "4" -> Optional.of(IpPreference.IPV4_ONLY);
            case "6" -> Optional.of(IpPreference.IPV6_ONLY);
            default -> Optional.empty();
        };
    }

    private static String render(IpPreference preference) {
        return switch (preference) {
            case BY_TURNS -> "by-turns";
            case IPV4_FIRST -> "4-first";
            case IPV6_FIRST -> "6-first";
            case IPV4_ONLY -> "4";
            case IPV6_ONLY -> "6";
        };
    }

    static ValueKind<Wildcards> wildcards(String allowed) {
        return ValueKind.ofParsed(
                "is no pattern",
                allowed,
                text -> Optional.of(text).filter(RouteKeys::isText).map(Wildcards::new),
                Wildcards::text);
    }

    private static ValueKind<String> text(String noun) {
        return ValueKind.ofParsed(
                "is no text",
                noun + " of 1 to " + TEXT_MAX + " printable characters of US-ASCII",
                text ->
                        Optional.of(text)
                                .filter(RouteKeys::isText)
                                .filter(it -> it.chars().allMatch(c -> c >= ' ' && c <= '~')),
                text -> text);
    }

    private static boolean isText(String text) {
        return !text.isBlank()
                && text.length() <= TEXT_MAX
                && text.chars().noneMatch(Character::isISOControl);
    }

    /// A value, or a list of at least one.
    static <T> ValueKind<List<T>> oneOrMore(ValueKind<T> kind, String nouns, int most) {
        ValueKind<List<T>> list = ValueKind.listOf(kind, nouns, most);
        return new ValueKind<>(
                kind.allowed() + "; or a list of at most " + most + " " + nouns,
                value -> readOneOrMore(kind, list, value),
                values ->
                        values.size() == 1
                                ? kind.renderer().apply(values.getFirst())
                                : list.renderer().apply(values));
    }

    private static <T> Reading<List<T>> readOneOrMore(
            ValueKind<T> kind, ValueKind<List<T>> list, Object value) {
        if (value instanceof TomlArray array) {
            return array.isEmpty()
                    ? Reading.bad("a list of 0 elements is too short")
                    : list.reader().apply(value);
        }
        return switch (kind.reader().apply(value)) {
            case Reading.Good<T>(T one) -> new Reading.Good<>(List.of(one));
            case Reading.Bad<T>(var problems) -> new Reading.Bad<>(problems);
        };
    }
}
