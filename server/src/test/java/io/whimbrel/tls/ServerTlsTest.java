package io.whimbrel.tls;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import org.conscrypt.Conscrypt;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.EnumSource;

import java.io.ByteArrayInputStream;
import java.io.IOException;
import java.io.OutputStream;
import java.net.Socket;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.nio.file.attribute.FileTime;
import java.security.GeneralSecurityException;
import java.security.MessageDigest;
import java.time.Instant;
import java.time.InstantSource;
import java.util.Arrays;
import java.util.HexFormat;
import java.util.List;
import java.util.Optional;
import java.util.Random;

import javax.net.ssl.SSLSocket;

/// Handshakes with `openssl s_client` and Java's clients, by both providers.
class ServerTlsTest {
    private static final InstantSource CLOCK = InstantSource.system();

    @TempDir private Path folder;
    private OpenSsl openSsl;

    @BeforeEach
    void findOpenSsl() {
        openSsl = new OpenSsl(folder);
    }

    @ParameterizedTest
    @CsvSource({"CONSCRYPT, 1_2", "CONSCRYPT, 1_3", "JSSE, 1_2", "JSSE, 1_3"})
    void handshake_ofEachVersion_hasFacts(TlsProvider provider, String version)
            throws IOException, InterruptedException {
        try (TlsServer server = server(provider, openSsl.certificate("ec", "ec"))) {
            String said =
                    openSsl.client(
                            server.address(), "-tls" + version, "-servername", "MX.Ec.example");
            assertThat(said)
                    .contains("New, TLSv" + version.replace('_', '.'))
                    .contains("220 hello");
            TlsFacts facts = server.facts();
            assertThat(facts.protocol()).isEqualTo("TLSv" + version.replace('_', '.'));
            assertThat(facts.cipher()).contains("AES").contains("GCM");
            assertThat(facts.serverName()).contains("mx.ec.example");
            assertThat(facts.clientCertificate()).isEmpty();
        }
    }

    @ParameterizedTest
    @CsvSource({
        "CONSCRYPT, -tls1, ALL",
        "CONSCRYPT, -tls1_1, ALL",
        "CONSCRYPT, -tls1_2, AES128-SHA",
        "CONSCRYPT, -tls1_2, AES128-GCM-SHA256",
        "CONSCRYPT, -tls1_2, ECDHE-RSA-AES128-SHA",
        "CONSCRYPT, -tls1_2, DHE-RSA-AES128-GCM-SHA256",
        "JSSE, -tls1, ALL",
        "JSSE, -tls1_1, ALL",
        "JSSE, -tls1_2, AES128-SHA",
        "JSSE, -tls1_2, AES128-GCM-SHA256",
        "JSSE, -tls1_2, ECDHE-RSA-AES128-SHA",
        "JSSE, -tls1_2, DHE-RSA-AES128-GCM-SHA256"
    })
    void whatIsWeak_isRefused(TlsProvider provider, String version, String cipher)
            throws IOException, InterruptedException {
        try (TlsServer server = server(provider, openSsl.certificate("rsa", "rsa"))) {
            String ciphers = cipher + ":@SECLEVEL=0";
            String said = openSsl.client(server.address(), version, "-cipher", ciphers);
            assertThat(said).contains("alert").doesNotContain("220 hello");
            assertThat(server.failure()).doesNotContain("\n");
        }
    }

    @ParameterizedTest
    @EnumSource
    void minimum13_refuses12(TlsProvider provider) throws IOException {
        var settings =
                new ServerTlsSettings(
                        List.of(openSsl.certificate("ec", "ec")),
                        ClientCertificates.NONE,
                        Optional.empty(),
                        ProtocolMinimum.TLS_1_3);
        try (var server = new TlsServer(ServerTls.load(settings, provider, CLOCK), false)) {
            assertThat(openSsl.client(server.address(), "-tls1_2")).doesNotContain("220 hello");
            assertThat(openSsl.client(server.address(), "-tls1_3")).contains("220 hello");
        }
    }

    @ParameterizedTest
    @EnumSource
    void orderOfSuites_isOurs(TlsProvider provider) throws IOException {
        try (TlsServer server = server(provider, openSsl.certificate("rsa", "rsa"))) {
            String theirs =
                    "ECDHE-RSA-CHACHA20-POLY1305:ECDHE-RSA-AES256-GCM-SHA384"
                            + ":ECDHE-RSA-AES128-GCM-SHA256";
            assertThat(openSsl.client(server.address(), "-tls1_2", "-cipher", theirs))
                    .contains("Cipher is ECDHE-RSA-AES128-GCM-SHA256");
        }
    }

    @ParameterizedTest
    @EnumSource
    void serverName_choosesTheCertificate(TlsProvider provider) throws IOException {
        try (TlsServer server =
                server(
                        provider,
                        openSsl.certificate("first", "ec"),
                        openSsl.certificate("second", "rsa"),
                        openSsl.certificate("third", "ed25519"))) {
            assertThat(subject(server, "-servername", "first.test")).isEqualTo("first");
            assertThat(subject(server, "-servername", "SECOND.test")).isEqualTo("second");
            assertThat(subject(server, "-servername", "a.second.example")).isEqualTo("second");
            assertThat(subject(server, "-servername", "third.test")).isEqualTo("third");
            assertThat(subject(server, "-servername", "b.a.second.example")).isEqualTo("first");
            assertThat(subject(server, "-servername", "other.test")).isEqualTo("first");
            assertThat(subject(server, "-noservername")).isEqualTo("first");
        }
    }

    @ParameterizedTest
    @EnumSource
    void twoKindsForOneName_goToThoseWhoCanVerifyThem(TlsProvider provider) throws IOException {
        try (TlsServer server =
                server(
                        provider,
                        openSsl.certificate("own-ec", "ec", "own"),
                        openSsl.certificate("own-rsa", "rsa", "own"))) {
            String[] byName = {"-servername", "own.test"};
            assertThat(subject(server, byName)).isEqualTo("own-ec");
            assertThat(subject(server, "-sigalgs", "RSA-PSS+SHA256")).isEqualTo("own-rsa");
            assertThat(subject(server, "-tls1_2", "-cipher", "aRSA")).isEqualTo("own-rsa");
            assertThat(subject(server, "-tls1_2", "-cipher", "aECDSA")).isEqualTo("own-ec");
        }
    }

    private String subject(TlsServer server, String... options) {
        String said = openSsl.client(server.address(), options);
        int at = said.indexOf("subject=CN = ");
        assertThat(at).as(said).isPositive();
        return said.substring(at + 13, said.indexOf('\n', at));
    }

    @ParameterizedTest
    @CsvSource({"CONSCRYPT, -tls1_2", "CONSCRYPT, -tls1_3", "JSSE, -tls1_2", "JSSE, -tls1_3"})
    void session_isResumed_overAReloadToo_butNotWithAnotherCertificate(
            TlsProvider provider, String version) throws IOException {
        CertificateFiles files = openSsl.certificate("ec", "ec");
        ServerTls tls = ServerTls.load(ServerTlsSettings.of(files), provider, CLOCK);
        try (var server = new TlsServer(tls, false)) {
            String[] again = {version, "-sess_in", "session.pem"};
            assertThat(openSsl.client(server.address(), version, "-sess_out", "session.pem"))
                    .contains("New, TLS");
            assertThat(openSsl.client(server.address(), again)).contains("Reused, TLS");

            Files.setLastModifiedTime(files.key(), FileTime.from(Instant.EPOCH));
            assertThat(tls.reloadIfChanged()).isInstanceOf(TlsReload.Reloaded.class);
            assertThat(openSsl.client(server.address(), again)).contains("Reused, TLS");

            openSsl.certificate("ec", "ec");
            assertThat(tls.reloadIfChanged()).isInstanceOf(TlsReload.Reloaded.class);
            assertThat(openSsl.client(server.address(), again)).contains("New, TLS");
        }
    }

    @ParameterizedTest
    @EnumSource
    void clientCertificate_thatIsOptional_isAnIdentityOnlyFromOurAuthority(TlsProvider provider)
            throws IOException, InterruptedException {
        openSsl.certificate("good", "ec");
        openSsl.certificate("stranger", "rsa");
        try (TlsServer server = clientServer(provider, ClientCertificates.OPTIONAL)) {
            openSsl.client(server.address(), "-cert", "good.crt", "-key", "good.key");
            ClientCertificate good = server.facts().clientCertificate().orElseThrow();
            assertThat(good.isVerified()).isTrue();
            assertThat(good.subject()).isEqualTo("CN=good");
            assertThat(good.dnsNames()).containsExactly("good.test", "*.good.example");
            assertThat(openSsl.run(fingerprint("good.crt")))
                    .contains(OpenSsl.upper(good.fingerprint().replaceAll("..(?=.)", "$0:")));

            openSsl.client(server.address(), "-cert", "stranger.crt", "-key", "stranger.key");
            ClientCertificate other = server.facts().clientCertificate().orElseThrow();
            assertThat(other.isVerified()).isFalse();

            assertThat(openSsl.client(server.address())).contains("220 hello");
            assertThat(server.facts().clientCertificate()).isEmpty();
        }
    }

    private static List<String> fingerprint(String file) {
        return List.of("x509", "-in", file, "-noout", "-fingerprint", "-sha256");
    }

    @ParameterizedTest
    @EnumSource
    void clientCertificate_thatIsRequired_isCheckedInTheHandshake(TlsProvider provider)
            throws IOException, InterruptedException {
        openSsl.certificate("good", "ec");
        openSsl.certificate("stranger", "ec");
        try (TlsServer server = clientServer(provider, ClientCertificates.REQUIRED)) {
            assertThat(openSsl.client(server.address())).doesNotContain("220 hello");
            assertThat(server.failure()).isNotEmpty();
            String[] stranger = {"-cert", "stranger.crt", "-key", "stranger.key"};
            assertThat(openSsl.client(server.address(), stranger)).doesNotContain("220 hello");
            assertThat(server.failure()).isNotEmpty();
            String[] good = {"-cert", "good.crt", "-key", "good.key", "-sess_out", "session.pem"};
            assertThat(openSsl.client(server.address(), good)).contains("220 hello");
            assertThat(server.facts().clientCertificate().orElseThrow().isVerified()).isTrue();
            assertThat(openSsl.client(server.address(), "-sess_in", "session.pem"))
                    .contains("220 hello");
            assertThat(server.facts().clientCertificate().orElseThrow().isVerified()).isTrue();
        }
    }

    private TlsServer clientServer(TlsProvider provider, ClientCertificates clients)
            throws IOException {
        var settings =
                new ServerTlsSettings(
                        List.of(openSsl.certificate("ec", "ec")),
                        clients,
                        Optional.of(folder.resolve("good.crt")),
                        ProtocolMinimum.TLS_1_2);
        return new TlsServer(ServerTls.load(settings, provider, CLOCK), false);
    }

    @ParameterizedTest
    @EnumSource
    void channelBindings_areTheClientsToo(TlsProvider provider)
            throws IOException, InterruptedException, GeneralSecurityException {
        CertificateFiles files = openSsl.certificate("ec", "ec");
        try (TlsServer server = server(provider, files)) {
            String said =
                    openSsl.client(
                            server.address(),
                            "-keymatexport",
                            "EXPORTER-Channel-Binding",
                            "-keymatexportlen",
                            "32");
            List<ChannelBinding> bindings = server.facts().channelBindings();
            assertThat(bindings)
                    .extracting(ChannelBinding::type)
                    .containsExactly("tls-exporter", "tls-server-end-point");
            assertThat(said)
                    .contains(
                            "Keying material: "
                                    + OpenSsl.upper(
                                            HexFormat.of().formatHex(bindings.getFirst().data())));
            byte[] der = PemFile.certificates(files.certificate()).getFirst().getEncoded();
            assertThat(bindings.getLast().data())
                    .isEqualTo(MessageDigest.getInstance("SHA-256").digest(der));
            assertThat(openSsl.client(server.address(), "-tls1_2")).contains("220 hello");
            assertThat(server.facts().channelBindings())
                    .extracting(ChannelBinding::type)
                    .containsExactly("tls-server-end-point");
        }
    }

    @Test
    void hybridGroup_isAgreedUpon_whereTheClientHasIt() throws IOException, InterruptedException {
        try (TlsServer server = server(TlsProvider.CONSCRYPT, openSsl.certificate("ec", "ec"))) {
            try (SSLSocket socket = TlsClients.connect(server.address(), Conscrypt.newProvider())) {
                assertThat(socket.getInputStream().read()).isEqualTo('2');
            }
            assertThat(server.facts().group()).contains("X25519MLKEM768");
        }
    }

    @ParameterizedTest
    @EnumSource
    void rootTwiceInTheChain_fails_andTheOldOnesStay(TlsProvider provider) throws IOException {
        CertificateFiles files = openSsl.certificate("root", "ec");
        ServerTls tls = ServerTls.load(ServerTlsSettings.of(files), provider, CLOCK);
        String once = Files.readString(files.certificate());
        Files.writeString(files.certificate(), once + once);

        assertThat(((TlsReload.Failed) tls.reloadIfChanged()).message())
                .contains("root.crt")
                .contains("name each certificate of the chain once");
        assertThatThrownBy(() -> ServerTls.load(ServerTlsSettings.of(files), provider, CLOCK))
                .isInstanceOf(IOException.class);
        Files.writeString(files.certificate(), once);
        assertThat(tls.reloadIfChanged()).isInstanceOf(TlsReload.Reloaded.class);
    }

    @ParameterizedTest
    @EnumSource
    void reload_isForNewSessionsOnly(TlsProvider provider)
            throws IOException, InterruptedException {
        CertificateFiles files = openSsl.certificate("old", "ec");
        ServerTls tls = ServerTls.load(ServerTlsSettings.of(files), provider, CLOCK);
        try (var server = new TlsServer(tls, true);
                SSLSocket before = TlsClients.connect(server.address())) {
            assertThat(new String(before.getInputStream().readNBytes(11), StandardCharsets.UTF_8))
                    .isEqualTo("220 hello\r\n");
            assertThat(server.facts().protocol()).isEqualTo("TLSv1.3");
            assertThat(tls.reloadIfChanged()).isInstanceOf(TlsReload.Unchanged.class);
            CertificateFiles next = openSsl.certificate("new", "ec");
            Files.move(next.key(), files.key(), StandardCopyOption.REPLACE_EXISTING);

            var failed = (TlsReload.Failed) tls.reloadIfChanged();
            assertThat(failed.message()).contains("old.key is not the key of");
            assertThat(failed.isNew()).isTrue();
            assertThat(((TlsReload.Failed) tls.reloadIfChanged()).isNew()).isFalse();
            assertThat(TlsClients.subject(server.address())).isEqualTo("CN=old");

            Files.move(
                    next.certificate(), files.certificate(), StandardCopyOption.REPLACE_EXISTING);
            assertThat(tls.reloadIfChanged()).isInstanceOf(TlsReload.Reloaded.class);
            assertThat(tls.reloadIfChanged()).isInstanceOf(TlsReload.Unchanged.class);
            assertThat(TlsClients.subject(server.address())).isEqualTo("CN=new");
            before.getOutputStream().write('x');
            assertThat(before.getInputStream().read()).isEqualTo('x');
        }
    }

    @ParameterizedTest
    @EnumSource
    void client_thatNegotiatesAgain_isRefused(TlsProvider provider)
            throws IOException, InterruptedException {
        try (TlsServer server = echo(provider)) {
            try (SSLSocket socket = TlsClients.connect(server.address(), "TLSv1.2")) {
                assertThat(server.facts().protocol()).isEqualTo("TLSv1.2");
                socket.getInputStream().readNBytes(11);
                socket.startHandshake();
                socket.getInputStream().read();
            } catch (IOException _) {
                // The connection may end at any of these steps.
            }
            assertThat(server.failure()).containsIgnoringCase("negotia");
        }
    }

    @ParameterizedTest
    @EnumSource
    void manyBytes_comeAndGoUnchanged(TlsProvider provider)
            throws IOException, InterruptedException {
        byte[] sent = new byte[3 << 20];
        new Random(7).nextBytes(sent);
        try (TlsServer server = echo(provider);
                SSLSocket socket = TlsClients.connect(server.address())) {
            socket.getInputStream().readNBytes(11);
            Thread.ofVirtual().start(() -> TlsClients.write(socket, sent));
            assertThat(socket.getInputStream().readNBytes(sent.length)).isEqualTo(sent);
            // One octet a record, and a length that fits no buffer.
            for (int length : new int[] {1, 1, 511, 512, 513, 16_384, 16_385, 1}) {
                socket.getOutputStream().write(sent, 0, length);
                assertThat(socket.getInputStream().readNBytes(length))
                        .isEqualTo(Arrays.copyOf(sent, length));
            }
        }
    }

    @ParameterizedTest
    @EnumSource
    void whatIsNoTls_fails(TlsProvider provider) throws IOException, InterruptedException {
        try (TlsServer server = echo(provider)) {
            for (String text :
                    List.of("EHLO client.example\r\n", "\u0016\u0003\u0001\u0000\u0001x")) {
                try (var plain = new Socket(server.address().getAddress(), port(server))) {
                    plain.getOutputStream().write(text.getBytes(StandardCharsets.ISO_8859_1));
                    plain.shutdownOutput();
                    assertThat(server.failure()).isNotEmpty();
                }
            }
        }
    }

    @ParameterizedTest
    @EnumSource
    void damagedFirstWords_failAsInputDoes(TlsProvider provider) throws IOException {
        var settings = ServerTlsSettings.of(openSsl.certificate("ec", "ec"));
        ServerTls tls = ServerTls.load(settings, provider, CLOCK);
        byte[] hello = TlsClients.hello("ec.test", "TLSv1.3", "TLSv1.2");
        var random = new Random(3);
        for (int round = 0; round < 300; round++) {
            byte[] bytes = hello.clone();
            for (int i = random.nextInt(4); i >= 0; i--) {
                bytes[random.nextInt(bytes.length)] = (byte) random.nextInt();
            }
            int length = round % 3 == 0 ? random.nextInt(bytes.length) : bytes.length;
            assertThatThrownBy(() ->
                            tls.handshake(
                                    new ByteArrayInputStream(bytes, 0, length),
                                    OutputStream.nullOutputStream()))
                    .as("round " + round)
                    .isInstanceOf(IOException.class);
        }
    }

    private static int port(TlsServer server) {
        return server.address().getPort();
    }

    private TlsServer echo(TlsProvider provider) throws IOException {
        var settings = ServerTlsSettings.of(openSsl.certificate("ec", "ec"));
        return new TlsServer(ServerTls.load(settings, provider, CLOCK), true);
    }

    private TlsServer server(TlsProvider provider, CertificateFiles... files) throws IOException {
        var settings =
                new ServerTlsSettings(
                        List.of(files),
                        ClientCertificates.NONE,
                        Optional.empty(),
                        ProtocolMinimum.TLS_1_2);
        return new TlsServer(ServerTls.load(settings, provider, CLOCK), false);
    }
}
