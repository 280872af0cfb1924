package io.whimbrel.reception;

import io.whimbrel.mail.IpText;
import io.whimbrel.mail.Network;
import io.whimbrel.metrics.Metrics;
import io.whimbrel.reception.ConnectionCount.Admission;
import io.whimbrel.smtp.SmtpReply;
import io.whimbrel.socket.Link;
import io.whimbrel.socket.ListenSocket;
import io.whimbrel.socket.ProxyHeader;
import io.whimbrel.socket.TimedSocket;
import io.whimbrel.tls.ServerTls;

import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

import java.io.IOException;
import java.net.InetAddress;
import java.net.SocketAddress;
import java.time.Duration;
import java.time.InstantSource;
import java.util.Optional;
import java.util.OptionalInt;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.Semaphore;
import java.util.concurrent.TimeUnit;

/// Accepts connections on one address and runs each in its own virtual thread. Thread-safe.
final class Listener {
    private static final Logger LOG = LoggerFactory.getLogger(Listener.class);

    /// Of a client that may not relay, where the settings do not say.
    private static final int STRANGER_CONNECTIONS_MAX = 50;

    /// Of one that has to log in first, as another mail server does that sends through us.
    private static final int CUSTOMER_CONNECTIONS_MAX = 500;

    /// Proxies send it at once.
    private static final Duration PROXY_HEADER_TIMEOUT = Duration.ofSeconds(10);

    private static final Duration PAUSE_AFTER_FAILURE = Duration.ofMillis(100);

    private final ListenSocket listenSocket;
    private final MessageIntake intake;
    private final Metrics metrics;
    private final InstantSource clock;
    private final ConnectionCount count;
    private final Set<TimedSocket> sockets = ConcurrentHashMap.newKeySet();
    private final Set<SmtpConnection> connections = ConcurrentHashMap.newKeySet();
    private final Semaphore lingering = new Semaphore(ConnectionCount.RESERVE);
    private final CountDownLatch closed = new CountDownLatch(1);
    private volatile ListenTerms terms;
    private volatile int connectionsBound = Integer.MAX_VALUE;
    private volatile boolean isDraining;

    /// `accept` failed the last time. Confined to the accepting thread.
    private boolean isFailing;

    /// @param listenSocket bound already; closed by [#drain]
    Listener(
            ListenSocket listenSocket,
            ListenTerms terms,
            MessageIntake intake,
            Metrics metrics,
            InstantSource clock) {
        this.listenSocket = listenSocket;
        this.terms = terms;
        this.intake = intake;
        this.metrics = metrics;
        this.clock = clock;
        this.count = new ConnectionCount(terms.limits().connectionsMax());
    }

    void start() {
        Thread.ofVirtual().name("smtp-accept " + label()).start(this::accept);
    }

    /// Where it is, with the actual port where 0 was asked for.
    SocketAddress address() {
        return listenSocket.address();
    }

    /// For people.
    String label() {
        return ListenSettings.label(address());
    }

    ListenTerms terms() {
        return terms;
    }

    /// Leaves this listener only a share of the connections that its settings allow, and one at
    /// least, for good.
    ///
    /// @return what it has now, for people
    String bound(double share) {
        int asked = terms.limits().connectionsMax();
        int permits = (int) ((asked + ConnectionCount.RESERVE) * share);
        connectionsBound = Math.max(1, permits - ConnectionCount.RESERVE);
        count.setMost(Math.min(asked, connectionsBound));
        return label() + " " + Math.min(asked, connectionsBound) + " of " + asked;
    }

    /// Sessions that begin from now on have these terms.
    void reload(ListenTerms next) {
        terms = next;
        count.setMost(Math.min(next.limits().connectionsMax(), connectionsBound));
    }

    /// Ends reads and writes that wait too long.
    void endOverdue(long nowMillis) {
        for (TimedSocket socket : sockets) {
            socket.endOverdue(nowMillis);
        }
    }

    /// Connections now, refused ones included.
    int connections() {
        return connections.size();
    }

    /// As operators see it.
    Reception.ListenerView view() {
        ListenTerms present = terms;
        return new Reception.ListenerView(
                address(),
                present.settings(),
                connections(),
                present.tls().map(ServerTls::expires));
    }

    /// Takes no more connections, and lets those there are end after their open transaction.
    void drain() {
        isDraining = true;
        closed.countDown();
        try {
            listenSocket.close();
        } catch (IOException e) {
            LOG.warn("Closing the listener on {}: {}", label(), e.getMessage());
        }
        for (SmtpConnection connection : connections) {
            connection.drain();
        }
    }

    /// Waits for the connections to end, and breaks them off after `timeout`.
    void awaitEnd(Duration timeout, Duration afterBreak) throws InterruptedException {
        if (count.awaitNone(timeout)) {
            return;
        }
        LOG.warn("{}: breaking off {} connections", label(), sockets.size());
        for (TimedSocket socket : sockets) {
            socket.close();
        }
        if (!count.awaitNone(afterBreak)) {
            LOG.warn("{}: {} connections did not end", label(), sockets.size());
        }
    }

    private void accept() {
        try {
            while (!listenSocket.isClosed()) {
                count.takePermit();
                acceptOne();
            }
        } catch (InterruptedException _) {
            Thread.currentThread().interrupt();
        }
    }

    private void acceptOne() throws InterruptedException {
        try {
            Link link = listenSocket.accept();
            isFailing = false;
            Thread.ofVirtual().name("smtp-in").start(() -> serve(link));
        } catch (IOException e) {
            count.releasePermit();
            if (!isFailing && !listenSocket.isClosed()) {
                isFailing = true;
                LOG.warn("{}: cannot accept, will try on: {}", label(), e.getMessage());
            }
            // Out of file descriptors, most likely: at once it would only fail again.
            boolean _ = closed.await(PAUSE_AFTER_FAILURE.toMillis(), TimeUnit.MILLISECONDS);
        }
    }

    /// Runs one connection to its end, and gives its permit back.
    private void serve(Link link) {
        try (link) {
            ListenTerms present = terms;
            SessionLimits limits = present.limits();
            var timed = new TimedSocket(link, limits.commandTimeout(), limits.sessionMost(), clock);
            sockets.add(timed);
            try {
                Optional<Client> client = clientOf(timed, present);
                if (client.isPresent()) {
                    serve(timed, client.get());
                }
            } finally {
                sockets.remove(timed);
            }
        } catch (IOException _) {
            // The client is gone before it was served.
        } finally {
            count.releasePermit();
        }
    }

    /// Who connects; empty where a proxy does not say it as it should.
    private Optional<Client> clientOf(TimedSocket timed, ListenTerms present) throws IOException {
        InetAddress peer = timed.address();
        if (!Network.anyContains(
                present.settings().entrance().proxies().proxyProtocolFrom(), peer)) {
            return Optional.of(Client.of(peer, present));
        }
        timed.setReadTimeout(PROXY_HEADER_TIMEOUT);
        ProxyHeader.Origin origin = ProxyHeader.read(timed);
        timed.setReadTimeout(present.limits().commandTimeout());
        return switch (origin) {
            case ProxyHeader.Origin.From(InetAddress client) ->
                    Optional.of(Client.of(client, present));
            case ProxyHeader.Origin.Itself() -> Optional.of(Client.of(peer, present));
            case ProxyHeader.Origin.Bad(String problem) -> {
                // A greeting would tell a stranger nothing, and the proxy cannot use it.
                LOG.warn("{}: proxy {}: {}", label(), IpText.of(peer), problem);
                yield Optional.empty();
            }
        };
    }

    private void serve(TimedSocket timed, Client client) {
        var connection = new SmtpConnection(timed, client, intake, metrics);
        connections.add(connection);
        try {
            serve(connection, client);
        } finally {
            connections.remove(connection);
        }
    }

    private void serve(SmtpConnection connection, Client client) {
        if (isDraining) {
            // It was accepted while drain() went through the others.
            connection.drain();
        }
        Optional<SmtpReply> overload = intake.refusalOfConnection();
        if (overload.isPresent()) {
            refuse(connection, overload.get());
            return;
        }
        OptionalInt clientMost = clientMost(client);
        Admission admission = count.admit(client.address(), clientMost);
        switch (admission) {
            case ADMITTED -> {
                try {
                    connection.run();
                } finally {
                    count.leave(client.address());
                }
            }
            case TOO_MANY ->
                    refuse(
                            connection,
                            SmtpReply.of(
                                    421, 4, 3, 2, "Too many connections here; try again later"));
            case TOO_MANY_FROM_CLIENT ->
                    refuse(
                            connection,
                            SmtpReply.of(
                                    421,
                                    4,
                                    7,
                                    0,
                                    "More than "
                                            + clientMost.orElse(0)
                                            + " connections from your address; close some"));
        }
    }

    /// Says why, and waits for the client to have heard it only while few others do: permits are
    /// for those who are served.
    private void refuse(SmtpConnection connection, SmtpReply reply) {
        boolean mayLinger = lingering.tryAcquire();
        try {
            connection.refuse(reply, mayLinger);
        } finally {
            if (mayLinger) {
                lingering.release();
            }
        }
    }

    private static OptionalInt clientMost(Client client) {
        OptionalInt given = client.terms().limits().connectionsPerClientMax();
        if (given.isPresent()) {
            return given;
        }
        if (client.mayRelay() || client.isTrustedProxy()) {
            return OptionalInt.empty();
        }
        return OptionalInt.of(
                client.terms().requiresAuth()
                        ? CUSTOMER_CONNECTIONS_MAX
                        : STRANGER_CONNECTIONS_MAX);
    }
}
