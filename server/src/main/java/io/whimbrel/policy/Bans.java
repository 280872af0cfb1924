package io.whimbrel.policy;

import io.whimbrel.mail.IpText;
import io.whimbrel.mail.Network;
import io.whimbrel.metrics.DoorMetrics;
import io.whimbrel.metrics.DoorMetrics.Reason;
import io.whimbrel.smtp.SmtpReply;

import java.net.InetAddress;
import java.time.Duration;
import java.time.Instant;
import java.time.InstantSource;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.function.Predicate;

/// Who is banned, on all listeners that ban. Thread-safe; each question takes constant time.
///
/// Another ban within [#MEMORY] after the end of one is twice as long, up to [#MOST]. At most
/// [#SIZE_MAX] are remembered; the one given longest ago goes first. They do not survive a restart.
public final class Bans {
    static final Duration MOST = Duration.ofDays(1);
    static final Duration MEMORY = Duration.ofDays(1);
    static final int SIZE_MAX = 20_000;

    private final InstantSource clock;
    private final DoorMetrics metrics;

    /// In the order in which they were given.
    private final Map<Network, BanView> bans = new LinkedHashMap<>();

    public Bans(InstantSource clock, DoorMetrics metrics) {
        this.clock = clock;
        this.metrics = metrics;
    }

    /// What a client is told that is banned, itself or its network.
    public synchronized Optional<SmtpReply> refusal(InetAddress client) {
        Instant now = clock.instant();
        Optional<BanView> ban =
                inForce(DoorClient.host(client), now)
                        .or(() -> inForce(DoorClient.network(client), now));
        return ban.map(found -> {
            metrics.refused(Reason.BAN);
            return reply(client, found, now);
        });
    }

    /// Begins a ban, or makes a longer one of it.
    ///
    /// @param first how long the first one in a row lasts
    synchronized BanView begin(Network network, Duration first, String reason) {
        Instant now = clock.instant();
        BanView before = bans.remove(network);
        boolean isRepeated = before != null && now.isBefore(before.until().plus(MEMORY));
        int count = before != null && isRepeated ? before.count() + 1 : 1;
        var ban = new BanView(network, reason, now, now.plus(length(first, count)), count);
        bans.put(network, ban);
        if (bans.size() > SIZE_MAX) {
            bans.remove(bans.keySet().iterator().next());
        }
        metrics.bans.inc();
        metrics.banned.set(bans.size());
        return ban;
    }

    /// All in force, the latest last.
    public synchronized List<BanView> views() {
        Instant now = clock.instant();
        List<BanView> inForce = new ArrayList<>();
        for (BanView ban : bans.values()) {
            if (now.isBefore(ban.until())) {
                inForce.add(ban);
            }
        }
        return inForce;
    }

    /// Ends the bans that keep this address out, and forgets that they were, so that the next one
    /// is short again.
    ///
    /// @return those it ended
    public synchronized List<BanView> lift(InetAddress client) {
        Network host = DoorClient.host(client);
        Network network = DoorClient.network(client);
        return lift(ban -> ban.network().equals(host) || ban.network().equals(network));
    }

    /// As above, whoever is banned.
    public synchronized List<BanView> liftAll() {
        return lift(_ -> true);
    }

    private List<BanView> lift(Predicate<BanView> which) {
        List<BanView> inForce = views().stream().filter(which).toList();
        bans.values().removeIf(which);
        metrics.banned.set(bans.size());
        return inForce;
    }

    /// What the client is told whose ban this is.
    static SmtpReply reply(InetAddress client, BanView ban, Instant now) {
        String text =
                who(client, ban.network())
                        + " made "
                        + ban.reason()
                        + " and is banned; try again "
                        + ResetText.of(now, ban.until());
        return SmtpReply.of(421, 4, 7, 0, text);
    }

    /// The client, or its network, whichever `network` is.
    static String who(InetAddress client, Network network) {
        String address = IpText.of(client);
        return network.equals(DoorClient.host(client)) ? address : "The network of " + address;
    }

    private Optional<BanView> inForce(Network network, Instant now) {
        BanView ban = bans.get(network);
        if (ban == null) {
            return Optional.empty();
        }
        if (now.isAfter(ban.until().plus(MEMORY))) {
            bans.remove(network);
            metrics.banned.set(bans.size());
        }
        return now.isBefore(ban.until()) ? Optional.of(ban) : Optional.empty();
    }

    private static Duration length(Duration first, int count) {
        Duration length = first;
        for (int i = 1; i < count && length.compareTo(MOST) < 0; i++) {
            length = length.multipliedBy(2);
        }
        return length.compareTo(MOST) < 0 ? length : MOST;
    }
}
