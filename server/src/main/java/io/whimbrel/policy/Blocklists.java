package io.whimbrel.policy;

import io.whimbrel.dns.AddressAnswer;
import io.whimbrel.dns.Resolver;
import io.whimbrel.mail.IpText;
import io.whimbrel.metrics.DoorMetrics;
import io.whimbrel.metrics.DoorMetrics.Reason;
import io.whimbrel.smtp.SmtpReply;

import java.net.InetAddress;
import java.time.Duration;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.ExecutorCompletionService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.concurrent.TimeUnit;
import java.util.function.LongSupplier;

/// Asks lists of addresses in the DNS whether a client is on one of them (RFC 5782). Thread-safe.
///
/// All zones are asked at once, each on a virtual thread of its own, and the first listing is the
/// answer. What has not answered after the patience, or fails, does not count: a list that is down
/// stops no mail. The resolver remembers answers, so a client that comes again costs nothing.
public final class Blocklists {
    /// Enough for a resolver nearby; the client waits for as long as this.
    public static final Duration PATIENCE = Duration.ofSeconds(3);

    private final Resolver resolver;
    private final Duration patience;
    private final LongSupplier nanos;
    private final DoorMetrics metrics;

    /// Where a client is listed.
    ///
    /// @param answer what the zone said, such as `127.0.0.2`
    public record Listing(BlocklistZone zone, InetAddress answer) {

        /// What the client is told.
        public SmtpReply reply(InetAddress client) {
            String text =
                    IpText.of(client)
                            + " is listed by "
                            + zone.shownName()
                            + " ("
                            + IpText.of(answer)
                            + ")";
            return SmtpReply.of(550, 5, 7, 1, text);
        }
    }

    /// @param nanos monotonic, as of [io.whimbrel.time.SteadyClock]
    public Blocklists(
            Resolver resolver, Duration patience, LongSupplier nanos, DoorMetrics metrics) {
        this.resolver = resolver;
        this.patience = patience;
        this.nanos = nanos;
        this.metrics = metrics;
    }

    /// Blocks for the patience at most. Empty where no zone lists the client, or it is of this
    /// machine or a private network, which no list can know.
    public Optional<Listing> find(InetAddress client, List<BlocklistZone> zones) {
        boolean isPrivate =
                client.isLoopbackAddress()
                        || client.isLinkLocalAddress()
                        || client.isSiteLocalAddress();
        if (zones.isEmpty() || isPrivate) {
            return Optional.empty();
        }
        var threads = Executors.newVirtualThreadPerTaskExecutor();
        try {
            var lookups = new ExecutorCompletionService<Optional<Listing>>(threads);
            for (BlocklistZone zone : zones) {
                lookups.submit(() -> ask(zone, client));
            }
            Optional<Listing> found = first(lookups, zones.size());
            found.ifPresent(_ -> metrics.refused(Reason.BLOCKLIST));
            return found;
        } catch (InterruptedException _) {
            Thread.currentThread().interrupt();
            return Optional.empty();
        } finally {
            // Whoever still asks is interrupted; the answer, where it comes, is remembered.
            threads.shutdownNow();
        }
    }

    private Optional<Listing> first(ExecutorCompletionService<Optional<Listing>> lookups, int count)
            throws InterruptedException {
        long end = nanos.getAsLong() + patience.toNanos();
        for (int i = 0; i < count; i++) {
            Future<Optional<Listing>> done =
                    lookups.poll(end - nanos.getAsLong(), TimeUnit.NANOSECONDS);
            if (done == null) {
                metrics.blocklistFailures.inc(count - i);
                return Optional.empty();
            }
            try {
                if (done.get().isPresent()) {
                    return done.get();
                }
            } catch (ExecutionException bug) {
                throw new IllegalStateException("a lookup in a blocklist", bug.getCause());
            }
        }
        return Optional.empty();
    }

    private Optional<Listing> ask(BlocklistZone zone, InetAddress client) {
        return switch (resolver.ipv4(zone.question(client))) {
            case AddressAnswer.Addresses(List<InetAddress> addresses, var _, var _, var _) ->
                    addresses.stream()
                            .filter(zone::isListing)
                            .findFirst()
                            .map(answer -> new Listing(zone, answer));
            case AddressAnswer.NoAddress _ -> Optional.empty();
            case AddressAnswer.NoSuchDomain _ -> Optional.empty();
            case AddressAnswer.TemporaryFailure _ -> {
                metrics.blocklistFailures.inc();
                yield Optional.empty();
            }
        };
    }
}
