package io.whimbrel.delivery;

import static org.assertj.core.api.Assertions.assertThat;

import com.sun.net.httpserver.HttpExchange;
import com.sun.net.httpserver.HttpServer;

import io.whimbrel.egress.Site;
import io.whimbrel.mail.BodySource;
import io.whimbrel.mail.MailParameters;
import io.whimbrel.mail.TlsRequirement;
import io.whimbrel.outcome.AttemptResult;
import io.whimbrel.outcome.AttemptResult.Accepted;
import io.whimbrel.outcome.AttemptResult.ConnectionLost;
import io.whimbrel.outcome.AttemptResult.NotTried;
import io.whimbrel.outcome.AttemptResult.Refused;
import io.whimbrel.outcome.AttemptResult.Stage;
import io.whimbrel.routing.Credentials;
import io.whimbrel.routing.NextHop;
import io.whimbrel.schedule.QueueEntry;
import io.whimbrel.smtp.SmtpReply;
import io.whimbrel.time.Watchdog;

import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

import java.io.IOException;
import java.net.InetSocketAddress;
import java.net.URI;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.Queue;
import java.util.concurrent.ConcurrentLinkedQueue;
import java.util.stream.IntStream;

@Timeout(60)
final class HandoffsTest {
    private final Watchdog watchdog = new Watchdog("test-watchdog");
    private final Handoffs handoffs = new Handoffs(watchdog, Hosts.LONG);
    private final Queue<Request> requests = new ConcurrentLinkedQueue<>();
    private HttpServer server;
    private int status = 202;
    private String answer = "taken\nand more";
    private String retryAfter = "";

    @TempDir private Path folder;

    private record Request(String path, List<String> recipients, String all, String body) {}

    @BeforeEach
    void serve() throws IOException {
        server = HttpServer.create(new InetSocketAddress(ScriptedPeer.loopback(), 0), 10);
        server.createContext("/", this::take);
        server.start();
    }

    @AfterEach
    void close() {
        handoffs.close();
        watchdog.close();
        server.stop(0);
    }

    @Test
    void message_isPostedWithItsEnvelope() {
        AttemptResult result = post(TestMail.entry("a@x.test", "b@x.test")).getFirst();

        Request request = requests.remove();
        assertThat(request.path()).isEqualTo("/in?key=k");
        assertThat(request.body()).isEqualTo(TestMail.TEXT);
        assertThat(request.recipients()).containsExactlyInAnyOrder("a@x.test", "b@x.test");
        assertThat(request.all()).contains("message/rfc822", "from@sender.test", "X-whimbrel-id");
        assertThat(result)
                .isInstanceOfSatisfying(
                        Accepted.class,
                        it -> {
                            assertThat(it.reply().toString()).isEqualTo("250 2.0.0 HTTP 202 taken");
                            assertThat(it.peer().host()).isEqualTo("http://127.0.0.1:" + port());
                        });
    }

    @ParameterizedTest
    @CsvSource({
        "400, 554 5.3.0 HTTP 400 taken",
        "413, 554 5.3.0 HTTP 413 taken",
        "415, 554 5.3.0 HTTP 415 taken",
        "422, 554 5.3.0 HTTP 422 taken",
        "401, 454 4.7.8 HTTP 401 taken; see the login of the route",
        "403, 454 4.7.8 HTTP 403 taken; see the login of the route",
        "407, 454 4.7.8 HTTP 407 taken; see the login of the route",
        "404, 451 4.3.5 HTTP 404 taken; see the address of the route",
        "405, 451 4.3.5 HTTP 405 taken; see the address of the route",
        "410, 451 4.3.5 HTTP 410 taken; see the address of the route",
        "409, 451 4.3.0 HTTP 409 taken",
        "408, 451 4.3.0 HTTP 408 taken",
        "425, 451 4.3.0 HTTP 425 taken",
        "429, 451 4.3.0 HTTP 429 taken; retry after 120",
        "503, 451 4.3.0 HTTP 503 taken; retry after 120",
        "302, 451 4.3.0 HTTP 302 taken"
    })
    void refusals_areToldApart(int code, String expected) {
        status = code;
        retryAfter = expected.endsWith("120") ? "120" : "";

        Refused refused = (Refused) post(TestMail.entry("a@x.test")).getFirst();

        assertThat(refused.reply().toString()).isEqualTo(expected);
        assertThat(refused.stage()).isEqualTo(Stage.END_OF_DATA);
    }

    @Test
    void manyRecipients_arePostedInParts() {
        String[] addresses =
                IntStream.range(0, 45).mapToObj(i -> "a" + i + "@x.test").toArray(String[]::new);

        List<AttemptResult> results = post(TestMail.entry(addresses));

        assertThat(results).hasSize(45).allMatch(Accepted.class::isInstance);
        assertThat(requests).extracting(it -> it.recipients().size()).containsExactly(20, 20, 5);
    }

    @Test
    void bodyThatCannotBeRead_isNeverTakenForTheWhole() {
        var parts = new ArrayList<>(List.of("Subject: x\r\n\r\n"));
        BodySource broken =
                () -> {
                    if (parts.isEmpty()) {
                        throw new IOException("checksum");
                    }
                    return parts.removeFirst().getBytes(StandardCharsets.US_ASCII);
                };

        List<AttemptResult> results =
                handoffs.deliver(
                        hop(Optional.empty()),
                        TestMail.entry("a@x.test"),
                        TestMail.leaving(() -> broken));

        assertThat(results.getFirst()).isInstanceOf(ConnectionLost.class);
        assertThat(requests).isEmpty();
    }

    @Test
    void nobodyThere_isALostConnection() {
        server.stop(0);

        ConnectionLost lost = (ConnectionLost) post(TestMail.entry("a@x.test")).getFirst();

        assertThat(lost.stage()).isEqualTo(Stage.CONNECT);
    }

    @Test
    void endpointThatSaysNothing_isGivenUp() {
        try (var silent = new ScriptedPeer("WAIT:");
                var hasty = new Handoffs(watchdog, Hosts.SHORT)) {
            var hop =
                    new NextHop.Http(
                            new Site("x"),
                            URI.create("http://127.0.0.1:" + silent.port() + "/"),
                            Optional.empty());

            List<AttemptResult> results =
                    hasty.deliver(
                            hop,
                            TestMail.entry("a@x.test"),
                            TestMail.leaving(() -> TestMail.body(TestMail.TEXT)));

            assertThat(results.getFirst())
                    .isInstanceOfSatisfying(
                            ConnectionLost.class,
                            it -> assertThat(it.detail()).startsWith("timed out after"));
        }
    }

    @Test
    void internationalAddress_isEscaped() {
        post(TestMail.entry("j\u00f6rg%1@x.test"));

        assertThat(requests.remove().recipients()).containsExactly("j%C3%B6rg%251@x.test");
    }

    @Test
    void credentials_goInTheRequestAndNowhereElse() throws IOException {
        Path file = folder.resolve("secret");
        Files.writeString(file, "pw");
        var credentials = new Credentials("shop", Credentials.Kind.PASSWORD, file, false);
        NextHop.Http hop = hop(Optional.of(credentials));

        handoffs.deliver(
                hop,
                TestMail.entry("a@x.test"),
                TestMail.leaving(() -> TestMail.body(TestMail.TEXT)));

        assertThat(requests.remove().all()).contains("Basic c2hvcDpwdw==");
        Files.delete(file);
        assertThat(
                        handoffs.deliver(
                                        hop,
                                        TestMail.entry("a@x.test"),
                                        TestMail.leaving(() -> TestMail.body(TestMail.TEXT)))
                                .getFirst())
                .isInstanceOf(NotTried.class);
    }

    @Test
    void requireTls_isNotPostedToAnotherMachineInPlainText() {
        var parameters = MailParameters.NONE.withTls(TlsRequirement.REQUIRED);
        QueueEntry entry = TestMail.entry(parameters, TestMail.recipients("a@x.test", "b@x.test"));
        var elsewhere =
                new NextHop.Http(
                        new Site("x"), URI.create("http://192.0.2.1/in"), Optional.empty());

        List<AttemptResult> results =
                handoffs.deliver(
                        elsewhere, entry, TestMail.leaving(() -> TestMail.body(TestMail.TEXT)));

        assertThat(results)
                .hasSize(2)
                .allSatisfy(it ->
                        assertThat(((NotTried) it).reply().toString()).startsWith("550 5.7.30"));
        assertThat(post(entry)).hasSize(2).allMatch(Accepted.class::isInstance);
    }

    @Test
    void discard_countsAsDelivered() {
        var hop = new NextHop.Discard(new Site("discard"), SmtpReply.of(250, 2, 0, 0, "gone"));

        List<AttemptResult> results =
                handoffs.deliver(
                        hop,
                        TestMail.entry("a@x.test", "b@x.test"),
                        TestMail.leaving(() -> TestMail.body("x")));

        assertThat(results).hasSize(2).allMatch(Accepted.class::isInstance);
    }

    @Test
    void refuse_isSaid() {
        SmtpReply reply = SmtpReply.of(550, 5, 7, 1, "no");

        assertThat(
                        handoffs.deliver(
                                new NextHop.Refuse(new Site("refuse"), reply),
                                TestMail.entry("a@x.test"),
                                TestMail.leaving(() -> TestMail.body("x"))))
                .containsExactly(new NotTried(reply));
    }

    private List<AttemptResult> post(QueueEntry entry) {
        return handoffs.deliver(
                hop(Optional.empty()),
                entry,
                TestMail.leaving(() -> TestMail.body("Subject: x\r\n", "\r\n.hidden\r\nbody\r\n")));
    }

    private NextHop.Http hop(Optional<Credentials> credentials) {
        URI uri = URI.create("http://127.0.0.1:" + port() + "/in?key=k");
        return new NextHop.Http(new Site("http"), uri, credentials);
    }

    private int port() {
        return server.getAddress().getPort();
    }

    private void take(HttpExchange exchange) throws IOException {
        try (exchange) {
            byte[] body = exchange.getRequestBody().readAllBytes();
            var headers = exchange.getRequestHeaders();
            requests.add(
                    new Request(
                            exchange.getRequestURI().toString(),
                            List.copyOf(headers.get("X-Whimbrel-Recipient")),
                            headers.entrySet().toString(),
                            new String(body, StandardCharsets.UTF_8)));
            if (!retryAfter.isEmpty()) {
                exchange.getResponseHeaders().add("Retry-After", retryAfter);
            }
            byte[] text = answer.getBytes(StandardCharsets.UTF_8);
            exchange.sendResponseHeaders(status, text.length);
            exchange.getResponseBody().write(text);
        }
    }
}
