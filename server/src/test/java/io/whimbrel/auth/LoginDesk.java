package io.whimbrel.auth;

import io.prometheus.metrics.model.registry.PrometheusRegistry;
import io.whimbrel.metrics.AuthMetrics;
import io.whimbrel.smtp.SmtpReply;
import io.whimbrel.tls.ChannelBinding;

import java.io.IOException;
import java.net.InetAddress;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.Optional;

/// An authenticator over a users file, and clients of it. Confined to one thread.
final class LoginDesk {
    static final int ITERATIONS = 4_096;

    final DrivenClock clock = new DrivenClock();
    final AuthMetrics metrics = new AuthMetrics(new PrometheusRegistry());
    final Path path;
    final UsersFile file;
    final Authenticator authenticator;

    LoginDesk(Path folder) throws IOException {
        this(folder, AuthSettings.Lockout.DEFAULT, Optional.empty());
    }

    LoginDesk(Path folder, AuthSettings.Lockout lockout, Optional<AuthSettings.Oauth> oauth)
            throws IOException {
        path = folder.resolve("users");
        file = new UsersFile(path);
        if (!Files.exists(path)) {
            file.add(entry("shop", "pencil"));
        }
        var settings =
                new AuthSettings(
                        AuthSettings.Mode.REQUIRED,
                        Optional.of(path),
                        oauth,
                        Mechanism.ALL,
                        lockout,
                        Duration.ofMinutes(5));
        authenticator = new Authenticator(settings, metrics, clock);
    }

    static UserEntry entry(String name, String password) {
        return new UserEntry(name, "t-" + name, Verifier.Scram.of(password, ITERATIONS), false);
    }

    static AuthClient client(String address) {
        return client(address, List.of());
    }

    static AuthClient client(String address, List<ChannelBinding> bindings) {
        return new AuthClient(InetAddress.ofLiteral(address), "0.0.0.0:587", true, bindings);
    }

    /// PLAIN from 192.0.2.7.
    SaslStep plain(String user, String password) {
        return plain("192.0.2.7", user, password);
    }

    SaslStep plain(String address, String user, String password) {
        return authenticator
                .begin("PLAIN", client(address))
                .start(Optional.of(SaslText.encode("\0" + user + "\0" + password)));
    }

    /// The reply as a line; `334 ` and the text where it is a challenge.
    static String line(SaslStep step) {
        return switch (step) {
            case SaslStep.Challenge(String base64) -> "334 " + base64;
            case SaslStep.Granted(_, SmtpReply reply, _) -> reply.toString();
            case SaslStep.Refused(SmtpReply reply, _) -> reply.toString();
        };
    }

    static String text(SaslStep step) {
        return step instanceof SaslStep.Challenge(String base64)
                ? SaslText.decode(base64).flatMap(SaslText::utf8).orElseThrow()
                : line(step);
    }

    static Duration delay(SaslStep step) {
        return step instanceof SaslStep.Refused(_, Duration delay) ? delay : Duration.ZERO;
    }
}
