package io.whimbrel.keys;

import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

import java.io.IOException;
import java.net.ConnectException;
import java.net.URI;
import java.net.URLEncoder;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.net.http.HttpResponse.BodyHandlers;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.time.Duration;
import java.time.Instant;
import java.time.InstantSource;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;

import javax.net.ssl.SSLException;

/// Private keys that HashiCorp Vault (or OpenBao) holds in an engine KV v2, as the PEM text of a
/// field. Thread-safe; a question blocks its caller for up to `vault.timeout`.
///
/// What Vault said is used for `vault.cache`, what it refused for [#FAILURE_KEPT]. While it cannot
/// be asked, or does not take our token, the last text goes on being used, and a line in the log
/// tells that, as does [#trouble]. What it says is gone is not used on.
final class VaultKeys implements AutoCloseable {
    /// A misspelt path is not asked for with each message.
    static final Duration FAILURE_KEPT = Duration.ofSeconds(30);

    /// Far above a key of 8,192 bits among other fields of a secret.
    private static final int ANSWER_MAX = 256 << 10;

    private static final int SECRETS_MAX = 100_000;

    private static final Logger LOG = LoggerFactory.getLogger(VaultKeys.class);

    private final VaultSettings settings;
    private final InstantSource clock;
    private final Map<KeyPlace.Vault, Secret> secrets = new ConcurrentHashMap<>();
    private volatile Optional<HttpClient> client = Optional.empty();

    /// One that was asked for; its lock is held while it is asked for.
    private static final class Secret {
        private Optional<String> text = Optional.empty();
        private Optional<String> trouble = Optional.empty();

        /// Empty: now.
        private Optional<Instant> askAgain = Optional.empty();
    }

    VaultKeys(VaultSettings settings, InstantSource clock) {
        this.settings = settings;
        this.clock = clock;
    }

    /// The PEM text at `place`.
    ///
    /// @throws IOException with place and remedy, where there is none to use
    String text(KeyPlace.Vault place) throws IOException {
        if (secrets.size() >= SECRETS_MAX && !secrets.containsKey(place)) {
            throw new IOException(place + ": more than " + SECRETS_MAX + " secrets are in use");
        }
        Secret secret = secrets.computeIfAbsent(place, _ -> new Secret());
        synchronized (secret) {
            Instant now = clock.instant();
            if (secret.askAgain.map(it -> !now.isBefore(it)).orElse(true)) {
                take(secret, place, ask(place));
            }
            if (secret.text.isPresent()) {
                return secret.text.get();
            }
            throw new IOException(secret.trouble.orElse(place + ": no answer"));
        }
    }

    /// Why the last question for it failed, though an older text is used on; with the remedy.
    Optional<String> trouble(KeyPlace.Vault place) {
        Optional<Secret> secret = Optional.ofNullable(secrets.get(place));
        if (secret.isEmpty()) {
            return Optional.empty();
        }
        synchronized (secret.get()) {
            return secret.get().trouble;
        }
    }

    /// All are asked for again; those that are known are used where that fails.
    void askAgain() {
        for (Secret secret : secrets.values()) {
            synchronized (secret) {
                secret.askAgain = Optional.empty();
            }
        }
    }

    @Override
    public void close() {
        client.ifPresent(HttpClient::shutdownNow);
    }

    private void take(Secret secret, KeyPlace.Vault place, VaultAnswer answer) {
        // After the answer: a server that lets us wait must not be asked by all who queue here.
        Instant now = clock.instant();
        Optional<String> before = secret.trouble;
        switch (answer) {
            case VaultAnswer.Found(String text) -> {
                secret.text = Optional.of(text);
                secret.trouble = Optional.empty();
                secret.askAgain = Optional.of(now.plus(settings.cache()));
            }
            case VaultAnswer.Gone(String reason) -> {
                secret.text = Optional.empty();
                fail(secret, place, reason, now);
            }
            case VaultAnswer.Failed(String reason) -> fail(secret, place, reason, now);
        }
        if (!before.equals(secret.trouble)) {
            tell(secret, place);
        }
    }

    private static void fail(Secret secret, KeyPlace.Vault place, String reason, Instant now) {
        secret.trouble = Optional.of(place + ": " + reason);
        secret.askAgain = Optional.of(now.plus(FAILURE_KEPT));
    }

    private static void tell(Secret secret, KeyPlace.Vault place) {
        if (secret.trouble.isEmpty()) {
            LOG.info("{}: Vault answers again", place);
        } else if (secret.text.isPresent()) {
            LOG.warn("{}; the key known so far is used on", secret.trouble.get());
        } else {
            LOG.warn("{}", secret.trouble.get());
        }
    }

    private VaultAnswer ask(KeyPlace.Vault place) {
        try {
            HttpResponse<byte[]> response = send(request(place));
            return VaultAnswer.read(place, response.statusCode(), response.body());
        } catch (IOException e) {
            return new VaultAnswer.Failed(String.valueOf(e.getMessage()));
        }
    }

    private HttpRequest request(KeyPlace.Vault place) throws IOException {
        if (settings.address().isEmpty()) {
            throw new IOException("which Vault? write address = \"https://...\" in [vault]");
        }
        Path tokenFile =
                settings.tokenFile()
                        .orElseThrow(() -> new IOException("write token-file in [vault]"));
        String token;
        try {
            token = SecretFile.read(tokenFile);
        } catch (IOException e) {
            throw new IOException("vault.token-file: " + e.getMessage(), e);
        }
        HttpRequest.Builder request =
                HttpRequest.newBuilder(uri(settings.address().get(), place))
                        .header("X-Vault-Token", token)
                        .header("X-Vault-Request", "true")
                        .header("Accept", "application/json");
        settings.namespace().ifPresent(it -> request.header("X-Vault-Namespace", it));
        return request.GET().build();
    }

    static URI uri(URI address, KeyPlace.Vault place) throws IOException {
        var path = new StringBuilder(address.toString());
        while (path.charAt(path.length() - 1) == '/') {
            path.setLength(path.length() - 1);
        }
        path.append("/v1/").append(segment(place.mount())).append("/data");
        for (String part : List.of(place.path().split("/", -1))) {
            path.append('/').append(segment(part));
        }
        return URI.create(path.toString());
    }

    /// A part of a path must not leave it: a policy is written for the path as it stands.
    private static String segment(String part) throws IOException {
        if (part.isEmpty() || part.equals(".") || part.equals("..")) {
            throw new IOException("the path must have no empty part, no \".\" and no \"..\"");
        }
        return URLEncoder.encode(part, StandardCharsets.UTF_8).replace("+", "%20");
    }

    private HttpResponse<byte[]> send(HttpRequest request) throws IOException {
        CompletableFuture<HttpResponse<byte[]>> future =
                client().sendAsync(
                                request,
                                BodyHandlers.limiting(BodyHandlers.ofByteArray(), ANSWER_MAX));
        try {
            return future.get(settings.timeout().toMillis(), TimeUnit.MILLISECONDS);
        } catch (InterruptedException e) {
            future.cancel(true);
            Thread.currentThread().interrupt();
            throw new IOException("cut off", e);
        } catch (TimeoutException e) {
            future.cancel(true);
            throw new IOException(
                    host(request)
                            + " gave no whole answer in "
                            + settings.timeout().toMillis()
                            + " ms (vault.timeout)",
                    e);
        } catch (ExecutionException e) {
            throw new IOException(
                    host(request) + ": " + described(Optional.ofNullable(e.getCause()).orElse(e)),
                    e);
        }
    }

    private static String host(HttpRequest request) {
        return request.uri().getAuthority();
    }

    private static String described(Throwable cause) {
        return switch (cause) {
            case ConnectException _ -> "cannot be connected to; is it up?";
            case SSLException e ->
                    "TLS failed ("
                            + e.getMessage()
                            + "); name its authority in vault.ca, and it by the name in its"
                            + " certificate";
            default -> String.valueOf(cause.getMessage());
        };
    }

    /// Made at the first question, for a file of authorities that cannot be read is no reason not
    /// to start.
    private synchronized HttpClient client() throws IOException {
        if (client.isPresent()) {
            return client.get();
        }
        HttpClient.Builder builder =
                HttpClient.newBuilder()
                        .version(HttpClient.Version.HTTP_1_1)
                        .followRedirects(HttpClient.Redirect.NEVER)
                        .connectTimeout(settings.timeout());
        if (settings.ca().isPresent()) {
            builder.sslContext(Authorities.context(settings.ca().get()));
        }
        HttpClient made = builder.build();
        client = Optional.of(made);
        return made;
    }
}
