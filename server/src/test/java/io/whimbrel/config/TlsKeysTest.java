package io.whimbrel.config;

import static org.assertj.core.api.Assertions.assertThat;

import io.whimbrel.reception.ListenTls;
import io.whimbrel.reception.TlsMode;
import io.whimbrel.tls.CertificateFiles;
import io.whimbrel.tls.ClientCertificates;
import io.whimbrel.tls.ProtocolMinimum;
import io.whimbrel.tls.ServerTlsSettings;
import io.whimbrel.toml.ConfigFinding;
import io.whimbrel.toml.Findings;
import io.whimbrel.toml.Findings.Place;
import io.whimbrel.toml.Key;
import io.whimbrel.toml.TableSpec;
import io.whimbrel.toml.TableValues;
import io.whimbrel.toml.ValueKind;

import org.junit.jupiter.api.Test;

import java.nio.file.Path;
import java.util.List;
import java.util.Optional;

class TlsKeysTest {
    private static final Path OWN = Path.of("/tls/own.pem");
    private static final Path OWN_KEY = Path.of("/tls/own.key");
    private static final Path MORE = Path.of("/tls/more.pem");
    private static final Path MORE_KEY = Path.of("/tls/more.key");

    private final Findings findings = new Findings("w.toml");
    private final TableValues listen =
            new TableValues(
                    new TableSpec("listen", true, true, Optional.empty(), "", TlsKeys.LISTEN_KEYS),
                    Place.START);

    @Test
    void nothingWritten_isNoTls() {
        assertThat(TlsKeys.settings(listen, List.of(more()))).isEqualTo(ListenTls.NONE);
        assertThat(messages(true)).isEmpty();
    }

    @Test
    void ownCertificate_standsBeforeTheOthers() {
        write(TlsKeys.TLS, TlsMode.STARTTLS);
        write(TlsKeys.CERTIFICATE, OWN);
        write(TlsKeys.KEY, OWN_KEY);
        write(TlsKeys.MINIMUM, ProtocolMinimum.TLS_1_3);
        var settings =
                new ServerTlsSettings(
                        List.of(
                                new CertificateFiles(OWN, OWN_KEY),
                                new CertificateFiles(MORE, MORE_KEY)),
                        ClientCertificates.NONE,
                        Optional.empty(),
                        ProtocolMinimum.TLS_1_3);
        assertThat(TlsKeys.settings(listen, List.of(more())))
                .isEqualTo(new ListenTls(TlsMode.STARTTLS, Optional.of(settings)));
        assertThat(messages(true)).isEmpty();
    }

    @Test
    void otherCertificates_areEnough() {
        write(TlsKeys.TLS, TlsMode.IMPLICIT);
        assertThat(TlsKeys.settings(listen, List.of(more())).settings().orElseThrow())
                .isEqualTo(ServerTlsSettings.of(new CertificateFiles(MORE, MORE_KEY)));
        assertThat(messages(true)).isEmpty();
    }

    @Test
    void contradictions_areErrors() {
        write(TlsKeys.TLS, TlsMode.REQUIRED);
        write(TlsKeys.CLIENT_CERTIFICATES, ClientCertificates.REQUIRED);
        assertThat(messages(false))
                .anySatisfy(it -> assertThat(it).contains("tls: \"required\" needs a certificate"))
                .anySatisfy(it -> assertThat(it).contains("needs client-ca"));
        write(TlsKeys.CERTIFICATE, OWN);
        assertThat(messages(false))
                .anySatisfy(it -> assertThat(it).contains("certificate: its key is missing"));
    }

    @Test
    void keysWithoutTls_areWarnedOf() {
        write(TlsKeys.CERTIFICATE, OWN);
        write(TlsKeys.KEY, OWN_KEY);
        assertThat(messages(false)).isEmpty();
        assertThat(findings.warnings()).hasSize(2);
    }

    @Test
    void versionsOfTls_areThoseThatAreSpoken() {
        var kind = TlsKeys.MINIMUM.kind();
        assertThat(kind.reader().apply("1.3"))
                .isEqualTo(new ValueKind.Reading.Good<>(ProtocolMinimum.TLS_1_3));
        assertThat(kind.reader().apply("1.1")).isInstanceOf(ValueKind.Reading.Bad.class);
        assertThat(kind.renderer().apply(ProtocolMinimum.TLS_1_2)).isEqualTo("\"1.2\"");
        assertThat(TlsKeys.KEY.kind().reader().apply("key.pem"))
                .isInstanceOf(ValueKind.Reading.Bad.class);
    }

    private List<String> messages(boolean hasMore) {
        TlsKeys.check(listen, hasMore, findings);
        return findings.errors().stream().map(ConfigFinding::toString).toList();
    }

    private <T> void write(Key<T> key, T value) {
        listen.addPlace(key, Place.START);
        listen.addGood(key, value);
    }

    private static TableValues more() {
        var values = new TableValues(TlsKeys.MORE, Place.START);
        values.addGood(TlsKeys.MORE_CERTIFICATE, MORE);
        values.addGood(TlsKeys.MORE_KEY, MORE_KEY);
        return values;
    }
}
