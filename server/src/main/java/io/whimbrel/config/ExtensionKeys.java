package io.whimbrel.config;

import static io.whimbrel.toml.Key.Change.RELOAD;

import io.whimbrel.reception.Offered;
import io.whimbrel.toml.Key;
import io.whimbrel.toml.Key.Presence;
import io.whimbrel.toml.Kinds;
import io.whimbrel.toml.TableValues;

import java.time.Duration;
import java.util.List;
import java.util.Optional;

/// The keys of `[[listen]]` about extensions of MAIL. Stateless.
final class ExtensionKeys {
    private static final Duration TEN_YEARS = Duration.ofDays(3650);

    static final Key<Duration> FUTURE_RELEASE =
            new Key<>(
                    "future-release",
                    Kinds.duration(Duration.ZERO, TEN_YEARS),
                    new Presence.Default<>(
                            Offered.DEFAULT.futureRelease().orElseThrow(), Optional.empty()),
                    RELOAD,
                    "For how long a client may let a message wait here before it is sent"
                            + " (FUTURERELEASE, RFC 4865). `\"0s\"`: not offered.");

    static final Key<Duration> DELIVER_BY =
            new Key<>(
                    "deliver-by",
                    Kinds.duration(Duration.ZERO, TEN_YEARS),
                    new Presence.Default<>(Duration.ZERO, Optional.empty()),
                    RELOAD,
                    "The shortest time after which a client may want back what is not delivered"
                            + " (DELIVERBY, RFC 2852).");

    static final List<Key<?>> ALL = List.of(FUTURE_RELEASE, DELIVER_BY);

    private ExtensionKeys() {}

    /// @param auth whether AUTH is offered there
    static Offered settings(TableValues values, boolean auth) {
        Duration held = values.get(FUTURE_RELEASE);
        return new Offered(
                auth,
                held.isZero() ? Optional.empty() : Optional.of(held),
                true,
                Optional.of(values.get(DELIVER_BY)));
    }
}
