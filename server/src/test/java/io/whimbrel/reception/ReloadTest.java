package io.whimbrel.reception;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.whimbrel.auth.AuthSettings;
import io.whimbrel.mail.Rate;
import io.whimbrel.policy.DoorCount;
import io.whimbrel.policy.DoorLimits;
import io.whimbrel.policy.DoorSettings;
import io.whimbrel.tls.CertificateFiles;
import io.whimbrel.tls.ServerTlsSettings;

import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.FileTime;
import java.security.cert.X509Certificate;
import java.time.Duration;
import java.time.Instant;
import java.util.List;
import java.util.Map;

import javax.net.ssl.SSLSocket;

/// What a reload changes, and what outlives it.
class ReloadTest {
    @TempDir private Path folder;

    private TestListens listens(CertificateFiles certificate) {
        return new TestListens()
                .tls(TlsMode.STARTTLS, ServerTlsSettings.of(certificate))
                .auth(
                        new AuthSettings(
                                AuthSettings.Mode.OPTIONAL,
                                TestReception.auth(AuthSettings.Mode.OPTIONAL, files().users())
                                        .users(),
                                AuthSettings.NONE.oauth(),
                                AuthSettings.NONE.mechanisms(),
                                new AuthSettings.Lockout(
                                        1, Duration.ofMinutes(10), Duration.ofMinutes(15)),
                                Duration.ZERO));
    }

    private TestFiles files() {
        return new TestFiles(folder);
    }

    private static String subject(TestReception reception) throws IOException {
        try (var talk = reception.greeted()) {
            talk.startTls();
            var own =
                    (X509Certificate)
                            ((SSLSocket) talk.socket()).getSession().getPeerCertificates()[0];
            return own.getSubjectX500Principal().getName();
        }
    }

    @Test
    void certificates_areSwapped_forNewSessions() throws IOException {
        TestListens first = listens(files().certificate("first"));
        try (var reception = TestReception.start(first.settings())) {
            assertThat(subject(reception)).isEqualTo("CN=first");
            try (var old = reception.greeted()) {
                reception.reload(listens(files().certificate("second")).settings());
                assertThat(subject(reception)).isEqualTo("CN=second");
                old.startTls();
                old.command("NOOP", "250");
            }
        }
    }

    @Test
    void certificateInTheSameFile_isReadAnew() throws IOException {
        CertificateFiles mine = files().certificate("first");
        CertificateFiles next = files().certificate("second");
        TestListens listens = listens(mine);
        try (var reception = TestReception.start(listens.settings())) {
            assertThat(subject(reception)).isEqualTo("CN=first");
            Files.copy(next.key(), mine.key(), java.nio.file.StandardCopyOption.REPLACE_EXISTING);
            Files.copy(
                    next.certificate(),
                    mine.certificate(),
                    java.nio.file.StandardCopyOption.REPLACE_EXISTING);
            FileTime later = FileTime.from(Instant.parse("2030-01-01T00:00:00Z"));
            Files.setLastModifiedTime(mine.certificate(), later);
            reception.reload(listens.settings());
            assertThat(subject(reception)).isEqualTo("CN=second");
        }
    }

    @Test
    void certificateThatCannotBeRead_refusesTheReload_andNothingChanges() throws IOException {
        CertificateFiles good = files().certificate("first");
        var bad = new CertificateFiles(folder.resolve("missing.crt"), good.key());
        try (var reception = TestReception.start(listens(good).settings())) {
            TestListens next =
                    listens(bad)
                            .relayFrom(TestReception.EVERYBODY)
                            .inbound("example.org")
                            .door(errors(1));
            assertThatThrownBy(() -> reception.reload(next.settings()))
                    .isInstanceOf(IOException.class)
                    .hasMessageContaining("missing.crt");
            assertThat(subject(reception)).isEqualTo("CN=first");
            try (var talk = reception.greeted()) {
                talk.command("MAIL FROM:<a@example.com>", "250");
                talk.command("RCPT TO:<a@example.org>", "550 5.7.1");
                talk.command("FOO", "500");
                talk.command("FOO", "500");
                talk.command("FOO", "500");
            }
        }
    }

    private static DoorSettings errors(int most) {
        var limits =
                new DoorLimits(
                        Map.of(DoorCount.ERRORS, new Rate(most, Rate.Window.MINUTE)),
                        Map.of(),
                        Map.of(),
                        Duration.ZERO,
                        Duration.ofMinutes(10),
                        false,
                        List.of());
        return new DoorSettings(limits, List.of(), false, false);
    }

    @Test
    void tenants_areThoseOfTheNewSettings_forNewSessions() throws IOException {
        var before = new TenantTerms("near").add("network", "127.0.0.0/8").add("quota", "1/h");
        var after =
                new TenantTerms("near")
                        .add("network", "127.0.0.0/8")
                        .add("quota", "1/h")
                        .add("from-domains", "shop.example");
        TestListens listens = new TestListens().relayFrom(TestReception.EVERYBODY);
        try (var reception = TestReception.start(listens.tenants(before).settings());
                var old = reception.greeted()) {
            old.openData("a@example.org");
            reception.reload(listens.tenants(after).settings());
            try (var talk = reception.greeted()) {
                talk.command("MAIL FROM:<a@other.example>", "550 5.7.1");
                // Its quota is taken by the session of before.
                talk.command("MAIL FROM:<a@shop.example>", "451 4.7.1");
            }
            old.command("x\r\n.", "250");
        }
    }

    @Test
    void lockOutsAndBans_surviveAReload() throws IOException {
        TestListens listens = listens(files().certificate("first")).door(errors(1));
        try (var reception = TestReception.start(listens.settings())) {
            try (var talk = reception.greeted()) {
                talk.startTls();
                talk.command("AUTH PLAIN " + TestFiles.plain("shop", "wrong"), "535 5.7.8");
            }
            reception.reload(listens.settings());
            try (var talk = reception.greeted()) {
                talk.startTls();
                talk.command("AUTH PLAIN " + TestFiles.plain("shop"), "454 4.7.0 Too many failed");
                talk.command("FOO", "421 4.7.0");
            }
            reception.reload(listens.settings());
            try (var talk = reception.connect()) {
                talk.expect("421 4.7.0");
            }
            assertThat(reception.reception.bans().views()).hasSize(1);
        }
    }
}
