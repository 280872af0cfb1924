package io.whimbrel.delivery;

import io.whimbrel.delivery.DeliverySettings.Timeouts;
import io.whimbrel.mail.Network;
import io.whimbrel.mail.TlsRequirement;
import io.whimbrel.outcome.AttemptResult;
import io.whimbrel.outcome.AttemptResult.Accepted;
import io.whimbrel.outcome.AttemptResult.ConnectionLost;
import io.whimbrel.outcome.AttemptResult.NotTried;
import io.whimbrel.outcome.AttemptResult.Peer;
import io.whimbrel.outcome.AttemptResult.Refused;
import io.whimbrel.outcome.AttemptResult.Stage;
import io.whimbrel.routing.Credentials;
import io.whimbrel.routing.NextHop;
import io.whimbrel.schedule.QueueEntry;
import io.whimbrel.smtp.SmtpReply;
import io.whimbrel.time.Watchdog;
import io.whimbrel.wire.Trouble;

import java.io.IOException;
import java.io.InputStream;
import java.net.ConnectException;
import java.net.InetAddress;
import java.net.SocketTimeoutException;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpConnectTimeoutException;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Base64;
import java.util.Collections;
import java.util.HexFormat;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.CancellationException;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;

/// Posts messages to an HTTP endpoint. Thread-safe; blocks.
///
/// The request holds the message as `message/rfc822` and its envelope in fields: `X-Whimbrel-Id`,
/// `X-Whimbrel-Reverse-Path`, and `X-Whimbrel-Recipient` for each recipient, of which there are
/// [#RECIPIENTS_MAX] at most in one request; a message for more is several requests, which limits
/// count as one. 2xx takes all of these. 400, 413, 415 and 422 say that this message is no good,
/// and refuse it for good; all else refuses it for now, for it is about us or the endpoint: a token
/// that ran out, a path that moved. No redirect is followed. A request that breaks may have been
/// taken: it is posted again, with the same id. A message with REQUIRETLS is not posted to another
/// machine in plain text.
final class HttpHandoff implements AutoCloseable {
    /// Servers take about 8 KiB of fields.
    static final int RECIPIENTS_MAX = 20;

    /// Of an answer's body, for the text.
    private static final int ANSWER_MAX = 2_000;

    private static final int TEXT_MAX = 200;

    private static final SmtpReply NO_TLS =
            SmtpReply.of(
                    550, 5, 7, 30, "REQUIRETLS is wanted, and the route is http://, not https://");

    private final Watchdog watchdog;
    private final Timeouts timeouts;
    private final ExecutorService threads = Executors.newVirtualThreadPerTaskExecutor();
    private final HttpClient client;

    HttpHandoff(Watchdog watchdog, Timeouts timeouts) {
        this.watchdog = watchdog;
        this.timeouts = timeouts;
        this.client =
                HttpClient.newBuilder()
                        .version(HttpClient.Version.HTTP_1_1)
                        .followRedirects(HttpClient.Redirect.NEVER)
                        .connectTimeout(timeouts.connect())
                        .executor(threads)
                        .build();
    }

    /// Posts `entry`.
    ///
    /// @param leaving the message
    /// @return what became of each recipient, in their order
    List<AttemptResult> deliver(NextHop.Http hop, QueueEntry entry, Leaving leaving) {
        int count = entry.recipients().size();
        if (entry.message().envelope().parameters().tls() == TlsRequirement.REQUIRED
                && !isSafe(hop.uri())) {
            return Collections.nCopies(count, new NotTried(NO_TLS));
        }
        List<AttemptResult> results = new ArrayList<>(count);
        for (int from = 0; from < count; from += RECIPIENTS_MAX) {
            int to = Math.min(from + RECIPIENTS_MAX, count);
            AttemptResult result = post(hop, entry, from, to, leaving);
            results.addAll(Collections.nCopies(to - from, result));
        }
        return results;
    }

    @Override
    public void close() {
        client.shutdownNow();
        threads.shutdownNow();
    }

    private AttemptResult post(
            NextHop.Http hop, QueueEntry entry, int from, int to, Leaving leaving) {
        boolean isTls = hop.uri().getScheme().equals("https");
        var peer = new Peer(host(hop.uri()), isTls ? "https" : "", false);
        try {
            HttpRequest.Builder request = request(hop, entry, leaving);
            for (int i = from; i < to; i++) {
                request.header("X-Whimbrel-Recipient", field(address(entry, i)));
            }
            if (hop.credentials().isPresent()) {
                Optional<String> login = authorization(hop.uri(), hop.credentials().get());
                if (login.isEmpty()) {
                    return noLogin(hop.uri(), hop.credentials().get());
                }
                request.header("Authorization", login.get());
            }
            return result(peer, send(request.build()));
        } catch (IOException e) {
            Stage stage = isConnecting(e) ? Stage.CONNECT : Stage.END_OF_DATA;
            return new ConnectionLost(peer, stage, Trouble.described(e));
        }
    }

    private HttpRequest.Builder request(NextHop.Http hop, QueueEntry entry, Leaving leaving) {
        return HttpRequest.newBuilder(hop.uri())
                .POST(new MessagePublisher(leaving::whole))
                .header("Content-Type", "message/rfc822")
                .header("X-Whimbrel-Id", entry.message().id().toString())
                .header(
                        "X-Whimbrel-Reverse-Path",
                        field(entry.message().envelope().reversePath().address()));
    }

    private static String address(QueueEntry entry, int place) {
        int number = entry.recipients().get(place);
        return entry.message().envelope().recipients().get(number).path().address();
    }

    /// An answer, with the beginning of its body.
    private record Answer(int code, Optional<String> retryAfter, String text) {}

    private Answer send(HttpRequest request) throws IOException {
        Duration most = timeouts.dataBlock().plus(timeouts.dataTermination());
        CompletableFuture<Answer> future =
                client.sendAsync(request, HttpResponse.BodyHandlers.ofInputStream())
                        .thenApplyAsync(HttpHandoff::answer, threads);
        // Bounds an answer that drips as well, which the client's own timeout does not.
        Watchdog.Watch watch = watchdog.watch(() -> future.cancel(true));
        try (watch) {
            watch.arm(most);
            return future.get();
        } catch (InterruptedException e) {
            future.cancel(true);
            Thread.currentThread().interrupt();
            throw new IOException("cut off", e);
        } catch (CancellationException | ExecutionException e) {
            if (watch.hasExpired()) {
                var timeout =
                        new SocketTimeoutException("timed out after " + most.toMillis() + " ms");
                timeout.initCause(e);
                throw timeout;
            }
            throw e.getCause() instanceof IOException io ? io : new IOException(e);
        }
    }

    private static Answer answer(HttpResponse<InputStream> response) {
        String text = "";
        try (InputStream body = response.body()) {
            text = new String(body.readNBytes(ANSWER_MAX), StandardCharsets.UTF_8);
        } catch (IOException _) {
            // The code is what counts.
        }
        return new Answer(
                response.statusCode(), response.headers().firstValue("Retry-After"), line(text));
    }

    private static AttemptResult result(Peer peer, Answer answer) {
        int code = answer.code();
        String text = "HTTP " + code + (answer.text().isEmpty() ? "" : " " + answer.text());
        if (code >= 200 && code < 300) {
            return new Accepted(peer, SmtpReply.of(250, 2, 0, 0, text));
        }
        String later = answer.retryAfter().map(it -> "; retry after " + line(it)).orElse("");
        SmtpReply reply =
                switch (code) {
                    case 400, 413, 415, 422 -> SmtpReply.of(554, 5, 3, 0, text);
                    case 401, 403, 407 ->
                            SmtpReply.of(454, 4, 7, 8, text + "; see the login of the route");
                    case 404, 405, 410 ->
                            SmtpReply.of(451, 4, 3, 5, text + "; see the address of the route");
                    default -> SmtpReply.of(451, 4, 3, 0, text + later);
                };
        return new Refused(peer, Stage.END_OF_DATA, reply);
    }

    private static boolean isConnecting(Throwable e) {
        return e instanceof ConnectException || e instanceof HttpConnectTimeoutException;
    }

    /// A password is never told in plain text to another machine unless that is allowed.
    private static Optional<String> authorization(URI uri, Credentials credentials) {
        return isSafe(uri) || credentials.mayGoInPlainText()
                ? ClientAuth.read(credentials.file())
                        .map(secret ->
                                switch (credentials.kind()) {
                                    case TOKEN -> "Bearer " + secret;
                                    case PASSWORD ->
                                            "Basic " + basic(credentials.user() + ":" + secret);
                                })
                : Optional.empty();
    }

    /// Whether nobody on the way can read along.
    private static boolean isSafe(URI uri) {
        return uri.getScheme().equals("https") || isLoopback(uri.getHost());
    }

    private static String basic(String pair) {
        return Base64.getEncoder().encodeToString(pair.getBytes(StandardCharsets.UTF_8));
    }

    private static boolean isLoopback(String host) {
        String bare = host.startsWith("[") ? host.substring(1, host.length() - 1) : host;
        return Network.parseAddress(bare)
                .map(InetAddress::isLoopbackAddress)
                .orElse(bare.equals("localhost"));
    }

    private static AttemptResult noLogin(URI uri, Credentials credentials) {
        String text =
                "No login at "
                        + host(uri)
                        + ": "
                        + credentials.file()
                        + " cannot be read, or the password may not go without TLS";
        return new NotTried(SmtpReply.of(451, 4, 3, 5, text));
    }

    /// Without the path, which may be a secret.
    private static String host(URI uri) {
        return uri.getScheme()
                + "://"
                + uri.getHost()
                + (uri.getPort() < 0 ? "" : ":" + uri.getPort());
    }

    /// Octets beyond US-ASCII, and `%`, as `%C3`: fields of HTTP hold no others.
    private static String field(String address) {
        var field = new StringBuilder(address.length());
        for (byte b : address.getBytes(StandardCharsets.UTF_8)) {
            if (b >= ' ' && b <= '~' && b != '%') {
                field.append((char) b);
            } else {
                field.append('%').append(HexFormat.of().withUpperCase().toHexDigits(b));
            }
        }
        return field.toString();
    }

    /// The first line, fit for a reply.
    private static String line(String text) {
        var line = new StringBuilder();
        for (int i = 0; i < text.length() && line.length() < TEXT_MAX; i++) {
            char c = text.charAt(i);
            if (c == '\n' || c == '\r') {
                break;
            }
            line.append(c < ' ' || c > '~' ? '?' : c);
        }
        return line.toString().strip();
    }
}
