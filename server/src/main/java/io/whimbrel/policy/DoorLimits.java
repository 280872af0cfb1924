package io.whimbrel.policy;

import io.whimbrel.mail.Network;
import io.whimbrel.mail.Rate;

import java.time.Duration;
import java.util.Collections;
import java.util.EnumMap;
import java.util.List;
import java.util.Map;

/// How much the clients of one listener may do in how long. Immutable.
///
/// @param perClient for each IPv4 address, or IPv6 network of 64 bits, which one host may have; of
///   ERRORS and REFUSED_RECIPIENTS what is beyond leads to a ban
/// @param perNetwork for each IPv4 network of 24 bits, or IPv6 network of 48
/// @param perListener for all clients; of CONNECTIONS, MESSAGES and RECIPIENTS only
/// @param tarpit how long each refusal waits once a client made some errors; zero for not at all
/// @param ban how long the first ban lasts; zero for none
/// @param bansTrusted whether clients that may relay can be slowed down and banned too
/// @param exempt networks to which nothing of this applies
public record DoorLimits(
        Map<DoorCount, Rate> perClient,
        Map<DoorCount, Rate> perNetwork,
        Map<DoorCount, Rate> perListener,
        Duration tarpit,
        Duration ban,
        boolean bansTrusted,
        List<Network> exempt) {

    public static final DoorLimits NONE =
            new DoorLimits(
                    Map.of(),
                    Map.of(),
                    Map.of(),
                    Duration.ZERO,
                    Duration.ofMinutes(10),
                    false,
                    List.of());

    public DoorLimits {
        perClient = copy(perClient);
        perNetwork = copy(perNetwork);
        perListener = copy(perListener);
        exempt = List.copyOf(exempt);
    }

    private static Map<DoorCount, Rate> copy(Map<DoorCount, Rate> rates) {
        var copy = new EnumMap<DoorCount, Rate>(DoorCount.class);
        copy.putAll(rates);
        return Collections.unmodifiableMap(copy);
    }

    /// Whether nothing is limited, so that nothing need be counted.
    boolean isNone() {
        return perClient.isEmpty()
                && perNetwork.isEmpty()
                && perListener.isEmpty()
                && tarpit.isZero();
    }
}
