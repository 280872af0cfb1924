package io.whimbrel.dns;

import java.time.Duration;
import java.util.List;

/// What the DNS says about who takes mail for a domain (RFC 5321 §5.1). Immutable.
public sealed interface MxAnswer {

    /// One MX record.
    ///
    /// @param preference lower is tried first
    /// @param host lower case, no trailing dot
    record MxHost(int preference, String host) {}

    /// These hosts.
    ///
    /// @param hosts at least one, by preference and then by name; each once
    record Hosts(List<MxHost> hosts, Duration timeToLive) implements MxAnswer {}

    /// The domain takes no mail at all (RFC 7505).
    record NullMx(Duration timeToLive) implements MxAnswer {}

    /// The domain is there and has no MX: its own address counts.
    record NoMx(Duration timeToLive) implements MxAnswer {}

    /// The domain is not there.
    record NoSuchDomain(Duration timeToLive) implements MxAnswer {}

    /// Nobody could say; `text` says why.
    record TemporaryFailure(String text) implements MxAnswer {}
}
