package io.whimbrel.delivery;

import static org.assertj.core.api.Assertions.assertThat;

import com.code_intelligence.jazzer.junit.FuzzTest;

import io.whimbrel.egress.Proxy;
import io.whimbrel.egress.Proxy.Kind;
import io.whimbrel.egress.Proxy.Login;
import io.whimbrel.egress.Proxy.Password;
import io.whimbrel.egress.SourceAddress;
import io.whimbrel.egress.Sources;
import io.whimbrel.outcome.AttemptResult;
import io.whimbrel.outcome.AttemptResult.ConnectionLost;
import io.whimbrel.outcome.AttemptResult.NotTried;
import io.whimbrel.routing.HostAddress;
import io.whimbrel.routing.Protocol;
import io.whimbrel.socket.ProxyHeader;
import io.whimbrel.wire.Dialer;
import io.whimbrel.wire.Dialer.Dialed;
import io.whimbrel.wire.ProxyPreamble;
import io.whimbrel.wire.SocksDialogue;

import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

import java.io.ByteArrayInputStream;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.Socket;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.HexFormat;
import java.util.List;
import java.util.Optional;
import java.util.Random;

@Timeout(30)
final class DialerTest {
    private static final Duration LONG = Duration.ofSeconds(20);
    private static final Optional<Login> LOGIN =
            Optional.of(new Login("mta", new Password.Written("se:cret")));
    private static final InetSocketAddress HOST =
            new InetSocketAddress(InetAddress.ofLiteral("192.0.2.1"), 25);

    private final Hosts hosts = new Hosts();
    private final Dialer dialer = new Dialer(hosts.watchdog);

    @AfterEach
    void close() {
        hosts.close();
    }

    @Test
    void noProxy_connectsFromTheAddress() {
        try (var peer = new ScriptedPeer("S: 220 hi")) {
            var source = source("127.0.0.9", Optional.empty());

            assertThat(firstLine(dialer.dial(source, peer.host(), LONG))).isEqualTo("220 hi");
            assertThat(peer.clients()).containsExactly("127.0.0.9");
        }
    }

    @Test
    void addressNotHere_isNotBound() {
        try (var peer = new ScriptedPeer("S: 220 hi")) {
            var source = source("192.0.2.10", Optional.empty());

            assertThat(dialer.dial(source, peer.host(), LONG))
                    .isInstanceOfSatisfying(
                            Dialed.NotBound.class,
                            it -> assertThat(it.text()).startsWith("source t1: "));
        }
    }

    @Test
    void socks_connectsForUsAndTheAddressIsTheProxys() throws IOException {
        try (var peer = new ScriptedPeer("S: 220 hi");
                var proxy = new SocksServer(Optional.empty(), "127.0.0.8")) {
            // Of another machine: behind a proxy that is no reason not to use it.
            var source = source("192.0.2.10", socks(proxy, Optional.empty()));

            assertThat(firstLine(dialer.dial(source, peer.host(), LONG))).isEqualTo("220 hi");
            assertThat(peer.clients()).containsExactly("127.0.0.8");
        }
    }

    @Test
    void socksWithLogin_takesAPasswordWrittenOrInAFile(@TempDir Path folder) throws IOException {
        Path file = folder.resolve("password");
        Files.writeString(file, "se:cret\n");
        var inFile = Optional.of(new Login("mta", new Password.InFile(file)));
        try (var peer = new ScriptedPeer("S: 220 hi");
                var proxy = new SocksServer(Optional.of("mta:se:cret"), "127.0.0.8")) {
            for (Optional<Login> login : List.of(LOGIN, inFile)) {
                var source = source("127.0.0.8", socks(proxy, login));

                assertThat(firstLine(dialer.dial(source, peer.host(), LONG))).isEqualTo("220 hi");
            }
        }
    }

    @Test
    void socksLoginRefused_isTheProxysFaultAndShowsNoPassword() throws IOException {
        try (var peer = new ScriptedPeer("S: 220 hi");
                var proxy = new SocksServer(Optional.of("mta:other"), "127.0.0.8")) {
            var source = source("127.0.0.8", socks(proxy, LOGIN));

            assertThat(dialer.dial(source, peer.host(), LONG))
                    .isEqualTo(down(proxy.address(), "user or password are wrong"));
            assertThat(source.toString()).doesNotContain("se:cret");
            assertThat(peer.connections()).isZero();
            var without = source("127.0.0.8", socks(proxy, Optional.empty()));
            assertThat(dialer.dial(without, peer.host(), LONG))
                    .isEqualTo(down(proxy.address(), "it wants a user and a password"));
        }
    }

    @Test
    void socksPasswordFileMissing_isTheProxysFault() throws IOException {
        try (var peer = new ScriptedPeer("S: 220 hi");
                var proxy = new SocksServer(Optional.of("mta:x"), "127.0.0.8")) {
            var login = Optional.of(new Login("mta", new Password.InFile(Path.of("/no/such"))));
            var source = source("127.0.0.8", socks(proxy, login));

            assertThat(dialer.dial(source, peer.host(), LONG))
                    .isEqualTo(down(proxy.address(), "its password cannot be read: /no/such"));
        }
    }

    @Test
    void hostBehindSocksRefuses_isTheHostsFault() throws IOException {
        try (var proxy = new SocksServer(Optional.empty(), "127.0.0.8")) {
            var host = new HostAddress("", ScriptedPeer.loopback(), ScriptedPeer.deafPort());
            var source = source("127.0.0.8", socks(proxy, Optional.empty()));

            assertThat(dialer.dial(source, host, LONG))
                    .isEqualTo(
                            new Dialed.HostFailed(
                                    described(proxy.address())
                                            + ": connection refused by the destination"));
        }
    }

    @Test
    void proxyThatIsNotThere_isTheProxysFault() {
        var address = new InetSocketAddress(ScriptedPeer.loopback(), ScriptedPeer.deafPort());
        for (Kind kind : Kind.values()) {
            var proxy = new Proxy(kind, address, Optional.empty(), Optional.empty());
            var source = source("127.0.0.8", Optional.of(proxy));

            assertThat(dialer.dial(source, new HostAddress("", address.getAddress(), 25), LONG))
                    .isEqualTo(
                            new Dialed.ProxyFailed(
                                    proxy.described() + ": Connection refused", true));
        }
    }

    @ParameterizedTest
    @CsvSource({
        "RAW: H, no SOCKS 5: it said 72 for the version",
        "X:, connection closed",
        "WAIT:, timed out"
    })
    void whatIsNoSocksProxy_isTheProxysFault(String script, String said) {
        try (var proxy = new ScriptedPeer(script)) {
            var address = new InetSocketAddress(ScriptedPeer.loopback(), proxy.port());
            var source = source("127.0.0.8", socks(address, Optional.empty()));

            assertThat(dialer.dial(source, proxy.host(), Hosts.SOON))
                    .isEqualTo(down(address, said));
        }
    }

    @Test
    void socksProxyThatDripsItsAnswer_isCutAtTheDeadline() {
        // Good octets without end: the name of the bound address.
        try (var proxy = new ScriptedPeer("RAW: \5\0\5\0\0\3\377\nDRIP: xxxxxxxxxx")) {
            var address = new InetSocketAddress(ScriptedPeer.loopback(), proxy.port());
            var source = source("127.0.0.8", socks(address, Optional.empty()));

            assertThat(dialer.dial(source, proxy.host(), Hosts.SOON))
                    .isEqualTo(
                            new Dialed.HostFailed(
                                    described(address)
                                            + ": timed out while it connected to the"
                                            + " destination"));
        }
    }

    @ParameterizedTest
    @CsvSource({
        "1, false, 'it failed, and does not say why'",
        "2, false, its rules forbid this destination",
        "7, true, it does not know CONNECT",
        "8, false, it does not know addresses of this family",
        "99, false, it failed with the unknown code 99"
    })
    void socksRefusals_areToldApart(int code, boolean isDown, String text) throws IOException {
        assertThat(answer(new byte[] {5, 0, 5, (byte) code}))
                .isEqualTo(new SocksDialogue.Answer.ProxyRefused(text, isDown));
    }

    @ParameterizedTest
    @ValueSource(ints = {3, 4, 5, 6})
    void socksRefusalsOfTheHost_areTheHosts(int code) throws IOException {
        assertThat(answer(new byte[] {5, 0, 5, (byte) code}))
                .isInstanceOf(SocksDialogue.Answer.HostRefused.class);
    }

    @Test
    void socksRequests_areAsTheStandardHasThem() throws IOException {
        var out = new ByteArrayOutputStream();
        byte[] answers = {5, 2, 1, 0, 5, 0, 0, 3, 2, 'h', 'i', 0, 25, '2'};
        var in = new ByteArrayInputStream(answers);
        var host = new InetSocketAddress(InetAddress.ofLiteral("2001:db8::1"), 2525);

        assertThat(new SocksDialogue(in, out).connect(LOGIN, host))
                .isEqualTo(new SocksDialogue.Answer.Granted());
        assertThat(HexFormat.of().formatHex(out.toByteArray()))
                .isEqualTo(
                        "05020002"
                                + "01036d7461"
                                + "0773653a637265"
                                + "74"
                                + "05010004"
                                + "20010db8000000000000000000000001"
                                + "09dd");
        assertThat(in.read()).as("what the host says").isEqualTo('2');
    }

    @Test
    void haproxy_isToldSourceAndDestination() throws IOException {
        byte[] header =
                ProxyPreamble.of(Optional.of(InetAddress.ofLiteral("192.0.2.10")), HOST)
                        .orElseThrow();

        assertThat(HexFormat.of().formatHex(header))
                .isEqualTo(
                        "0d0a0d0a000d0a515549540a" + "2111000c" + "c000020ac0000201" + "00000019");
        assertThat(ProxyHeader.read(new ByteArrayInputStream(header)))
                .isEqualTo(new ProxyHeader.Origin.From(InetAddress.ofLiteral("192.0.2.10")));
        var ipv6 = new InetSocketAddress(InetAddress.ofLiteral("2001:db8::1"), 25);
        byte[] longer = ProxyPreamble.of(Optional.of(ipv6.getAddress()), ipv6).orElseThrow();
        assertThat(ProxyHeader.read(new ByteArrayInputStream(longer)))
                .isEqualTo(new ProxyHeader.Origin.From(ipv6.getAddress()));
        assertThat(ProxyPreamble.of(Optional.of(HOST.getAddress()), ipv6)).isEmpty();
    }

    @Test
    void session_isOpenedThroughAProxyWithAnAddressOfItsOwn() throws IOException {
        try (var peer = new ScriptedPeer("S: 220 x\nC: EHLO t1.test\nS: 250 x");
                var proxy = new SocksServer(Optional.empty(), "127.0.0.8")) {
            var behind =
                    socks(proxy, Optional.empty())
                            .map(it -> it.withSourceAddress(InetAddress.ofLiteral("127.0.0.8")));
            var source = source("127.0.0.9", behind);

            Hosts.opened(
                    hosts.client.open(
                            List.of(peer.host()),
                            Protocol.SMTP,
                            new Outlet(source, new Sources(List.of(source), hosts.clock)),
                            Hosts.LONG));

            assertThat(peer.clients()).containsExactly("127.0.0.8");
            peer.verify();
        }
    }

    @Test
    void proxyThatFails_isNotTheHostsFaultAndTheSourceRests() {
        var address = new InetSocketAddress(ScriptedPeer.loopback(), ScriptedPeer.deafPort());
        var source = source("127.0.0.8", socks(address, Optional.empty()));
        var sources = new Sources(List.of(source), hosts.clock);
        try (var peer = new ScriptedPeer("S: 220 hi")) {
            String said = "451 4.4.0 source t1: " + described(address) + ": Connection refused";
            for (int i = 0; i < 2; i++) {
                AttemptResult result =
                        Hosts.failure(
                                hosts.client.open(
                                        List.of(peer.host()),
                                        Protocol.SMTP,
                                        Hosts.outlet(sources),
                                        Hosts.LONG));

                assertThat(((NotTried) result).reply().toString()).isEqualTo(said);
            }
            assertThat(sources.isUsable("t1")).isFalse();
            assertThat(peer.connections()).isZero();
        }
    }

    @Test
    void hostThatFailsBehindAProxy_isLostAtConnect() throws IOException {
        try (var proxy = new SocksServer(Optional.empty(), "127.0.0.8")) {
            var source = source("127.0.0.8", socks(proxy, Optional.empty()));
            var sources = new Sources(List.of(source), hosts.clock);
            var host = new HostAddress("", ScriptedPeer.loopback(), ScriptedPeer.deafPort());

            AttemptResult result =
                    Hosts.failure(
                            hosts.client.open(
                                    List.of(host),
                                    Protocol.SMTP,
                                    Hosts.outlet(sources),
                                    Hosts.LONG));

            assertThat(((ConnectionLost) result).stage()).isEqualTo(AttemptResult.Stage.CONNECT);
            assertThat(sources.isUsable("t1")).isTrue();
        }
    }

    @Test
    void randomAnswers_areReadOrRefused() {
        long seed = System.identityHashCode(this);
        var random = new Random(seed);
        for (int i = 0; i < 20_000; i++) {
            byte[] bytes = new byte[random.nextInt(24)];
            for (int j = 0; j < bytes.length; j++) {
                bytes[j] =
                        (byte)
                                (random.nextInt(4) == 0
                                        ? random.nextInt(256)
                                        : "\5\0\1\2\3\4".charAt(random.nextInt(6)));
            }
            answers(bytes);
        }
    }

    @Timeout(600)
    @FuzzTest(maxDuration = "30s")
    void anyAnswer_isReadOrRefused(byte[] bytes) {
        answers(bytes);
    }

    private static void answers(byte[] bytes) {
        try {
            assertThat(answer(bytes)).isNotNull();
        } catch (IOException e) {
            assertThat(e.getMessage()).isNotBlank();
        }
    }

    private static SocksDialogue.Answer answer(byte[] bytes) throws IOException {
        var dialogue =
                new SocksDialogue(new ByteArrayInputStream(bytes), new ByteArrayOutputStream());
        return dialogue.connect(LOGIN, HOST);
    }

    private static String firstLine(Dialed dialed) {
        assertThat(dialed).isInstanceOf(Dialed.Connected.class);
        try (Socket socket = ((Dialed.Connected) dialed).socket()) {
            byte[] line = socket.getInputStream().readNBytes("220 hi".length());
            return new String(line, StandardCharsets.US_ASCII);
        } catch (IOException e) {
            throw new AssertionError(e);
        }
    }

    private static Dialed down(InetSocketAddress proxy, String text) {
        return new Dialed.ProxyFailed(described(proxy) + ": " + text, true);
    }

    private static String described(InetSocketAddress proxy) {
        return socks(proxy, Optional.empty()).orElseThrow().described();
    }

    private static Optional<Proxy> socks(SocksServer server, Optional<Login> login) {
        return socks(server.address(), login);
    }

    private static Optional<Proxy> socks(InetSocketAddress address, Optional<Login> login) {
        return Optional.of(new Proxy(Kind.SOCKS5, address, login, Optional.empty()));
    }

    private static SourceAddress source(String address, Optional<Proxy> proxy) {
        return new SourceAddress(
                "t1", Optional.of(InetAddress.ofLiteral(address)), "t1.test", "", proxy);
    }
}
