package io.whimbrel.transport;

import io.whimbrel.mail.DomainName;
import io.whimbrel.state.StateFile;
import io.whimbrel.state.StateFile.DamagedException;

import tools.jackson.databind.JsonNode;
import tools.jackson.databind.node.ArrayNode;
import tools.jackson.databind.node.ObjectNode;

import java.time.DateTimeException;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;

/// Policies that were fetched, by domain: `state/mta-sts.json`. Thread-safe.
///
/// At most [#POLICIES_MAX], of [#CHARACTERS_MAX] in all; beyond, those are forgotten that have run
/// out, then those that were needed least lately, which costs a fetch and the time until then in
/// mode MAY.
final class StsCache implements StateFile.Content {
    static final int POLICIES_MAX = 10_000;
    static final int CHARACTERS_MAX = 8 * 1024 * 1024;

    /// For how long a policy is kept at least. RFC 8461 §3.2 asks to keep it for up to its max_age:
    /// one of a few minutes would be fetched for every message, and would protect none.
    static final Duration AGE_LEAST = Duration.ofHours(1);

    /// Behind which a policy is old, if half its time is not over earlier.
    static final Duration OLD_MOST = Duration.ofDays(1);

    /// The one that was needed least lately first.
    private final Map<DomainName, Entry> entries = new LinkedHashMap<>();

    private long characters;
    private long changes;

    /// One policy.
    ///
    /// @param id of the TXT record that it was fetched for
    record Entry(String id, StsPolicy policy, Instant fetchedAt) {
        boolean hasExpired(Instant now) {
            return !now.isBefore(fetchedAt.plus(kept()));
        }

        /// Whether it is to be fetched again: early enough that several failures do no harm.
        boolean isOld(Instant now) {
            Duration half = kept().dividedBy(2);
            return !now.isBefore(fetchedAt.plus(half.compareTo(OLD_MOST) < 0 ? half : OLD_MOST));
        }

        private Duration kept() {
            return policy.maxAge().compareTo(AGE_LEAST) < 0 ? AGE_LEAST : policy.maxAge();
        }

        private int characters() {
            int sum = 200 + id.length();
            for (String pattern : policy.mx()) {
                sum += pattern.length() + 8;
            }
            return sum;
        }
    }

    /// For mail that needs it.
    synchronized Optional<Entry> find(DomainName domain, Instant now) {
        Optional<Entry> entry = peek(domain, now);
        entry.ifPresent(it -> {
            entries.remove(domain);
            entries.put(domain, it);
        });
        return entry;
    }

    /// For whoever only looks.
    synchronized Optional<Entry> peek(DomainName domain, Instant now) {
        Optional<Entry> entry = Optional.ofNullable(entries.get(domain));
        if (entry.isPresent() && entry.get().hasExpired(now)) {
            forget(domain);
            return Optional.empty();
        }
        return entry;
    }

    /// A fresh one, in the place of the one that is known: only mail makes it needed.
    synchronized void keep(DomainName domain, Entry entry) {
        Optional<Entry> before = Optional.ofNullable(entries.put(domain, entry));
        characters += entry.characters() - before.map(Entry::characters).orElse(0);
        changes++;
        if (isFull()) {
            List<DomainName> over = new ArrayList<>();
            entries.forEach((name, it) -> {
                if (it.hasExpired(entry.fetchedAt())) {
                    over.add(name);
                }
            });
            over.forEach(this::forget);
        }
        while (isFull()) {
            forget(entries.keySet().iterator().next());
        }
    }

    private boolean isFull() {
        return entries.size() > POLICIES_MAX || characters > CHARACTERS_MAX;
    }

    private void forget(DomainName domain) {
        Optional<Entry> gone = Optional.ofNullable(entries.remove(domain));
        if (gone.isPresent()) {
            characters -= gone.get().characters();
            changes++;
        }
    }

    /// Domains whose policy is old.
    synchronized List<DomainName> old(Instant now) {
        List<DomainName> domains = new ArrayList<>();
        entries.forEach((domain, entry) -> {
            if (entry.isOld(now)) {
                domains.add(domain);
            }
        });
        return domains;
    }

    synchronized int size() {
        return entries.size();
    }

    @Override
    public synchronized long changes() {
        return changes;
    }

    @Override
    public synchronized void restore(JsonNode root) throws DamagedException {
        if (!(root.path("policies") instanceof ArrayNode policies)) {
            throw new DamagedException("no list \"policies\"");
        }
        var found = new LinkedHashMap<DomainName, Entry>();
        for (JsonNode one : policies) {
            Optional<DomainName> domain = DomainName.parse(one.path("domain").stringValue(""));
            Optional<StsPolicy> policy = StsPolicy.parse(one.path("policy").stringValue(""));
            if (domain.isEmpty() || policy.isEmpty()) {
                throw new DamagedException("a policy without \"domain\" or \"policy\"");
            }
            String id = one.path("id").stringValue("");
            found.put(domain.get(), new Entry(id, policy.get(), instant(one)));
        }
        found.forEach(this::keep);
    }

    private static Instant instant(JsonNode one) throws DamagedException {
        try {
            return Instant.parse(one.path("fetched").stringValue(""));
        } catch (DateTimeException _) {
            throw new DamagedException("a policy without \"fetched\"");
        }
    }

    @Override
    public synchronized void writeTo(ObjectNode root) {
        ArrayNode policies = root.putArray("policies");
        entries.forEach((domain, entry) ->
                policies.addObject()
                        .put("domain", domain.value())
                        .put("id", entry.id())
                        .put("fetched", entry.fetchedAt().toString())
                        .put("policy", String.join("\n", entry.policy().lines())));
    }
}
