package io.whimbrel.routing;

import io.whimbrel.dns.AddressAnswer;
import io.whimbrel.dns.Resolver;

import java.time.Duration;
import java.time.Instant;
import java.time.InstantSource;

/// Questions for the addresses of several hosts that are all answered in the time that one may take
/// ([Resolver#longest]); what is not known by then is a temporary failure. Begun together, they are
/// asked at once. Confined to one thread, used once; blocks.
final class HostQuestions {
    /// How long further hosts may take where one to try is known.
    static final Duration FURTHER_MOST = Duration.ofSeconds(2);

    private final Resolver resolver;
    private final InstantSource clock;
    private Duration most;
    private Instant end;

    HostQuestions(Resolver resolver) {
        this.resolver = resolver;
        this.clock = resolver.clock();
        this.most = resolver.longest();
        this.end = clock.instant().plus(most);
    }

    void begin(String host, IpPreference families) {
        if (families.wantsIpv6()) {
            resolver.beginIpv6(host);
        }
        if (families.wantsIpv4()) {
            resolver.beginIpv4(host);
        }
    }

    AddressAnswer ipv4(String host) {
        return resolver.ipv4(host, left());
    }

    AddressAnswer ipv6(String host) {
        return resolver.ipv6(host, left());
    }

    /// From now on nothing takes longer than [#FURTHER_MOST].
    void hurry() {
        if (left().compareTo(FURTHER_MOST) > 0) {
            most = FURTHER_MOST;
            end = clock.instant().plus(most);
        }
    }

    /// Whether only that is answered that is known.
    boolean isOver() {
        return left().isZero();
    }

    private Duration left() {
        Duration left = Duration.between(clock.instant(), end);
        if (left.isNegative()) {
            return Duration.ZERO;
        }
        // A clock that was set back must not make it longer.
        return left.compareTo(most) > 0 ? most : left;
    }
}
