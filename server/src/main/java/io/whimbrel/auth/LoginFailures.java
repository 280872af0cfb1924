package io.whimbrel.auth;

import io.whimbrel.mail.IpText;
import io.whimbrel.mail.Network;
import io.whimbrel.metrics.AuthMetrics;

import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

import java.net.Inet4Address;
import java.net.InetAddress;
import java.net.UnknownHostException;
import java.time.Duration;
import java.time.Instant;
import java.time.InstantSource;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.HashSet;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.function.Predicate;

/// Failed logins, and what they lead to: answers that come later and later, lock-outs, suspicion.
/// Thread-safe.
///
/// Failures are counted for the user (existing or not) and for the client's network, an IPv4
/// address or an IPv6 /64. Whoever logged in from a network within a day is counted apart, for that
/// user and network together: so a stranger who guesses at a user cannot lock out the application
/// that works, and neither can a broken application next to it. Success ends what is counted for
/// the pair, never what is counted for a network, or an attacker with one password could try others
/// for ever.
///
/// Each table holds [#ENTRIES_MAX]; beyond it the one that was quiet for longest is forgotten.
final class LoginFailures {
    static final int ENTRIES_MAX = 20_000;
    static final int NETWORK_FACTOR = 3;

    /// So many users with failures within the time of [AuthSettings.Lockout], and a network is
    /// suspected of trying a few passwords with many users.
    static final int SPRAY_USERS = 10;

    static final Duration DELAY_MAX = Duration.ofSeconds(8);

    private static final Duration DELAY_FIRST = Duration.ofMillis(500);
    private static final Duration KNOWN_LASTS = Duration.ofDays(1);
    private static final Logger LOG = LoggerFactory.getLogger(LoginFailures.class);

    private final AuthSettings.Lockout settings;
    private final AuthMetrics metrics;
    private final InstantSource clock;
    private final Map<Subject, Tally> tallies = new Bounded<>();
    private final Map<Subject, Instant> known = new Bounded<>();

    /// Networks under suspicion, and until when.
    private final Map<String, Instant> suspected = new Bounded<>();

    private int reported;

    /// Whose failures are counted together; `""` for any user or any network.
    private record Subject(String user, String network) {}

    /// Failures of one subject. Confined to the lock.
    private static final class Tally {
        private int count;
        private Instant began;
        private Instant lockedUntil = Instant.MIN;

        /// Hashes of names: ten at most, and a name would be longer.
        private final Set<Integer> users = new HashSet<>();

        Tally(Instant now) {
            began = now;
        }
    }

    private static final class Bounded<K, V> extends LinkedHashMap<K, V> {
        private static final long serialVersionUID = 1L;

        Bounded() {
            super(16, 0.75f, true);
        }

        @Override
        protected boolean removeEldestEntry(Map.Entry<K, V> eldest) {
            return size() > ENTRIES_MAX;
        }
    }

    LoginFailures(AuthSettings.Lockout settings, AuthMetrics metrics, InstantSource clock) {
        this.settings = settings;
        this.metrics = metrics;
        this.clock = clock;
    }

    /// How long this client, or this user for this client, is still locked out; empty where it may
    /// try.
    synchronized Optional<Duration> locked(String user, InetAddress client) {
        Instant now = clock.instant();
        Optional<Duration> longest = Optional.empty();
        for (Subject subject : subjects(user, network(client), now)) {
            Tally tally = tallies.get(subject);
            if (tally != null && tally.lockedUntil.isAfter(now)) {
                Duration left = Duration.between(now, tally.lockedUntil);
                longest = longest.filter(it -> it.compareTo(left) > 0).or(() -> Optional.of(left));
            }
        }
        return longest;
    }

    /// Counts a failure.
    ///
    /// @param user `""` where it is not known whose
    /// @return how long the answer is to be held back
    synchronized Duration failed(String user, InetAddress client) {
        Instant now = clock.instant();
        prune(now);
        String network = network(client);
        int most = 0;
        for (Subject subject : subjects(user, network, now)) {
            Tally tally = tally(subject, now);
            tally.count++;
            most = Math.max(most, tally.count);
            if (subject.user.isEmpty()) {
                suspect(tally, user, network, now);
            }
            int max = settings.failures() * (subject.user.isEmpty() ? NETWORK_FACTOR : 1);
            if (tally.count >= max && settings.lasts().isPositive()) {
                lock(subject, tally, now);
            }
        }
        return delay(most);
    }

    /// Remembers that this user logs in from there.
    synchronized void succeeded(String user, InetAddress client) {
        var pair = new Subject(user, network(client));
        known.put(pair, clock.instant());
        tallies.remove(pair);
    }

    /// Ends suspicions that are over, so that the gauge falls without failures too.
    synchronized void refresh() {
        prune(clock.instant());
    }

    /// All in force, in the order in which failures were counted last.
    synchronized List<LockoutView> lockouts() {
        Instant now = clock.instant();
        List<LockoutView> inForce = new ArrayList<>();
        tallies.forEach((subject, tally) -> {
            if (tally.lockedUntil.isAfter(now)) {
                Instant since = tally.lockedUntil.minus(settings.lasts());
                inForce.add(
                        new LockoutView(subject.user, subject.network, since, tally.lockedUntil));
            }
        });
        return inForce;
    }

    /// Ends lock-outs, and forgets the failures that led to them.
    ///
    /// @return those it ended
    synchronized List<LockoutView> lift(Predicate<LockoutView> which) {
        List<LockoutView> lifted = lockouts().stream().filter(which).toList();
        lifted.forEach(view -> tallies.remove(new Subject(view.user(), view.network())));
        return lifted;
    }

    private List<Subject> subjects(String user, String network, Instant now) {
        var pair = new Subject(user, network);
        Optional<Instant> seen = Optional.ofNullable(known.get(pair));
        if (seen.filter(it -> it.plus(KNOWN_LASTS).isAfter(now)).isPresent()) {
            return List.of(pair);
        }
        List<Subject> subjects = new ArrayList<>(2);
        subjects.add(new Subject("", network));
        if (!user.isEmpty()) {
            subjects.add(new Subject(user, ""));
        }
        return subjects;
    }

    private Tally tally(Subject subject, Instant now) {
        Tally tally = tallies.get(subject);
        if (tally == null || !tally.began.plus(settings.within()).isAfter(now)) {
            Tally fresh = new Tally(now);
            // A lock-out may last longer than failures are counted together.
            fresh.lockedUntil = tally == null ? Instant.MIN : tally.lockedUntil;
            tallies.put(subject, fresh);
            return fresh;
        }
        return tally;
    }

    private void lock(Subject subject, Tally tally, Instant now) {
        tally.lockedUntil = now.plus(settings.lasts());
        tally.count = 0;
        metrics.lockouts.inc();
        LOG.warn(
                "auth-lockout ip={} user={} for={}s",
                subject.network.isEmpty() ? "-" : subject.network,
                SaslText.logged(subject.user),
                settings.lasts().toSeconds());
    }

    private void suspect(Tally tally, String user, String network, Instant now) {
        if (user.isEmpty() || tally.users.size() >= SPRAY_USERS) {
            return;
        }
        tally.users.add(user.hashCode());
        if (tally.users.size() == SPRAY_USERS) {
            suspected.put(network, now.plus(settings.within()));
            report();
            LOG.warn("auth-spray ip={} users={}", network, SPRAY_USERS);
        }
    }

    private void prune(Instant now) {
        if (suspected.values().removeIf(until -> !until.isAfter(now))) {
            report();
        }
    }

    /// The gauge is of all authenticators.
    private void report() {
        metrics.spraySuspected.inc(suspected.size() - reported);
        reported = suspected.size();
    }

    /// Half a second, and twice as long each time.
    private static Duration delay(int failures) {
        Duration delay = DELAY_FIRST.multipliedBy(1L << Math.clamp(failures - 1L, 0, 10));
        return delay.compareTo(DELAY_MAX) < 0 ? delay : DELAY_MAX;
    }

    /// `192.0.2.7`, or `2001:db8:0:1::/64`: whoever has one address of it has all.
    static String network(InetAddress client) {
        if (client instanceof Inet4Address) {
            return IpText.of(client);
        }
        byte[] bytes = client.getAddress();
        Arrays.fill(bytes, 8, 16, (byte) 0);
        try {
            return new Network(InetAddress.getByAddress(bytes), 64).toString();
        } catch (UnknownHostException e) {
            throw new IllegalStateException(e);
        }
    }
}
