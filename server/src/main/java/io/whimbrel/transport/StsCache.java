package io.whimbrel.transport;

import io.whimbrel.mail.DomainName;
import io.whimbrel.state.StateFile;
import io.whimbrel.state.StateFile.DamagedException;

import tools.jackson.databind.JsonNode;
import tools.jackson.databind.node.ArrayNode;
import tools.jackson.databind.node.ObjectNode;

import java.time.DateTimeException;
import java.time.Instant;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;

/// Policies that were fetched, by domain: `state/mta-sts.json`. Thread-safe.
///
/// At most [#POLICIES_MAX], of [#CHARACTERS_MAX] in all; beyond, those are forgotten that were
/// needed least lately, which costs a fetch and the time until then in mode MAY.
final class StsCache implements StateFile.Content {
    static final int POLICIES_MAX = 10_000;
    static final int CHARACTERS_MAX = 8 * 1024 * 1024;

    private final Map<DomainName, Entry> entries = new LinkedHashMap<>(16, 0.75f, true);
    private long characters;
    private long changes;

    /// One policy.
    ///
    /// @param id of the TXT record that it was fetched for
    record Entry(String id, StsPolicy policy, Instant fetchedAt) {
        boolean hasExpired(Instant now) {
            return !now.isBefore(fetchedAt.plus(policy.maxAge()));
        }

        private int characters() {
            int sum = 200 + id.length();
            for (String pattern : policy.mx()) {
                sum += pattern.length() + 8;
            }
            return sum;
        }
    }

    synchronized Optional<Entry> find(DomainName domain, Instant now) {
        Optional<Entry> entry = Optional.ofNullable(entries.get(domain));
        if (entry.isPresent() && entry.get().hasExpired(now)) {
            forget(domain);
            return Optional.empty();
        }
        return entry;
    }

    synchronized void keep(DomainName domain, Entry entry) {
        forget(domain);
        entries.put(domain, entry);
        characters += entry.characters();
        changes++;
        while (entries.size() > POLICIES_MAX || characters > CHARACTERS_MAX) {
            forget(entries.keySet().iterator().next());
        }
    }

    private void forget(DomainName domain) {
        Optional<Entry> gone = Optional.ofNullable(entries.remove(domain));
        if (gone.isPresent()) {
            characters -= gone.get().characters();
            changes++;
        }
    }

    /// Domains whose policy was fetched before `then`.
    synchronized List<DomainName> fetchedBefore(Instant then) {
        List<DomainName> domains = new ArrayList<>();
        entries.forEach((domain, entry) -> {
            if (entry.fetchedAt().isBefore(then)) {
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
