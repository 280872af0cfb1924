package io.whimbrel.reception;

import io.whimbrel.auth.Authenticator;
import io.whimbrel.budget.BudgetLevel;
import io.whimbrel.budget.HeapWatch;
import io.whimbrel.dns.Resolver;
import io.whimbrel.metrics.Metrics;
import io.whimbrel.policy.Bans;
import io.whimbrel.policy.Quotas;
import io.whimbrel.policy.TenantConnections;
import io.whimbrel.policy.Tenants;
import io.whimbrel.schedule.Schedule;
import io.whimbrel.socket.ListenSocket;
import io.whimbrel.spool.Spool;
import io.whimbrel.tls.CertificateRefresh;

import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

import java.io.IOException;
import java.net.SocketAddress;
import java.time.Duration;
import java.time.Instant;
import java.time.InstantSource;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;

/// All listeners of the node. Thread-safe, but for [#start], which comes first and once.
public final class Reception {
    private static final Logger LOG = LoggerFactory.getLogger(Reception.class);

    /// How often files of certificates are looked at.
    private static final int CERTIFICATES_SECONDS = 60;

    private static final Duration AFTER_BREAK = Duration.ofSeconds(2);

    private final ReceptionSettings settings;
    private final Doorkeeper doorkeeper;
    private final CertificateRefresh certificates;
    private final Resolver resolver;
    private final ArrivingBodies arriving;
    private final MessageIntake intake;
    private final LocalIntake local;
    private final Metrics metrics;
    private final InstantSource clock;
    private final List<Listener> listeners = new ArrayList<>();
    private final CountDownLatch closed = new CountDownLatch(1);

    /// What reception hands mail to, what bounds it, and whom it asks.
    ///
    /// @param arrivingBytes memory for bodies that are arriving, 1 MiB or more
    /// @param quotas kept over restarts by whoever made them
    public record Means(
            Spool spool,
            Schedule schedule,
            HeapWatch heap,
            long arrivingBytes,
            Quotas quotas,
            Resolver resolver) {
        MailStore store(InstantSource clock) {
            return new SpooledMail(spool, schedule, heap, clock);
        }
    }

    /// One listener as operators see it. Immutable.
    ///
    /// @param address with the actual port where 0 was asked for
    /// @param settings those that new sessions have
    /// @param connections at this moment
    /// @param certificateExpires when the first of its certificates does; empty without TLS
    public record ListenerView(
            SocketAddress address,
            ListenSettings settings,
            int connections,
            Optional<Instant> certificateExpires) {}

    public Reception(
            ReceptionSettings settings, Means means, Metrics metrics, InstantSource clock) {
        this(
                settings,
                new Desk(
                        means.store(clock),
                        new ArrivingBodies(means.arrivingBytes),
                        means.quotas,
                        means.resolver),
                metrics,
                clock);
    }

    /// As [Means], with any store.
    record Desk(MailStore store, ArrivingBodies arriving, Quotas quotas, Resolver resolver) {}

    Reception(ReceptionSettings settings, Desk desk, Metrics metrics, InstantSource clock) {
        this.settings = settings;
        this.doorkeeper = new Doorkeeper(desk.quotas, metrics, clock);
        this.certificates = new CertificateRefresh(() -> doorkeeper.refreshCertificates(), metrics);
        this.resolver = desk.resolver;
        this.arriving = desk.arriving;
        this.intake = new MessageIntake(desk.store, arriving, metrics, clock);
        this.local =
                new LocalIntake(desk.store, arriving, desk.quotas, this::tenants, metrics, clock);
        this.metrics = metrics;
        this.clock = clock;
    }

    /// Binds every address, then accepts on all of them.
    ///
    /// @param connectionsMost on all of them together, because of what the process may open; where
    ///   the settings ask for more, each listener gets its share, and the log says so
    /// @throws IOException where an address cannot be bound, or a certificate cannot be used; none
    ///   is bound then, and the message names the place and the remedy
    public void start(int connectionsMost) throws IOException {
        List<ListenTerms> terms = doorkeeper.terms(settings, resolver);
        List<ListenSocket> bound = new ArrayList<>();
        try {
            for (ListenSettings listen : settings.listens()) {
                bound.add(ListenSocket.bind(listen.address(), listen.entrance().socketMode()));
            }
        } catch (IOException e) {
            for (ListenSocket listenSocket : bound) {
                listenSocket.close();
            }
            throw e;
        }
        for (int i = 0; i < bound.size(); i++) {
            listeners.add(new Listener(bound.get(i), terms.get(i), intake, metrics, clock));
        }
        shareOut(connectionsMost);
        listeners.forEach(Listener::start);
        Thread.ofVirtual().name("smtp-deadlines").start(this::watchDeadlines);
    }

    private void shareOut(int connectionsMost) {
        long asked = 0;
        for (ListenSettings listen : settings.listens()) {
            asked += listen.limits().connectionsMax() + ConnectionCount.RESERVE;
        }
        if (asked <= connectionsMost) {
            return;
        }
        double share = (double) connectionsMost / asked;
        // One line for all listeners: the cause is the same, and so is the remedy.
        LOG.warn(
                "fewer clients at once than max-connections, for the limit of open files allows no"
                        + " more ({}); raise it (LimitNOFILE= of systemd, ulimit -n)",
                String.join(
                        ", ", listeners.stream().map(listener -> listener.bound(share)).toList()));
    }

    /// Where the listeners are, in the order of the settings; with the actual port where 0 was
    /// asked for.
    public List<SocketAddress> addresses() {
        return listeners.stream().map(Listener::address).toList();
    }

    /// Gives new sessions new terms. Each address must be one that was there at the start.
    ///
    /// @param answers who is asked about names from now on
    /// @throws IllegalArgumentException where addresses differ; nothing is changed then
    /// @throws IOException where a certificate cannot be used; nothing is changed then
    public void reload(ReceptionSettings next, Resolver answers) throws IOException {
        if (next.listens().size() != listeners.size()) {
            throw addressesDiffer();
        }
        var sorted = new ArrayList<ListenSettings>();
        for (Listener listener : listeners) {
            SocketAddress address = listener.terms().settings().address();
            sorted.add(
                    next.listens().stream()
                            .filter(listen -> listen.address().equals(address))
                            .findFirst()
                            .orElseThrow(() -> addressesDiffer()));
        }
        List<String> unusable = doorkeeper.refreshCertificates();
        if (!unusable.isEmpty()) {
            throw new IOException(String.join("; ", unusable));
        }
        List<ListenTerms> terms =
                doorkeeper.terms(
                        new ReceptionSettings(sorted, next.tenants(), next.inbound(), next.pools()),
                        answers);
        for (int i = 0; i < terms.size(); i++) {
            listeners.get(i).reload(terms.get(i));
        }
    }

    /// Stops accepting, lets open transactions finish, answers 421 to the rest, and breaks off
    /// after `drain` what has not ended.
    public void close(Duration drain) throws InterruptedException {
        Instant deadline = clock.instant().plus(drain);
        listeners.forEach(Listener::drain);
        for (Listener listener : listeners) {
            listener.awaitEnd(Duration.between(clock.instant(), deadline), AFTER_BREAK);
        }
        closed.countDown();
    }

    /// Connections at this moment, on all listeners.
    public int connections() {
        int connections = 0;
        for (Listener listener : listeners) {
            connections += listener.connections();
        }
        return connections;
    }

    /// How the budget of arriving bodies stands.
    public BudgetLevel arrivingLevel() {
        return arriving.level();
    }

    /// Ends reads and writes that wait too long; once a second is enough.
    void endOverdue() {
        long now = clock.millis();
        for (Listener listener : listeners) {
            listener.endOverdue(now);
        }
    }

    /// The door for mail that does not come by SMTP.
    public LocalIntake local() {
        return local;
    }

    /// Who is banned; any listener's clients.
    public Bans bans() {
        return doorkeeper.bans();
    }

    /// How many connections each tenant has.
    public TenantConnections tenantConnections() {
        return doorkeeper.connections();
    }

    /// Those of the configuration in force.
    public Tenants tenants() {
        return listeners.stream()
                .findFirst()
                .map(listener -> listener.terms().door().tenants())
                .orElse(Tenants.NONE);
    }

    /// Who lets clients log in, each once.
    public List<Authenticator> authenticators() {
        return listeners.stream()
                .map(listener -> listener.terms().authenticator())
                .distinct()
                .toList();
    }

    /// Every listener, in the order of the settings.
    public List<ListenerView> views() {
        return listeners.stream().map(Listener::view).toList();
    }

    /// What an operator should know of the certificates although they work; one line each.
    public List<String> warnings() {
        return listeners.stream()
                .flatMap(listener -> listener.terms().tls().stream())
                .distinct()
                .flatMap(tls -> tls.warnings().stream())
                .distinct()
                .toList();
    }

    private void watchDeadlines() {
        try {
            for (int second = 1; !closed.await(1, TimeUnit.SECONDS); second++) {
                watchOnce();
                if (second % CERTIFICATES_SECONDS == 0) {
                    certificates.begin();
                }
            }
        } catch (InterruptedException _) {
            Thread.currentThread().interrupt();
        }
    }

    private void watchOnce() {
        try {
            endOverdue();
        } catch (RuntimeException e) {
            // Without this thread nobody would end connections that hang.
            metrics.bugs.inc();
            LOG.error("a bug, while deadlines were watched", e);
        }
    }

    private static IllegalArgumentException addressesDiffer() {
        return new IllegalArgumentException("listening on other addresses needs a restart");
    }
}
