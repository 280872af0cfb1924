package io.whimbrel.reception;

import io.whimbrel.budget.BudgetLevel;
import io.whimbrel.budget.HeapWatch;
import io.whimbrel.metrics.Metrics;
import io.whimbrel.schedule.Schedule;
import io.whimbrel.spool.Spool;

import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

import java.io.IOException;
import java.net.InetSocketAddress;
import java.net.ServerSocket;
import java.net.SocketAddress;
import java.time.Duration;
import java.time.Instant;
import java.time.InstantSource;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;

/// All listeners of the node. Thread-safe, but for [#start], which comes first and once.
public final class Reception {
    private static final Logger LOG = LoggerFactory.getLogger(Reception.class);
    private static final Duration AFTER_BREAK = Duration.ofSeconds(2);

    private final List<ListenSettings> settings;
    private final ArrivingBodies arriving;
    private final MessageIntake intake;
    private final Metrics metrics;
    private final InstantSource clock;
    private final List<Listener> listeners = new ArrayList<>();
    private final CountDownLatch closed = new CountDownLatch(1);

    /// What reception hands mail to, and what bounds it.
    ///
    /// @param arrivingBytes memory for bodies that are arriving, 1 MiB or more
    public record Means(Spool spool, Schedule schedule, HeapWatch heap, long arrivingBytes) {
        MailStore store(InstantSource clock) {
            return new SpooledMail(spool, schedule, heap, clock);
        }
    }

    public Reception(
            List<ListenSettings> settings, Means means, Metrics metrics, InstantSource clock) {
        this(settings, means.store(clock), new ArrivingBodies(means.arrivingBytes), metrics, clock);
    }

    Reception(
            List<ListenSettings> settings,
            MailStore store,
            ArrivingBodies arriving,
            Metrics metrics,
            InstantSource clock) {
        this.settings = List.copyOf(settings);
        this.arriving = arriving;
        this.intake = new MessageIntake(store, arriving, metrics, clock);
        this.metrics = metrics;
        this.clock = clock;
    }

    /// Binds every address, then accepts on all of them.
    ///
    /// @param connectionsMost on all of them together, because of what the process may open; where
    ///   the settings ask for more, each listener gets its share, and the log says so
    /// @throws IOException where an address cannot be bound; none is bound then, and the message
    ///   names the address and the remedy
    public void start(int connectionsMost) throws IOException {
        List<ServerSocket> bound = new ArrayList<>();
        try {
            for (ListenSettings listen : settings) {
                bound.add(Listener.bind(listen.tcpAddress().orElseThrow()));
            }
        } catch (IOException e) {
            for (ServerSocket serverSocket : bound) {
                serverSocket.close();
            }
            throw e;
        }
        for (int i = 0; i < bound.size(); i++) {
            ListenTerms terms = ListenTerms.of(settings.get(i));
            listeners.add(new Listener(bound.get(i), terms, intake, metrics, clock));
        }
        shareOut(connectionsMost);
        listeners.forEach(Listener::start);
        Thread.ofVirtual().name("smtp-deadlines").start(this::watchDeadlines);
    }

    private void shareOut(int connectionsMost) {
        long asked = 0;
        for (ListenSettings listen : settings) {
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
    public List<InetSocketAddress> addresses() {
        return listeners.stream().map(Listener::address).toList();
    }

    /// Gives new sessions new terms. Each address must be one that was there at the start.
    ///
    /// @throws IllegalArgumentException where addresses differ; nothing is changed then
    public void reload(List<ListenSettings> next) {
        List<ListenTerms> terms = new ArrayList<>();
        for (Listener listener : listeners) {
            SocketAddress address = listener.terms().settings().address();
            ListenSettings found =
                    next.stream()
                            .filter(listen -> listen.address().equals(address))
                            .findFirst()
                            .orElseThrow(() -> addressesDiffer());
            terms.add(ListenTerms.of(found));
        }
        if (next.size() != terms.size()) {
            throw addressesDiffer();
        }
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

    private void watchDeadlines() {
        try {
            while (!closed.await(1, TimeUnit.SECONDS)) {
                endOverdue();
            }
        } catch (InterruptedException _) {
            Thread.currentThread().interrupt();
        }
    }

    private static IllegalArgumentException addressesDiffer() {
        return new IllegalArgumentException("listening on other addresses needs a restart");
    }
}
