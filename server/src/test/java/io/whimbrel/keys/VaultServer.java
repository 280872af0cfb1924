package io.whimbrel.keys;

import com.sun.net.httpserver.HttpExchange;
import com.sun.net.httpserver.HttpServer;
import com.sun.net.httpserver.HttpsConfigurator;
import com.sun.net.httpserver.HttpsServer;

import java.io.IOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.URI;
import java.nio.charset.StandardCharsets;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.CopyOnWriteArrayList;

import javax.net.ssl.SSLContext;

/// Answers as Vault's HTTP interface is documented to; neither Debian nor Maven Central has the
/// program itself. Thread-safe.
///
/// Documented in "KV Secrets Engine - Version 2 (API)": `GET /v1/:mount/data/:path` answers 200
/// with `data.data` and `data.metadata` (`created_time`, `deletion_time`, `destroyed`, `version`);
/// a version that is deleted or destroyed answers 404 with `data.data` null and its metadata. In
/// "HTTP API": the token is field `X-Vault-Token`, the namespace `X-Vault-Namespace`; errors are
/// `{"errors": [...]}`; 403 without leave, 404 where there is nothing or it may not be known, 503
/// where sealed.
final class VaultServer implements AutoCloseable {
    static final String TOKEN = "hvs.CAESIJ-token-of-the-test";

    /// @param status of HTTP
    record Reply(int status, String body) {}

    private final HttpServer server;
    private final Map<String, Reply> replies = new ConcurrentHashMap<>();
    final List<String> asked = new CopyOnWriteArrayList<>();
    private volatile Optional<Reply> toAll = Optional.empty();
    private volatile String token = TOKEN;
    private volatile String namespace = "";

    VaultServer(Optional<SSLContext> tls) throws IOException {
        var any = new InetSocketAddress(InetAddress.getLoopbackAddress(), 0);
        if (tls.isPresent()) {
            HttpsServer https = HttpsServer.create(any, 0);
            https.setHttpsConfigurator(new HttpsConfigurator(tls.get()));
            server = https;
        } else {
            server = HttpServer.create(any, 0);
        }
        server.createContext("/", this::answer);
        server.start();
    }

    URI address(String scheme) {
        return URI.create(scheme + "://localhost:" + server.getAddress().getPort());
    }

    /// A secret of version 2, with one field.
    void put(String path, String field, String text) {
        String json = text.replace("\n", "\\n");
        replies.put(
                path,
                new Reply(
                        200,
                        "{\"request_id\":\"r\",\"data\":{\"data\":{\""
                                + field
                                + "\":\""
                                + json
                                + "\"},\"metadata\":{\"created_time\":\"2026-03-22T02:24:06Z\","
                                + "\"deletion_time\":\"\",\"destroyed\":false,\"version\":2}}}"));
    }

    void reply(String path, int status, String body) {
        replies.put(path, new Reply(status, body));
    }

    void replyToAll(int status, String body) {
        toAll = Optional.of(new Reply(status, body));
    }

    void recover() {
        toAll = Optional.empty();
    }

    void wantToken(String wanted) {
        token = wanted;
    }

    void wantNamespace(String wanted) {
        namespace = wanted;
    }

    private void answer(HttpExchange exchange) throws IOException {
        String path = exchange.getRequestURI().getRawPath();
        asked.add(exchange.getRequestMethod() + " " + path);
        Reply reply = toAll.orElseGet(() -> reply(exchange, path));
        byte[] body = reply.body().getBytes(StandardCharsets.UTF_8);
        exchange.getResponseHeaders().set("Content-Type", "application/json");
        exchange.sendResponseHeaders(reply.status(), body.length == 0 ? -1 : body.length);
        exchange.getResponseBody().write(body);
        exchange.close();
    }

    private Reply reply(HttpExchange exchange, String path) {
        if (!field(exchange, "X-Vault-Token").equals(token)
                || !field(exchange, "X-Vault-Namespace").equals(namespace)) {
            return new Reply(403, "{\"errors\":[\"permission denied\"]}");
        }
        return replies.getOrDefault(path, new Reply(404, "{\"errors\":[]}"));
    }

    private static String field(HttpExchange exchange, String name) {
        return Optional.ofNullable(exchange.getRequestHeaders().getFirst(name)).orElse("");
    }

    @Override
    public void close() {
        server.stop(0);
    }
}
