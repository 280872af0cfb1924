package io.whimbrel.policy;

import io.whimbrel.mail.IpText;
import io.whimbrel.mail.Network;
import io.whimbrel.mail.Rate;
import io.whimbrel.mail.Rate.Window;
import io.whimbrel.metrics.DoorMetrics;
import io.whimbrel.metrics.DoorMetrics.Reason;
import io.whimbrel.smtp.SmtpReply;

import java.time.Duration;
import java.time.Instant;
import java.time.InstantSource;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;

/// Holds the clients of one listener to its [DoorLimits]. Thread-safe; each question takes constant
/// time, and none where nothing is limited.
///
/// No window of a limit's length has more in it than the limit says ([SlidingCount]). At most
/// [#CLIENTS_MAX] clients and networks are counted, in about 50 MB at the most; those seen longest
/// ago are forgotten first. Bans are elsewhere, and are not pushed out by that.
public final class DoorRates {
    static final int CLIENTS_MAX = 100_000;

    /// People mistype, and programs probe: so many errors within the window are answered at once.
    static final int ERRORS_AT_ONCE = 3;

    private final Bans bans;
    private final InstantSource clock;
    private final DoorMetrics metrics;
    private final DoorTally listener = new DoorTally();
    private final Map<Network, DoorTally> clients =
            new LinkedHashMap<>(16, 0.75f, true) {
                @Override
                protected boolean removeEldestEntry(Map.Entry<Network, DoorTally> eldest) {
                    boolean isFull = size() > CLIENTS_MAX;
                    if (isFull) {
                        metrics.clients.dec();
                    }
                    return isFull;
                }
            };
    private volatile DoorLimits limits;

    /// A limit that applies.
    ///
    /// @param network whom it applies to; empty for all clients
    private record Applied(DoorTally tally, Rate limit, Optional<Network> network) {}

    /// What was too much, and who is banned for it.
    private record TooMuch(Network network, String reason) {}

    /// @param bans shared by all listeners
    /// @param clock one that does not jump, such as [io.whimbrel.time.SteadyClock]
    public DoorRates(DoorLimits limits, Bans bans, InstantSource clock, DoorMetrics metrics) {
        this.limits = limits;
        this.bans = bans;
        this.clock = clock;
        this.metrics = metrics;
    }

    /// New limits, which hold from now on for what was counted before.
    public void reload(DoorLimits changed) {
        limits = changed;
    }

    /// A connection has come: whether it may go on. To be asked before the greeting.
    public Optional<SmtpReply> connect(DoorClient client) {
        DoorLimits now = limits;
        if (isPunishable(client, now)) {
            Optional<SmtpReply> ban = bans.refusal(client.address());
            if (ban.isPresent()) {
                return ban;
            }
        }
        return take(DoorCount.CONNECTIONS, Reason.RATE_CONNECTIONS, client, 1)
                .map(text -> SmtpReply.of(421, 4, 7, 0, text));
    }

    /// Another message begins: asked at MAIL. Where the answer is a reply, the connection ends.
    public Optional<SmtpReply> message(DoorClient client) {
        return take(DoorCount.MESSAGES, Reason.RATE_MESSAGES, client, 1)
                .map(text -> SmtpReply.of(421, 4, 7, 0, text));
    }

    /// More recipients: asked at RCPT. The reply refuses them only, so that the recipients before
    /// them still get the message; and it is not 452, after which clients come again at once.
    public Optional<SmtpReply> recipients(DoorClient client, int count) {
        return take(DoorCount.RECIPIENTS, Reason.RATE_RECIPIENTS, client, count)
                .map(text -> SmtpReply.of(450, 4, 7, 1, text));
    }

    /// A command was refused, for the client's own fault; not RCPT, which is below.
    public DoorConsequence error(DoorClient client) {
        return afterError(client, List.of(DoorCount.ERRORS));
    }

    /// A recipient was refused for good: unknown, not ours. This is an error as well.
    public DoorConsequence refusedRecipient(DoorClient client) {
        return afterError(client, List.of(DoorCount.REFUSED_RECIPIENTS, DoorCount.ERRORS));
    }

    private Optional<String> take(DoorCount kind, Reason reason, DoorClient client, int amount) {
        DoorLimits current = limits;
        if (current.isNone() || isExempt(client, current)) {
            return Optional.empty();
        }
        Instant now = clock.instant();
        Optional<String> refusal;
        synchronized (clients) {
            List<Applied> all = applied(kind, client, current);
            refusal = full(all, kind, client, now, amount);
            if (refusal.isEmpty()) {
                all.forEach(one -> one.tally().add(kind, one.limit().window(), now, amount));
            }
        }
        if (refusal.isPresent()) {
            metrics.refused(reason);
        }
        return refusal;
    }

    /// Why `amount` does not fit: of the limit that has room last.
    private static Optional<String> full(
            List<Applied> all, DoorCount kind, DoorClient client, Instant now, int amount) {
        Optional<String> text = Optional.empty();
        Instant latest = Instant.MIN;
        for (Applied one : all) {
            if (!one.tally().hasRoom(kind, one.limit(), now, amount)) {
                Instant roomAt = one.tally().roomAt(kind, one.limit(), now, amount);
                if (roomAt.isAfter(latest)) {
                    latest = roomAt;
                    String who =
                            one.network()
                                    .map(network -> Bans.who(client.address(), network))
                                    .orElse("All clients");
                    String most = " may make " + spoken(kind, one.limit());
                    text = Optional.of(who + most + "; try again " + ResetText.of(now, roomAt));
                }
            }
        }
        return text;
    }

    private List<Applied> applied(DoorCount kind, DoorClient client, DoorLimits current) {
        List<Applied> all = new ArrayList<>(3);
        Rate perClient = current.perClient().get(kind);
        if (perClient != null) {
            Network host = DoorClient.host(client.address());
            all.add(new Applied(tally(host), perClient, Optional.of(host)));
        }
        Rate perNetwork = current.perNetwork().get(kind);
        if (perNetwork != null) {
            Network network = DoorClient.network(client.address());
            all.add(new Applied(tally(network), perNetwork, Optional.of(network)));
        }
        Rate perListener = current.perListener().get(kind);
        if (perListener != null) {
            all.add(new Applied(listener, perListener, Optional.empty()));
        }
        return all;
    }

    private DoorConsequence afterError(DoorClient client, List<DoorCount> kinds) {
        DoorLimits current = limits;
        if (current.isNone() || !isPunishable(client, current)) {
            return new DoorConsequence.Delay(Duration.ZERO);
        }
        Instant now = clock.instant();
        Optional<TooMuch> tooMuch = Optional.empty();
        boolean isSlowed;
        synchronized (clients) {
            for (DoorCount kind : kinds) {
                Optional<TooMuch> found = countError(kind, client, current, now);
                tooMuch = tooMuch.isPresent() ? tooMuch : found;
            }
            isSlowed = !current.tarpit().isZero() && hasErred(client, current, now);
        }
        if (tooMuch.isPresent()) {
            return ended(client, tooMuch.get(), current, now);
        }
        if (isSlowed) {
            metrics.delays.inc();
        }
        return new DoorConsequence.Delay(isSlowed ? current.tarpit() : Duration.ZERO);
    }

    private Optional<TooMuch> countError(
            DoorCount kind, DoorClient client, DoorLimits current, Instant now) {
        Optional<TooMuch> tooMuch = Optional.empty();
        for (Applied one : applied(kind, client, current)) {
            Window window = one.limit().window();
            one.tally().add(kind, window, now, 1);
            boolean isBeyond = one.tally().total(kind, window, now) > one.limit().count();
            if (isBeyond && one.network().isPresent()) {
                String reason = "more than " + spoken(kind, one.limit());
                tooMuch = Optional.of(new TooMuch(one.network().get(), reason));
            }
        }
        return tooMuch;
    }

    /// Whether the client made more errors lately than are answered at once.
    private boolean hasErred(DoorClient client, DoorLimits current, Instant now) {
        Rate limit = current.perClient().get(DoorCount.ERRORS);
        Window window = limit == null ? Window.MINUTE : limit.window();
        DoorTally tally = tally(DoorClient.host(client.address()));
        if (limit == null) {
            tally.add(DoorCount.ERRORS, window, now, 1);
        }
        return tally.total(DoorCount.ERRORS, window, now) > ERRORS_AT_ONCE;
    }

    private DoorConsequence ended(
            DoorClient client, TooMuch tooMuch, DoorLimits current, Instant now) {
        if (current.ban().isZero()) {
            String text = IpText.of(client.address()) + " made " + tooMuch.reason();
            return new DoorConsequence.Ended(SmtpReply.of(421, 4, 7, 0, text));
        }
        BanView ban = bans.begin(tooMuch.network(), current.ban(), tooMuch.reason());
        return new DoorConsequence.Ended(Bans.reply(client.address(), ban, now));
    }

    private DoorTally tally(Network network) {
        return clients.computeIfAbsent(
                network,
                _ -> {
                    metrics.clients.inc();
                    return new DoorTally();
                });
    }

    private static boolean isPunishable(DoorClient client, DoorLimits current) {
        return (!client.isTrusted() || current.bansTrusted()) && !isExempt(client, current);
    }

    private static boolean isExempt(DoorClient client, DoorLimits current) {
        for (Network network : current.exempt()) {
            if (network.contains(client.address())) {
                return true;
            }
        }
        return false;
    }

    private static String spoken(DoorCount kind, Rate limit) {
        return limit.count() + " " + kind.noun() + " " + limit.window().spoken();
    }
}
