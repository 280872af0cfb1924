package io.whimbrel.reception;

import java.time.Duration;
import java.time.Instant;
import java.time.temporal.ChronoUnit;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;

/// Which extensions of MAIL a listener offers to a client beyond those that all are offered.
/// Immutable.
///
/// @param auth AUTH (RFC 4954): then parameter AUTH of MAIL is read, and has no effect
/// @param futureRelease for how long a message may wait at most (RFC 4865), 1 s to ten years; empty
///   where FUTURERELEASE is not offered
/// @param mtPriority MT-PRIORITY (RFC 6710)
/// @param deliverBy the shortest time after which mail may be wanted back (RFC 2852), 0 or more;
///   empty where DELIVERBY is not offered
/// @param requireTls REQUIRETLS (RFC 8689), which only clients within TLS are offered
public record Offered(
        boolean auth,
        Optional<Duration> futureRelease,
        boolean mtPriority,
        Optional<Duration> deliverBy,
        boolean requireTls) {

    private static final Duration SECOND = Duration.ofSeconds(1);
    private static final Duration TEN_YEARS = Duration.ofDays(3650);

    public static final Offered NONE =
            new Offered(false, Optional.empty(), false, Optional.empty());

    /// All but AUTH, with mail that waits for 30 days at most.
    public static final Offered DEFAULT =
            new Offered(false, Optional.of(Duration.ofDays(30)), true, Optional.of(Duration.ZERO));

    /// Without REQUIRETLS.
    public Offered(
            boolean auth,
            Optional<Duration> futureRelease,
            boolean mtPriority,
            Optional<Duration> deliverBy) {
        this(auth, futureRelease, mtPriority, deliverBy, false);
    }

    public Offered {
        boolean isHeldWithinBounds =
                futureRelease.isEmpty()
                        || (futureRelease.get().compareTo(SECOND) >= 0
                                && futureRelease.get().compareTo(TEN_YEARS) <= 0);
        if (!isHeldWithinBounds) {
            throw new IllegalArgumentException(
                    "future-release must be 1s to 3650d, not " + futureRelease.get());
        }
        boolean isLeastWithinBounds =
                deliverBy.isEmpty()
                        || (!deliverBy.get().isNegative()
                                && deliverBy.get().compareTo(TEN_YEARS) <= 0);
        if (!isLeastWithinBounds) {
            throw new IllegalArgumentException(
                    "deliver-by must be 0s to 3650d, not " + deliverBy.get());
        }
    }

    /// The same for a client that may authenticate, or may not.
    public Offered withAuth(boolean isOffered) {
        return new Offered(isOffered, futureRelease, mtPriority, deliverBy, requireTls);
    }

    /// The same for a client within TLS, or not.
    public Offered withRequireTls(boolean isOffered) {
        return new Offered(auth, futureRelease, mtPriority, deliverBy, isOffered);
    }

    /// Lines for the answer to EHLO; AUTH is not among them, for its mechanisms are another's
    /// business.
    ///
    /// @param now FUTURERELEASE names the last time until which mail may be held now
    List<String> ehloLines(Instant now) {
        var lines = new ArrayList<String>(3);
        futureRelease.ifPresent(most ->
                lines.add(
                        "FUTURERELEASE "
                                + most.toSeconds()
                                + " "
                                + now.plus(most).truncatedTo(ChronoUnit.SECONDS)));
        if (mtPriority) {
            // RFC 6710 §9.2: six classes in nine steps up and nine down, 0 is ordinary mail.
            lines.add("MT-PRIORITY MIXER");
        }
        deliverBy.ifPresent(least ->
                lines.add(least.isZero() ? "DELIVERBY" : "DELIVERBY " + least.toSeconds()));
        if (requireTls) {
            lines.add("REQUIRETLS");
        }
        return lines;
    }

    /// The line that says which limits hold (RFC 9422). A transaction more is always welcome, until
    /// the session has lasted long enough; so there is no MAILMAX.
    static String limitsLine(int recipientsMax) {
        return "LIMITS RCPTMAX=" + recipientsMax;
    }
}
