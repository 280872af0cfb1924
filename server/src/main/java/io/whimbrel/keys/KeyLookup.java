package io.whimbrel.keys;

import io.whimbrel.dns.DnsSettings;
import io.whimbrel.dns.Resolver;
import io.whimbrel.dns.TextAnswer;

import java.time.InstantSource;
import java.util.List;

/// Asks the DNS for the records of keys. Implementations are thread-safe; a question blocks, and
/// ends early with a temporary failure where the thread is interrupted.
public interface KeyLookup {

    /// What each of those who are asked says now; at least one answer.
    List<TextAnswer> texts(String name);

    /// Asks each server of `[dns]` by itself, and believes no answer that we keep; without servers
    /// there, those of the system as one.
    record Servers(DnsSettings settings, InstantSource clock) implements KeyLookup {

        @Override
        public List<TextAnswer> texts(String name) {
            if (settings.servers().isEmpty()) {
                return List.of(new Resolver(settings, clock).text(name));
            }
            return settings.servers().stream()
                    .map(server -> new DnsSettings(List.of(server), settings.timeout()))
                    .map(alone -> new Resolver(alone, clock).text(name))
                    .toList();
        }
    }
}
