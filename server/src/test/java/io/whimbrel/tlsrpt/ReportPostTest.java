package io.whimbrel.tlsrpt;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import com.sun.net.httpserver.HttpExchange;
import com.sun.net.httpserver.HttpsConfigurator;
import com.sun.net.httpserver.HttpsServer;

import io.whimbrel.delivery.TestCertificate;

import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

import java.io.ByteArrayInputStream;
import java.io.IOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.UnknownHostException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.CopyOnWriteArrayList;

import javax.net.ssl.SSLContext;

/// Posts to the JDK's own web server, whose certificate is for another name and by nobody.
@Timeout(60)
final class ReportPostTest {
    @TempDir static Path folder;
    private static Optional<SSLContext> tls = Optional.empty();

    private final ReportPost post = new ReportPost();
    private final List<String> seen = new CopyOnWriteArrayList<>();
    private HttpsServer server;
    private volatile int code = 200;

    /// Once, for keytool is slow.
    @BeforeAll
    static void makeCertificate() throws IOException, InterruptedException {
        tls = Optional.of(TestCertificate.context(folder));
    }

    @BeforeEach
    void start() throws IOException {
        server =
                HttpsServer.create(new InetSocketAddress(InetAddress.ofLiteral("127.0.0.1"), 0), 5);
        server.setHttpsConfigurator(new HttpsConfigurator(tls.orElseThrow()));
        server.createContext("/", this::handle);
        server.start();
    }

    @AfterEach
    void stop() {
        server.stop(0);
        post.close();
    }

    private void handle(HttpExchange exchange) throws IOException {
        String body = new String(exchange.getRequestBody().readAllBytes(), StandardCharsets.UTF_8);
        seen.add(
                String.join(
                        " ",
                        exchange.getRequestMethod(),
                        exchange.getRequestURI().toString(),
                        exchange.getRequestHeaders().getFirst("Host"),
                        exchange.getRequestHeaders().getFirst("Content-Type"),
                        body));
        exchange.getResponseHeaders().set("Location", "https://elsewhere.test/");
        exchange.sendResponseHeaders(code, -1);
        exchange.close();
    }

    private ReportPost.Answer post(String path) throws IOException {
        var target = (ReportTarget.Web) ReportTarget.of("https://r.test" + path).orElseThrow();
        return post.post(
                target,
                "report".getBytes(StandardCharsets.UTF_8),
                (host, port) -> {
                    assertThat(host + ":" + port).isEqualTo("r.test:443");
                    return List.of(server.getAddress());
                });
    }

    @ParameterizedTest
    @CsvSource({"200, true", "201, true", "202, true", "302, false", "404, false", "500, false"})
    void answer_isItsStatus_andNoRedirectIsFollowed(int status, boolean isTaken)
            throws IOException {
        code = status;
        assertThat(post("/v1?x=y").isTaken()).isEqualTo(isTaken);
        assertThat(seen).containsExactly("POST /v1?x=y r.test application/tlsrpt+gzip report");
    }

    @Test
    void addressThatIsNotToBeConnectedTo_isNot() {
        var target = (ReportTarget.Web) ReportTarget.of("https://r.test/").orElseThrow();
        assertThatThrownBy(() ->
                        post.post(
                                target,
                                new byte[1],
                                (_, _) -> {
                                    throw new UnknownHostException("a private address");
                                }))
                .hasMessage("a private address");
        assertThat(seen).isEmpty();
    }

    @ParameterizedTest
    @CsvSource({
        "'HTTP/1.1 200 OK~~', 200",
        "'HTTP/1.0 204 ~', 204",
        "'HTTP/1.1 100 Continue~A: b~~HTTP/1.1 102 x~~HTTP/1.1 503 No~', 503"
    })
    void status_isThatOfTheLastAnswer(String answer, int status) throws IOException {
        assertThat(status(answer)).isEqualTo(status);
    }

    @ParameterizedTest
    @ValueSource(
            strings = {
                "",
                "~",
                "SSH-2.0-x~",
                "HTTP/1.1 2x0 ~",
                "HTTP/1.1 020 ~",
                "HTTP/2 200~",
                "HTTP/1.1 100 Continue~"
            })
    void otherAnswers_areErrors(String answer) {
        assertThatThrownBy(() -> status(answer)).isInstanceOf(IOException.class);
    }

    @Test
    void answerWithoutEnd_isAnError() {
        assertThatThrownBy(() -> status("x".repeat(100_000))).hasMessageContaining("without end");
        assertThatThrownBy(() -> status("HTTP/1.1 100 Continue~~".repeat(10_000)))
                .hasMessageContaining("without end");
    }

    private static int status(String answer) throws IOException {
        byte[] bytes = answer.replace("~", "\r\n").getBytes(StandardCharsets.US_ASCII);
        return ReportPost.status(new ByteArrayInputStream(bytes));
    }
}
