package io.whimbrel.delivery;

import io.whimbrel.delivery.DeliverySettings.Timeouts;
import io.whimbrel.delivery.SmtpClient.Opening;
import io.whimbrel.egress.SourceAddress;
import io.whimbrel.egress.Sources;
import io.whimbrel.outcome.AttemptResult;
import io.whimbrel.routing.HostAddress;
import io.whimbrel.routing.Protocol;
import io.whimbrel.time.Watchdog;

import java.time.Duration;
import java.time.InstantSource;
import java.util.List;
import java.util.Optional;

/// Opens sessions with hosts on loopback.
final class Hosts implements AutoCloseable {
    static final Duration SOON = Duration.ofMillis(300);
    static final Timeouts LONG = timeouts(Duration.ofSeconds(20));
    static final Timeouts SHORT = timeouts(SOON);

    static final SourceAddress UNNAMED = new SourceAddress("", Optional.empty(), "mta.test");

    final Watchdog watchdog = new Watchdog("test-watchdog");
    final InstantSource clock = InstantSource.fixed(TestMail.NOW);
    final SmtpClient client = new SmtpClient(watchdog, clock);
    final Sources sources = new Sources(List.of(UNNAMED), clock);

    static Timeouts timeouts(Duration each) {
        return new Timeouts(each, each, each, each, each, each);
    }

    Opening open(Timeouts timeouts, HostAddress... hosts) {
        return client.open(List.of(hosts), Protocol.SMTP, outlet(sources), timeouts);
    }

    RemoteSession session(ScriptedPeer peer) {
        return session(peer, Protocol.SMTP, LONG);
    }

    RemoteSession session(ScriptedPeer peer, Protocol protocol, Timeouts timeouts) {
        return opened(client.open(List.of(peer.host()), protocol, outlet(sources), timeouts));
    }

    static RemoteSession opened(Opening opening) {
        return switch (opening) {
            case Opening.Opened(RemoteSession session) -> session;
            case Opening.Failed failed -> throw new AssertionError(failed.toString());
        };
    }

    static AttemptResult failure(Opening opening) {
        return switch (opening) {
            case Opening.Opened _ -> throw new AssertionError("a session came to be");
            case Opening.Failed(AttemptResult result, var _) -> result;
        };
    }

    @Override
    public void close() {
        watchdog.close();
    }

    /// The first of them.
    static Outlet outlet(Sources sources) {
        return new Outlet(sources.all().getFirst(), sources);
    }
}
