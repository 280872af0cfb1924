package io.whimbrel.delivery;

import io.whimbrel.delivery.DeliverySettings.Timeouts;
import io.whimbrel.egress.EgressPath;
import io.whimbrel.egress.Site;
import io.whimbrel.egress.SourceAddress;
import io.whimbrel.outcome.AttemptResult.Peer;
import io.whimbrel.routing.HostAddress;
import io.whimbrel.routing.Protocol;
import io.whimbrel.transport.TlsAchieved;
import io.whimbrel.wire.Wire;

import java.time.Duration;
import java.util.Optional;

/// An open session with a host, past EHLO and STARTTLS: what it offered, and how much it has been
/// used. Confined to one thread, apart from [#cut].
final class RemoteSession {
    /// How long an answer to QUIT is worth waiting for.
    private static final Duration QUIT_MOST = Duration.ofSeconds(2);

    private final Wire wire;
    private final HostAddress host;
    private final SourceAddress source;
    private final Protocol protocol;
    private final Extensions extensions;
    private final Peer peer;
    private final Timeouts timeouts;
    private final TlsAchieved tls;

    private Optional<Site> relay = Optional.empty();
    private int transactions;
    private boolean isOpen = true;
    private boolean needsReset;

    /// Whom a session is with, and what was agreed.
    record Terms(
            HostAddress host,
            SourceAddress source,
            Protocol protocol,
            Extensions extensions,
            TlsAchieved tls) {}

    RemoteSession(Wire wire, Terms terms, Timeouts timeouts) {
        this.wire = wire;
        this.host = terms.host();
        this.source = terms.source();
        this.protocol = terms.protocol();
        this.extensions = terms.extensions();
        this.tls = terms.tls();
        this.peer = new Peer(host.described(), tls.facts().tls(), extensions.dsn());
        this.timeouts = timeouts;
    }

    Wire wire() {
        return wire;
    }

    HostAddress host() {
        return host;
    }

    SourceAddress source() {
        return source;
    }

    Protocol protocol() {
        return protocol;
    }

    Extensions extensions() {
        return extensions;
    }

    /// It is with a fallback relay, not with a host of the path it was opened for.
    void isWithRelay(Site site) {
        relay = Optional.of(site);
    }

    /// The path that its replies are about.
    ///
    /// @param path that it was opened for
    EgressPath reached(EgressPath path) {
        return relay.map(site -> new EgressPath(path.pool(), site)).orElse(path);
    }

    /// How safe it is, to be asked before each transaction.
    TlsAchieved tls() {
        return tls;
    }

    Peer peer() {
        return peer;
    }

    Timeouts timeouts() {
        return timeouts;
    }

    /// Transactions begun so far.
    int transactions() {
        return transactions;
    }

    boolean isOpen() {
        return isOpen;
    }

    /// A transaction of the peer's is still open and must be reset before the next MAIL.
    boolean needsReset() {
        return needsReset;
    }

    void needsReset(boolean needed) {
        needsReset = needed;
    }

    void transactionBegins() {
        transactions++;
    }

    /// Nothing more can be said here: the connection broke, or the peer announced its end (421).
    void lost() {
        isOpen = false;
        wire.close();
    }

    /// Says good-bye where there is somebody to say it to.
    void quit() {
        if (isOpen) {
            isOpen = false;
            wire.quit(QUIT_MOST);
        }
    }

    /// Breaks the connection under whoever uses it, from any thread.
    void cut() {
        wire.cut();
    }
}
