package io.whimbrel.verification;

import java.util.EnumSet;
import java.util.Set;

/// What is checked of mail that comes in, and what follows. Immutable.
///
/// @param checks DMARC brings SPF and DKIM with it, for it rests on them
/// @param onSpfFail what follows from a failure of SPF
/// @param onDmarcFail what follows from a failure of DMARC where the author's domain wants such
///   mail refused
public record VerificationSettings(Set<Check> checks, OnFail onSpfFail, OnFail onDmarcFail) {

    public static final VerificationSettings NONE =
            new VerificationSettings(Set.of(), OnFail.MARK, OnFail.MARK);

    public VerificationSettings {
        var wanted = EnumSet.noneOf(Check.class);
        wanted.addAll(checks);
        if (wanted.contains(Check.DMARC)) {
            wanted.add(Check.SPF);
            wanted.add(Check.DKIM);
        }
        checks = Set.copyOf(wanted);
    }

    /// Something that can be checked.
    public enum Check {
        SPF,
        DKIM,
        DMARC,
        ARC
    }

    /// What follows from a failure.
    public enum OnFail {
        /// The Authentication-Results field tells it.
        MARK,
        /// The message is refused: for good, or for now where the DNS failed.
        REJECT
    }

    /// Whether anything is checked at all.
    public boolean isActive() {
        return !checks.isEmpty();
    }
}
