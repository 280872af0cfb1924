package io.whimbrel.transport;

import io.whimbrel.mail.DomainName;
import io.whimbrel.time.Watchdog;
import io.whimbrel.tls.ClientTls;
import io.whimbrel.tls.ServerTrust;

import java.io.BufferedInputStream;
import java.io.IOException;
import java.net.InetSocketAddress;
import java.net.UnknownHostException;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.List;
import java.util.Optional;

import javax.net.ssl.SSLException;
import javax.net.ssl.SSLSocket;

/// Fetches policies from `https://mta-sts.DOMAIN/.well-known/mta-sts.txt` (RFC 8461 §3.3).
/// Thread-safe; blocks its thread for [#ALL_MOST] at most.
final class StsFetch {
    /// RFC 8461 §3.3 suggests one minute; but mail waits, and so do other domains.
    static final Duration ALL_MOST = Duration.ofSeconds(10);

    private final Watchdog watchdog;
    private final Places places;
    private final ServerTrust trust;

    /// Where a host's web server is.
    @FunctionalInterface
    interface Places {
        /// At least one, in the order in which they are tried.
        ///
        /// @throws UnknownHostException where nobody knows, or it is not to be connected to
        List<InetSocketAddress> of(String host) throws UnknownHostException;
    }

    StsFetch(Watchdog watchdog, Places places, ServerTrust trust) {
        this.watchdog = watchdog;
        this.places = places;
        this.trust = trust;
    }

    StsAnswer fetch(DomainName domain) {
        String host = "mta-sts." + domain.value();
        try (var line = new WebLine();
                var watch = watchdog.watch(line::close)) {
            watch.arm(ALL_MOST);
            line.connect(places.of(host), ALL_MOST);
            try (SSLSocket secure = ClientTls.verified(line.socket(), host, trust)) {
                Optional<StsPolicy> policy = StsPolicy.parse(text(secure, host));
                return policy.isPresent()
                        ? new StsAnswer.Found(policy.get())
                        : new StsAnswer.Broken(
                                TlsFailure.STS_POLICY_INVALID, host + ": the policy is no policy");
            }
        } catch (SSLException e) {
            return broken(TlsFailure.STS_WEBPKI_INVALID, host, e);
        } catch (IOException e) {
            return broken(TlsFailure.STS_POLICY_FETCH_ERROR, host, e);
        }
    }

    private static String text(SSLSocket socket, String host) throws IOException {
        String request =
                "GET /.well-known/mta-sts.txt HTTP/1.1\r\nHost: "
                        + host
                        + "\r\nUser-Agent: whimbrel\r\nAccept: text/plain\r\nConnection: close"
                        + "\r\n\r\n";
        socket.getOutputStream().write(request.getBytes(StandardCharsets.US_ASCII));
        return HttpText.read(new BufferedInputStream(socket.getInputStream()), StsPolicy.BYTES_MAX);
    }

    private static StsAnswer broken(TlsFailure failure, String host, IOException e) {
        String message = String.valueOf(e.getMessage());
        var line = new StringBuilder(host).append(": ");
        for (int i = 0; i < Math.min(message.length(), 200); i++) {
            char c = message.charAt(i);
            line.append(c < ' ' || c == 0x7f ? ' ' : c);
        }
        return new StsAnswer.Broken(failure, line.toString());
    }
}
