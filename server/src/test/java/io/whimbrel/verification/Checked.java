package io.whimbrel.verification;

import io.prometheus.metrics.model.registry.PrometheusRegistry;
import io.whimbrel.metrics.VerificationMetrics;
import io.whimbrel.verification.VerificationSettings.Check;
import io.whimbrel.verification.VerificationSettings.OnFail;

import java.net.InetAddress;
import java.time.Instant;
import java.util.EnumSet;
import java.util.List;

/// Runs the checks of one message by the public face.
final class Checked {
    static final InetAddress CLIENT = InetAddress.ofLiteral("192.0.2.1");

    private Checked() {}

    static Verdicts all(Lookups zone, String mailFrom, byte[] message, Instant now) {
        var settings =
                new VerificationSettings(EnumSet.allOf(Check.class), OnFail.REJECT, OnFail.REJECT);
        return run(settings, zone, mailFrom, message, now);
    }

    static Verdicts run(
            VerificationSettings settings,
            Lookups zone,
            String mailFrom,
            byte[] message,
            Instant now) {
        var metrics = new VerificationMetrics(new PrometheusRegistry());
        var verification = new Verification(settings, zone, metrics, () -> now);
        try (var check = verification.begin(CLIENT, "client.example", mailFrom)) {
            // In pieces of all sizes, so that nothing rests on where they end.
            int at = 0;
            int size = 1;
            while (at < message.length) {
                int length = Math.min(size, message.length - at);
                check.write(message, at, length);
                at += length;
                size = size > 4_000 ? 1 : size * 2 + 1;
            }
            return check.end();
        }
    }

    static List<DkimVerdict> dkim(Lookups zone, byte[] message) {
        return dkim(zone, message, Instant.ofEpochSecond(1_600_000_000));
    }

    static List<DkimVerdict> dkim(Lookups zone, byte[] message, Instant now) {
        var settings = new VerificationSettings(EnumSet.of(Check.DKIM), OnFail.MARK, OnFail.MARK);
        return run(settings, zone, "", message, now).dkim();
    }

    static ArcVerdict arc(Lookups zone, byte[] message) {
        var settings = new VerificationSettings(EnumSet.of(Check.ARC), OnFail.MARK, OnFail.MARK);
        Instant now = Instant.ofEpochSecond(1_600_000_000);
        return run(settings, zone, "", message, now).arc().orElseThrow();
    }
}
