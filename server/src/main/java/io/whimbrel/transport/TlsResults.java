package io.whimbrel.transport;

import io.whimbrel.mail.DomainName;
import io.whimbrel.state.StateFile;
import io.whimbrel.state.StateFile.DamagedException;

import tools.jackson.databind.JsonNode;
import tools.jackson.databind.node.ArrayNode;
import tools.jackson.databind.node.ObjectNode;

import java.time.DateTimeException;
import java.time.InstantSource;
import java.time.LocalDate;
import java.time.ZoneOffset;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;

/// Counts sessions with the hosts of each domain and day in UTC, as reports have them (RFC 8460):
/// `state/tls-results.json`. Thread-safe.
///
/// Kept for today and [#DAYS_KEPT] days before; [#TALLIES_MAX] of them at most, those of the fewest
/// sessions are forgotten then, the oldest of them first. Of failures that differ, [#FAILURES_MAX]
/// each are told apart; further ones are counted in the sum only. Of policies of one type that a
/// domain has had on one day, [#POLICIES_MAX] are told apart; further ones count as the last.
public final class TlsResults implements StateFile.Content {
    static final int TALLIES_MAX = 10_000;
    static final int FAILURES_MAX = 50;
    static final int POLICIES_MAX = 20;
    public static final int DAYS_KEPT = 2;

    /// So many are forgotten at once.
    private static final int FORGOTTEN = TALLIES_MAX / 20;

    private static final String TLSA = "tlsa";
    private static final String STS = "sts";
    private static final String NO_POLICY = "no-policy-found";
    private static final int LINES_MAX = 100;
    private static final int REASON_MAX = 200;

    private final InstantSource clock;
    private final Map<Key, Tally> tallies = new LinkedHashMap<>();
    private long changes;

    /// What one count is about.
    ///
    /// @param type `sts`, `tlsa` or `no-policy-found`
    /// @param policy its lines: one that changed is another
    record Key(DomainName domain, LocalDate day, String type, List<String> policy) {
        Key {
            policy = List.copyOf(policy.subList(0, Math.min(policy.size(), LINES_MAX)));
        }

        boolean isOfPolicyLike(Key other) {
            return domain.equals(other.domain) && day.equals(other.day) && type.equals(other.type);
        }
    }

    /// One way in which sessions failed. Immutable.
    ///
    /// @param sendingIp ours; `""` where it is not known
    /// @param mxHost the host
    /// @param receivingIp its address
    /// @param reason what was wrong, for people; `""` for nothing more
    public record Failure(
            TlsFailure type, String sendingIp, String mxHost, String receivingIp, String reason) {

        public Failure {
            reason = reason.length() > REASON_MAX ? reason.substring(0, REASON_MAX) : reason;
        }
    }

    /// Counts of one key. Guarded by the results.
    static final class Tally {
        private final List<String> hosts;
        private final Map<Failure, Long> failures = new LinkedHashMap<>();
        private long succeeded;
        private long failed;

        Tally(List<String> hosts) {
            this.hosts = hosts.subList(0, Math.min(hosts.size(), LINES_MAX));
        }

        List<String> hosts() {
            return hosts;
        }

        Map<Failure, Long> failures() {
            return failures;
        }

        long succeeded() {
            return succeeded;
        }

        long failed() {
            return failed;
        }

        private long sessions() {
            return succeeded + failed;
        }

        private void add(Failure failure, long count) {
            failed += count;
            if (failures.containsKey(failure) || failures.size() < FAILURES_MAX) {
                failures.merge(failure, count, Long::sum);
            }
        }
    }

    public TlsResults(InstantSource clock) {
        this.clock = clock;
    }

    /// A session in TLS that the policy is content with.
    public synchronized void succeeded(DomainName domain, TlsPolicy policy) {
        tally(domain, policy).succeeded++;
        changes++;
    }

    /// A session that was not, or would not have been had the policy been enforced.
    public synchronized void failed(DomainName domain, TlsPolicy policy, Failure failure) {
        tally(domain, policy).add(failure, 1);
        changes++;
    }

    /// A session for a domain whose own policy could not be had.
    public synchronized void withoutPolicy(DomainName domain, StsAnswer.Broken broken) {
        LocalDate today = LocalDate.ofInstant(clock.instant(), ZoneOffset.UTC);
        tally(new Key(domain, today, STS, List.of()), List.of())
                .add(new Failure(broken.failure(), "", "", "", broken.text()), 1);
        changes++;
    }

    private Tally tally(DomainName domain, TlsPolicy policy) {
        LocalDate today = LocalDate.ofInstant(clock.instant(), ZoneOffset.UTC);
        Optional<StsPolicy> sts = sts(policy);
        List<String> tlsa =
                policy.demand() instanceof TlsPolicy.Demand.Dane(DaneAnswer.Usable usable)
                        ? usable.records()
                        : List.of();
        boolean isDane = policy.isByDane();
        if (isDane || sts.isEmpty()) {
            return tally(new Key(domain, today, isDane ? TLSA : NO_POLICY, tlsa), List.of());
        }
        return tally(new Key(domain, today, STS, sts.get().lines()), sts.get().mx());
    }

    private Tally tally(Key key, List<String> hosts) {
        Optional<Tally> known = Optional.ofNullable(tallies.get(key));
        if (known.isPresent()) {
            return known.get();
        }
        Optional<Tally> last = key.policy().isEmpty() ? Optional.empty() : lastBeyond(key);
        if (last.isPresent()) {
            return last.get();
        }
        var fresh = new Tally(hosts);
        put(key, fresh, key.day());
        return fresh;
    }

    /// Whoever changes his policy for each question must not take the room of others.
    private Optional<Tally> lastBeyond(Key key) {
        int count = 0;
        Optional<Tally> last = Optional.empty();
        for (Map.Entry<Key, Tally> one : tallies.entrySet()) {
            if (one.getKey().isOfPolicyLike(key)) {
                count++;
                last = Optional.of(one.getValue());
            }
        }
        return count >= POLICIES_MAX ? last : Optional.empty();
    }

    private static Optional<StsPolicy> sts(TlsPolicy policy) {
        return policy.demand() instanceof TlsPolicy.Demand.Sts(StsPolicy enforced)
                ? Optional.of(enforced)
                : policy.observed();
    }

    private void put(Key key, Tally tally, LocalDate today) {
        LocalDate oldest = today.minusDays(DAYS_KEPT);
        var keys = tallies.keySet().iterator();
        while (keys.hasNext()) {
            // In the order of days, so that this ends at the first that stays.
            if (!keys.next().day().isBefore(oldest)) {
                break;
            }
            keys.remove();
        }
        if (tallies.size() >= TALLIES_MAX) {
            tallies.entrySet().stream()
                    .sorted(
                            Comparator.<Map.Entry<Key, Tally>>comparingLong(
                                            one -> one.getValue().sessions())
                                    .thenComparing(one -> one.getKey().day()))
                    .limit(FORGOTTEN)
                    .map(Map.Entry::getKey)
                    .toList()
                    .forEach(tallies::remove);
        }
        tallies.put(key, tally);
    }

    /// The report for one domain and day as RFC 8460 §4.4 has it; empty where nothing was counted.
    public synchronized Optional<String> report(
            TlsReport.Sender sender, DomainName domain, LocalDate day) {
        var found = new LinkedHashMap<Key, Tally>();
        for (String type : List.of(TLSA, STS, NO_POLICY)) {
            var like = new Key(domain, day, type, List.of());
            tallies.forEach((key, tally) -> {
                if (key.isOfPolicyLike(like)) {
                    found.put(key, tally);
                }
            });
        }
        return found.isEmpty()
                ? Optional.empty()
                : Optional.of(TlsReport.json(sender, domain, day, found));
    }

    /// Domains of which there is something to report.
    ///
    /// @param sessionsLeast those with fewer on that day are left out
    public synchronized List<DomainName> domains(LocalDate day, long sessionsLeast) {
        var sessions = new LinkedHashMap<DomainName, Long>();
        tallies.forEach((key, tally) -> {
            if (key.day().equals(day)) {
                sessions.merge(key.domain(), tally.sessions(), Long::sum);
            }
        });
        sessions.values().removeIf(count -> count < sessionsLeast);
        return List.copyOf(sessions.keySet());
    }

    @Override
    public synchronized long changes() {
        return changes;
    }

    @Override
    public synchronized void restore(JsonNode root) throws DamagedException {
        if (!(root.path("tallies") instanceof ArrayNode all)) {
            throw new DamagedException("no list \"tallies\"");
        }
        var found = new LinkedHashMap<Key, Tally>();
        for (JsonNode one : all) {
            try {
                var domain = new DomainName(one.path("domain").stringValue(""));
                LocalDate day = LocalDate.parse(one.path("day").stringValue(""));
                String type = one.path("type").stringValue("");
                found.put(new Key(domain, day, type, texts(one.path("policy"))), tally(one));
            } catch (DateTimeException | IllegalArgumentException e) {
                throw new DamagedException("a tally that is none: " + e.getMessage());
            }
        }
        tallies.putAll(found);
    }

    private static Tally tally(JsonNode one) {
        var tally = new Tally(texts(one.path("hosts")));
        for (JsonNode failure : one.path("failures")) {
            tally.add(
                    new Failure(
                            TlsFailure.valueOf(failure.path("type").stringValue("")),
                            failure.path("from").stringValue(""),
                            failure.path("host").stringValue(""),
                            failure.path("to").stringValue(""),
                            failure.path("reason").stringValue("")),
                    failure.path("count").asLong(0));
        }
        tally.succeeded = one.path("succeeded").asLong(0);
        tally.failed = one.path("failed").asLong(0);
        return tally;
    }

    private static List<String> texts(JsonNode list) {
        List<String> texts = new ArrayList<>();
        for (JsonNode one : list) {
            texts.add(one.stringValue(""));
        }
        return texts;
    }

    @Override
    public synchronized void writeTo(ObjectNode root) {
        ArrayNode all = root.putArray("tallies");
        tallies.forEach((key, tally) -> {
            ObjectNode one =
                    all.addObject()
                            .put("domain", key.domain().value())
                            .put("day", key.day().toString())
                            .put("type", key.type())
                            .put("succeeded", tally.succeeded())
                            .put("failed", tally.failed());
            key.policy().forEach(one.putArray("policy")::add);
            tally.hosts().forEach(one.putArray("hosts")::add);
            ArrayNode failures = one.putArray("failures");
            tally.failures()
                    .forEach((failure, count) ->
                            failures.addObject()
                                    .put("type", failure.type().name())
                                    .put("from", failure.sendingIp())
                                    .put("host", failure.mxHost())
                                    .put("to", failure.receivingIp())
                                    .put("reason", failure.reason())
                                    .put("count", count));
        });
    }
}
