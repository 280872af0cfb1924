package io.whimbrel.dns;

import java.time.Duration;
import java.util.List;

/// What the DNS says about who takes mail for a domain (RFC 5321 §5.1). Immutable.
public sealed interface MxAnswer {

    /// Whether a resolver that is trusted with it has validated the answer, and each alias on the
    /// way to it. A failure, a null MX and a domain that is not there count as not secure.
    default boolean isSecure() {
        return false;
    }

    /// One MX record.
    ///
    /// @param preference lower is tried first
    /// @param host lower case, no trailing dot
    record MxHost(int preference, String host) {}

    /// These hosts.
    ///
    /// @param hosts at least one, by preference and then by name; each once
    /// @param canonicalName the domain itself, or the end of the chain of aliases that it begins;
    ///   lower case, no trailing dot
    record Hosts(List<MxHost> hosts, Duration timeToLive, boolean isSecure, String canonicalName)
            implements MxAnswer {}

    /// The domain takes no mail at all (RFC 7505).
    record NullMx(Duration timeToLive) implements MxAnswer {}

    /// The domain is there and has no MX: its own address counts.
    record NoMx(Duration timeToLive, boolean isSecure) implements MxAnswer {}

    /// The domain is not there.
    record NoSuchDomain(Duration timeToLive) implements MxAnswer {}

    /// Nobody could say; `text` says why.
    record TemporaryFailure(String text) implements MxAnswer {}
}
