package io.whimbrel.config;

import static io.whimbrel.toml.Key.Change.RELOAD;

import io.whimbrel.reception.ListenTls;
import io.whimbrel.reception.TlsMode;
import io.whimbrel.tls.CertificateFiles;
import io.whimbrel.tls.ClientCertificates;
import io.whimbrel.tls.ProtocolMinimum;
import io.whimbrel.tls.ServerTlsSettings;
import io.whimbrel.toml.Findings;
import io.whimbrel.toml.Key;
import io.whimbrel.toml.Key.Presence;
import io.whimbrel.toml.Kinds;
import io.whimbrel.toml.TableSpec;
import io.whimbrel.toml.TableValues;
import io.whimbrel.toml.ValueKind;

import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;

/// The keys of `[[listen]]` about TLS, and `[[certificate]]`. Stateless.
final class TlsKeys {
    static final Key<TlsMode> TLS =
            Key.withDefault(
                    "tls",
                    Kinds.choice(List.of(TlsMode.values())),
                    TlsMode.NONE,
                    RELOAD,
                    "Whether clients speak TLS: never; when they ask for it by STARTTLS; by"
                            + " STARTTLS, and no mail without it; or from the first octet on, as on"
                            + " port 465.");

    static final Key<Path> CERTIFICATE =
            new Key<>(
                    "certificate",
                    Kinds.file(),
                    new Presence.Unset<>(
                            "the first `[[certificate]]`", "\"/etc/whimbrel/tls/cert.pem\""),
                    RELOAD,
                    "The certificate of this listener, in PEM: its own first, then those that lead"
                            + " from it to an authority (`fullchain.pem`). Read again within a"
                            + " minute when the file changes.");

    static final Key<Path> KEY =
            new Key<>(
                    "key",
                    Kinds.file(),
                    new Presence.Unset<>("as `certificate`", "\"/etc/whimbrel/tls/key.pem\""),
                    RELOAD,
                    "The private key of `certificate`, in PEM, without a passphrase: ECDSA (the"
                            + " cheapest), RSA or Ed25519.");

    static final Key<ClientCertificates> CLIENT_CERTIFICATES =
            Key.withDefault(
                    "client-certificates",
                    Kinds.choice(List.of(ClientCertificates.values())),
                    ClientCertificates.NONE,
                    RELOAD,
                    "Whether clients are asked for a certificate. With `optional`, one that no"
                            + " authority in `client-ca` has issued gives no identity, and is no"
                            + " obstacle; with `required`, it ends the handshake.");

    static final Key<Path> CLIENT_CA =
            new Key<>(
                    "client-ca",
                    Kinds.file(),
                    new Presence.Unset<>(
                            "no client certificate is believed",
                            "\"/etc/whimbrel/tls/client-ca.pem\""),
                    RELOAD,
                    "The authorities that issue client certificates, in PEM.");

    static final Key<ProtocolMinimum> MINIMUM =
            Key.withDefault(
                    "tls-minimum",
                    minimum(),
                    ProtocolMinimum.TLS_1_2,
                    RELOAD,
                    "The oldest version of TLS that clients may speak. With \"1.3\" many mail"
                            + " servers of others fall back to plain text, or cannot send at all.");

    /// To be added to `[[listen]]`.
    static final List<Key<?>> LISTEN_KEYS =
            List.of(TLS, CERTIFICATE, KEY, CLIENT_CERTIFICATES, CLIENT_CA, MINIMUM);

    static final Key<Path> MORE_CERTIFICATE =
            Key.required(
                    "certificate",
                    Kinds.file(),
                    "\"/etc/whimbrel/tls/mx2-cert.pem\"",
                    RELOAD,
                    "The certificate, as in `[[listen]]`.");

    static final Key<Path> MORE_KEY =
            Key.required(
                    "key",
                    Kinds.file(),
                    "\"/etc/whimbrel/tls/mx2-key.pem\"",
                    RELOAD,
                    "Its private key, as in `[[listen]]`.");

    static final TableSpec MORE =
            new TableSpec(
                    "certificate",
                    true,
                    false,
                    Optional.of(MORE_CERTIFICATE),
                    "A further certificate of all listeners that speak TLS. Each client gets the"
                            + " one for the name that it asks for (SNI), and that it can verify;"
                            + " otherwise its listener's own, or the first one of these.",
                    List.of(MORE_CERTIFICATE, MORE_KEY));

    private TlsKeys() {}

    /// @param listen a `[[listen]]` without errors
    /// @param more every `[[certificate]]`
    static ListenTls settings(TableValues listen, List<TableValues> more) {
        TlsMode mode = listen.get(TLS);
        if (mode == TlsMode.NONE) {
            return ListenTls.NONE;
        }
        var certificates = new ArrayList<CertificateFiles>();
        Optional<Path> own = listen.find(CERTIFICATE);
        own.ifPresent(file -> certificates.add(new CertificateFiles(file, listen.get(KEY))));
        for (TableValues table : more) {
            certificates.add(
                    new CertificateFiles(table.get(MORE_CERTIFICATE), table.get(MORE_KEY)));
        }
        return new ListenTls(
                mode,
                Optional.of(
                        new ServerTlsSettings(
                                certificates,
                                listen.get(CLIENT_CERTIFICATES),
                                listen.find(CLIENT_CA),
                                listen.get(MINIMUM))));
    }

    /// What the keys contradict each other in.
    static void check(TableValues listen, boolean hasMore, Findings findings) {
        boolean hasCertificate = listen.isWritten(CERTIFICATE);
        if (hasCertificate != listen.isWritten(KEY)) {
            findings.error(
                    listen.placeOf(hasCertificate ? CERTIFICATE : KEY),
                    hasCertificate
                            ? "certificate: its key is missing; add key = "
                                    + KEY.example()
                                    + ", the file that it was made with"
                            : "key: its certificate is missing; add certificate = "
                                    + CERTIFICATE.example());
        }
        Optional<TlsMode> mode = listen.find(TLS);
        if (mode.equals(Optional.of(TlsMode.NONE))) {
            checkUnused(listen, findings);
        } else if (mode.isPresent() && !hasCertificate && !hasMore) {
            findings.error(
                    listen.placeOf(TLS),
                    "tls: "
                            + listen.rendered(TLS)
                            + " needs a certificate; name one by certificate and key in this table,"
                            + " or in a [[certificate]]");
        }
        if (listen.find(CLIENT_CERTIFICATES).equals(Optional.of(ClientCertificates.REQUIRED))
                && !listen.isWritten(CLIENT_CA)) {
            findings.error(
                    listen.placeOf(CLIENT_CERTIFICATES),
                    "client-certificates: \"required\" needs client-ca, the authorities that issue"
                            + " them");
        }
    }

    private static void checkUnused(TableValues listen, Findings findings) {
        for (Key<?> key : LISTEN_KEYS) {
            if (!key.equals(TLS) && listen.isWritten(key)) {
                findings.warn(
                        listen.placeOf(key),
                        key.name() + ": without effect, for tls is \"none\" here");
            }
        }
    }

    static ValueKind<ProtocolMinimum> minimum() {
        return ValueKind.ofParsed(
                "is no version of TLS that is spoken here",
                "\"1.2\" or \"1.3\"",
                text ->
                        switch (text) {
                            case "1.2" -> Optional.of(ProtocolMinimum.TLS_1_2);
                            case "1.3" -> Optional.of(ProtocolMinimum.TLS_1_3);
                            default -> Optional.empty();
                        },
                value ->
                        switch (value) {
                            case TLS_1_2 -> "1.2";
                            case TLS_1_3 -> "1.3";
                        });
    }
}
