package io.whimbrel.keys;

import io.whimbrel.dns.TextAnswer;

import java.time.Duration;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.concurrent.ConcurrentHashMap;

/// A DNS of so many servers that say what they are told. Thread-safe.
final class ZoneKeys implements KeyLookup {
    static final Duration NEGATIVE = Duration.ofMinutes(15);
    private static final Duration TTL = Duration.ofHours(1);

    private final int servers;
    private final Map<String, List<TextAnswer>> answers = new ConcurrentHashMap<>();
    private final List<String> asked = new ArrayList<>();

    ZoneKeys(int servers) {
        this.servers = servers;
    }

    @Override
    public synchronized List<TextAnswer> texts(String name) {
        asked.add(name);
        return answers.getOrDefault(name, all(new TextAnswer.NoSuchDomain(NEGATIVE)));
    }

    private List<TextAnswer> all(TextAnswer answer) {
        var all = new TextAnswer[servers];
        Arrays.fill(all, answer);
        return List.of(all);
    }

    /// Every server has these records.
    void publish(KeyName name, String... texts) {
        answers.put(name.dnsName(), all(new TextAnswer.Texts(List.of(texts), TTL)));
    }

    void publish(DnsRecord record) {
        publish(record.name(), record.value());
    }

    /// Only the first server has it.
    void publishHalf(DnsRecord record) {
        publish(record);
        set(record.name(), 1, new TextAnswer.NoText(NEGATIVE));
    }

    void set(KeyName name, int server, TextAnswer answer) {
        var all = new ArrayList<>(texts(name.dnsName()));
        all.set(server, answer);
        answers.put(name.dnsName(), List.copyOf(all));
    }

    void fail(KeyName name) {
        answers.put(
                name.dnsName(), all(new TextAnswer.TemporaryFailure("SERVFAIL from 192.0.2.1")));
    }

    void remove(KeyName name) {
        answers.remove(name.dnsName());
    }

    /// How often that was, from now on.
    synchronized int asked(KeyName name) {
        int count = (int) asked.stream().filter(name.dnsName()::equals).count();
        asked.clear();
        return count;
    }
}
