package io.whimbrel.delivery;

import io.whimbrel.delivery.SmtpClient.Opening;
import io.whimbrel.egress.SourceAddress;
import io.whimbrel.outcome.AttemptResult;
import io.whimbrel.outcome.AttemptResult.ConnectionLost;
import io.whimbrel.outcome.AttemptResult.NotTried;
import io.whimbrel.routing.HostAddress;
import io.whimbrel.routing.MailHosts;
import io.whimbrel.routing.NextHop;
import io.whimbrel.smtp.SmtpReply;

import java.net.InetAddress;
import java.nio.file.Path;
import java.util.List;
import java.util.Optional;

/// Seeks sessions with a next hop. Immutable; blocks while the DNS is asked and hosts are tried.
///
/// Where no host of a next hop can be connected to and it has a fallback, that is asked. A host
/// that answers, even to refuse, has been reached.
final class SessionFinder {
    private static final InetAddress LOOPBACK = InetAddress.ofLiteral("127.0.0.1");

    private final SmtpClient client;

    SessionFinder(SmtpClient client) {
        this.client = client;
    }

    Opening open(ActivePlan active, NextHop nextHop) {
        return switch (nextHop) {
            case NextHop.Remote remote -> openOrFallBack(active, remote);
            case NextHop.LocalSocket(var _, Path path) ->
                    client.open(path, localSource(active), active.settings().timeouts());
            case NextHop.Taker taker -> {
                String text = taker.site() + " needs no session; this is a defect of Whimbrel";
                yield new Opening.Failed(new NotTried(SmtpReply.of(451, 4, 3, 5, text)), "");
            }
        };
    }

    private Opening openOrFallBack(ActivePlan active, NextHop.Remote remote) {
        Opening own = open(active, remote);
        Optional<NextHop.Remote> fallback = remote.terms().fallback();
        boolean isAway =
                own instanceof Opening.Failed(AttemptResult result, _) && isUnreached(result);
        return isAway && fallback.isPresent() && !Thread.currentThread().isInterrupted()
                ? open(active, fallback.get())
                : own;
    }

    private Opening open(ActivePlan active, NextHop.Remote remote) {
        return switch (active.directions().hosts(remote, active.sources())) {
            case MailHosts.None(var reply) -> new Opening.Failed(new NotTried(reply), "");
            case MailHosts.Found(List<HostAddress> hosts) ->
                    client.open(
                            hosts,
                            remote.protocol(),
                            active.sources(),
                            active.settings().timeouts());
        };
    }

    /// Whether nobody was connected to, although there was somebody to connect to.
    static boolean isUnreached(AttemptResult result) {
        return result instanceof ConnectionLost lost && lost.stage() == AttemptResult.Stage.CONNECT;
    }

    /// Whose name is said to a program on this machine.
    private static SourceAddress localSource(ActivePlan active) {
        return active.sources()
                .next(LOOPBACK)
                .orElseGet(() -> new SourceAddress("", Optional.empty(), "localhost"));
    }
}
