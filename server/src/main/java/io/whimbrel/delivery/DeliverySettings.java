package io.whimbrel.delivery;

import io.whimbrel.mail.Network;

import java.time.Duration;
import java.util.List;

/// `[delivery]`: how mail is sent where no provider rule says otherwise. Immutable.
///
/// @param port of MX hosts, 1..65535; default 25
/// @param allowPrivate networks that MX hosts may lie in although private or loopback
/// @param connectionsPerPathMax connections at once on one egress path, 1..10000; default 50
/// @param connectionsMax connections at once in all, 1..100000; default 2000
/// @param messagesPerConnectionMax transactions before QUIT, 1..100000; default 1000
/// @param idleMost how long an open connection waits for the next message; default 2s
/// @param timeouts of each stage
public record DeliverySettings(
        int port,
        List<Network> allowPrivate,
        int connectionsPerPathMax,
        int connectionsMax,
        int messagesPerConnectionMax,
        Duration idleMost,
        Timeouts timeouts) {

    /// RFC 5321 §4.5.3.2, and a connect timeout of our own.
    ///
    /// @param connect TCP; default 30s
    /// @param greeting the 220; default 5m
    /// @param command EHLO, MAIL, RCPT and others; default 5m
    /// @param dataInitiation the 354; default 2m
    /// @param dataBlock one write of the body; default 3m
    /// @param dataTermination the answer to end-of-data; default 10m
    public record Timeouts(
            Duration connect,
            Duration greeting,
            Duration command,
            Duration dataInitiation,
            Duration dataBlock,
            Duration dataTermination) {

        public static final Timeouts DEFAULT =
                new Timeouts(
                        Duration.ofSeconds(30),
                        Duration.ofMinutes(5),
                        Duration.ofMinutes(5),
                        Duration.ofMinutes(2),
                        Duration.ofMinutes(3),
                        Duration.ofMinutes(10));
    }

    public static final DeliverySettings DEFAULT =
            new DeliverySettings(
                    25, List.of(), 50, 2_000, 1_000, Duration.ofSeconds(2), Timeouts.DEFAULT);

    /// The same with no more than `most` connections in all.
    public DeliverySettings withAtMost(int most) {
        return new DeliverySettings(
                port,
                allowPrivate,
                connectionsPerPathMax,
                Math.min(connectionsMax, most),
                messagesPerConnectionMax,
                idleMost,
                timeouts);
    }

    public DeliverySettings {
        allowPrivate = List.copyOf(allowPrivate);
    }
}
