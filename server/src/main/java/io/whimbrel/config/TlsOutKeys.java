package io.whimbrel.config;

import static io.whimbrel.toml.Key.Change.RELOAD;

import io.whimbrel.mail.DomainPattern;
import io.whimbrel.tls.CertificateFiles;
import io.whimbrel.tls.ProtocolMinimum;
import io.whimbrel.toml.AddressText;
import io.whimbrel.toml.Findings;
import io.whimbrel.toml.Key;
import io.whimbrel.toml.Key.Presence;
import io.whimbrel.toml.Kinds;
import io.whimbrel.toml.TableSpec;
import io.whimbrel.toml.TableValues;
import io.whimbrel.toml.ValueKind;
import io.whimbrel.transport.TlsLevel;
import io.whimbrel.transport.TlsOutSettings;
import io.whimbrel.transport.TlsRule;

import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.Optional;

/// The keys of `[tls-out]` and `[[tls-policy]]`. Stateless.
final class TlsOutKeys {
    private static final TlsOutSettings DEFAULT = TlsOutSettings.DEFAULT;
    private static final int NAMES_MAX = 16;

    static final Key<TlsLevel> POLICY =
            Key.withDefault(
                    "policy",
                    level(),
                    DEFAULT.level(),
                    RELOAD,
                    "What holds where no `[[tls-policy]]`, TLSA record or MTA-STS policy says"
                            + " anything: no TLS (`none`); TLS where it works (`may`); nothing"
                            + " without TLS (`encrypt`); nothing without a certificate for the"
                            + " host's name (`verify`); TLSA records where there are such (`dane`),"
                            + " nothing without them (`dane-only`); the domain's MTA-STS policy"
                            + " where there is one (`mta-sts`).");

    static final Key<ProtocolMinimum> MINIMUM =
            Key.withDefault(
                    "minimum",
                    TlsKeys.minimum(),
                    DEFAULT.minimum(),
                    RELOAD,
                    "The oldest version of TLS that is spoken with hosts.");

    static final Key<Duration> HANDSHAKE_TIMEOUT =
            Key.withDefault(
                    "handshake-timeout",
                    Kinds.duration(Duration.ofMillis(100), Duration.ofMinutes(10)),
                    DEFAULT.handshakeMost(),
                    RELOAD,
                    "How long a handshake may take; then it has failed.");

    static final Key<Duration> REMEMBER_BROKEN =
            Key.withDefault(
                    "remember-broken",
                    Kinds.duration(Duration.ofSeconds(1), Duration.ofDays(365)),
                    DEFAULT.rememberBroken(),
                    RELOAD,
                    "How long a host whose TLS has failed gets plain text at once, where that is"
                            + " allowed, at most. It begins with an hour, at the second failure"
                            + " with plain text that worked, and doubles.");

    static final Key<Path> CERTIFICATE =
            new Key<>(
                    "certificate",
                    Kinds.file(),
                    new Presence.Unset<>("none is shown", "\"/etc/whimbrel/tls/client.pem\""),
                    RELOAD,
                    "A certificate of ours for hosts that ask for one, in PEM, with those that lead"
                            + " from it to an authority.");

    static final Key<Path> KEY =
            new Key<>(
                    "key",
                    Kinds.file(),
                    new Presence.Unset<>("as `certificate`", "\"/etc/whimbrel/tls/client.key\""),
                    RELOAD,
                    "The private key of `certificate`, in PEM, without a passphrase.");

    static final Key<Path> CA_FILE =
            new Key<>(
                    "ca-file",
                    Kinds.file(),
                    new Presence.Unset<>("those of Java alone", "\"/etc/whimbrel/tls/ca.pem\""),
                    RELOAD,
                    "Authorities that are believed about names of hosts, in PEM, besides those of"
                            + " Java. MTA-STS policies are fetched with those of Java only.");

    static final Key<Boolean> DANE =
            Key.withDefault(
                    "dane",
                    Kinds.flag(),
                    DEFAULT.dane(),
                    RELOAD,
                    "Obey TLSA records (RFC 7672), where answers of the DNS can be trusted.");

    static final Key<Boolean> MTA_STS =
            Key.withDefault(
                    "mta-sts",
                    Kinds.flag(),
                    DEFAULT.mtaSts(),
                    RELOAD,
                    "Obey the MTA-STS policies of domains (RFC 8461).");

    static final Key<Integer> MTA_STS_PORT =
            Key.withDefault(
                    "mta-sts-port",
                    Kinds.integer(1, AddressText.PORT_MAX),
                    DEFAULT.mtaStsPort(),
                    RELOAD,
                    "Where MTA-STS policies are fetched. Only simulators use another than 443.");

    static final TableSpec TLS_OUT =
            TableSpec.one(
                    "tls-out",
                    "TLS with the hosts that mail is sent to.",
                    List.of(
                            POLICY,
                            MINIMUM,
                            HANDSHAKE_TIMEOUT,
                            REMEMBER_BROKEN,
                            CERTIFICATE,
                            KEY,
                            CA_FILE,
                            DANE,
                            MTA_STS,
                            MTA_STS_PORT));

    static final Key<DomainPattern> RULE_DOMAIN =
            new Key<>(
                    "domain",
                    NetworkKinds.domainPattern(),
                    new Presence.Unset<>("any", "\"example.com\""),
                    RELOAD,
                    "For mail to these domains: one, all below one, or all.");

    static final Key<String> RULE_PROVIDER =
            new Key<>(
                    "provider",
                    Kinds.name(),
                    new Presence.Unset<>("any", "\"google\""),
                    RELOAD,
                    "For mail whose hosts are this provider's.");

    static final Key<TlsLevel> RULE_POLICY =
            Key.required(
                    "policy",
                    level(),
                    "\"verify\"",
                    RELOAD,
                    "As in `[tls-out]`. TLSA records and MTA-STS policies count only where it is"
                            + " one of theirs.");

    static final Key<List<String>> RULE_NAMES =
            Key.withDefault(
                    "names",
                    ValueKind.listOf(certifiedName(), "names", NAMES_MAX),
                    List.of(),
                    RELOAD,
                    "With `verify`: the certificate must be for one of these in place of the host's"
                            + " own name; `.example.com` stands for all hosts below it.");

    static final Key<Path> RULE_CERTIFICATE =
            new Key<>(
                    "certificate",
                    Kinds.file(),
                    new Presence.Unset<>("that of `[tls-out]`", "\"/etc/whimbrel/tls/x.pem\""),
                    RELOAD,
                    "A certificate of ours for these hosts.");

    static final Key<Path> RULE_KEY =
            new Key<>(
                    "key",
                    Kinds.file(),
                    new Presence.Unset<>("as `certificate`", "\"/etc/whimbrel/tls/x.key\""),
                    RELOAD,
                    "The private key of `certificate`.");

    static final TableSpec TLS_POLICY =
            new TableSpec(
                    "tls-policy",
                    true,
                    false,
                    Optional.empty(),
                    "TLS with the hosts of some domains or of a provider. The first that matches"
                            + " counts.",
                    List.of(
                            RULE_DOMAIN,
                            RULE_PROVIDER,
                            RULE_POLICY,
                            RULE_NAMES,
                            RULE_CERTIFICATE,
                            RULE_KEY));

    private TlsOutKeys() {}

    static TlsOutSettings settings(TableValues table, List<TableValues> rules) {
        return new TlsOutSettings(
                table.get(POLICY),
                table.get(MINIMUM),
                table.get(HANDSHAKE_TIMEOUT),
                table.get(REMEMBER_BROKEN),
                files(table, CERTIFICATE, KEY),
                table.find(CA_FILE),
                table.get(DANE),
                table.get(MTA_STS),
                table.get(MTA_STS_PORT),
                rules.stream().map(TlsOutKeys::rule).toList());
    }

    private static TlsRule rule(TableValues table) {
        return new TlsRule(
                table.find(RULE_DOMAIN),
                table.find(RULE_PROVIDER),
                table.get(RULE_POLICY),
                table.get(RULE_NAMES),
                files(table, RULE_CERTIFICATE, RULE_KEY));
    }

    private static Optional<CertificateFiles> files(
            TableValues table, Key<Path> certificate, Key<Path> key) {
        return table.find(certificate).map(file -> new CertificateFiles(file, table.get(key)));
    }

    /// What the keys contradict each other in.
    static void check(TableValues table, List<TableValues> rules, Findings findings) {
        checkPair(table, CERTIFICATE, KEY, findings);
        for (TableValues rule : rules) {
            checkPair(rule, RULE_CERTIFICATE, RULE_KEY, findings);
            if (!rule.isWritten(RULE_DOMAIN) && !rule.isWritten(RULE_PROVIDER)) {
                findings.error(
                        rule.place(), "whose mail is this about? add domain, provider or both");
            }
            boolean hasNames = rule.isWritten(RULE_NAMES);
            if (hasNames && !rule.find(RULE_POLICY).equals(Optional.of(TlsLevel.VERIFY))) {
                findings.warn(
                        rule.placeOf(RULE_NAMES),
                        "names: without effect, for policy is not" + " \"verify\" here");
            }
        }
    }

    private static void checkPair(
            TableValues table, Key<Path> certificate, Key<Path> key, Findings findings) {
        boolean hasCertificate = table.isWritten(certificate);
        if (hasCertificate != table.isWritten(key)) {
            findings.error(
                    table.placeOf(hasCertificate ? certificate : key),
                    hasCertificate
                            ? "certificate: its key is missing; add key"
                            : "key: its certificate is missing; add certificate");
        }
    }

    static ValueKind<TlsLevel> level() {
        return ValueKind.ofParsed(
                "is no policy",
                "\"none\", \"may\", \"encrypt\", \"verify\", \"dane\", \"dane-only\" or"
                        + " \"mta-sts\"",
                TlsLevel::parse,
                TlsLevel::text);
    }

    private static ValueKind<String> certifiedName() {
        return ValueKind.ofParsed(
                "is no name",
                "a host name, or \".example.com\" for all below it",
                text ->
                        text.startsWith(".")
                                ? DomainPattern.parse("*" + text)
                                        .filter(it -> it instanceof DomainPattern.Below)
                                        .map(it -> it.text().substring(1))
                                : DomainPattern.parse(text)
                                        .filter(it -> it instanceof DomainPattern.Exactly)
                                        .map(DomainPattern::text),
                text -> text);
    }
}
