package io.whimbrel.dns;

import java.time.Duration;
import java.util.List;

/// What the DNS says about the certificates of a service (RFC 6698 §3). Immutable.
public sealed interface TlsaAnswer {

    /// These.
    ///
    /// @param records at least one
    /// @param isSecure a resolver that is trusted with it has validated them, and each alias on the
    ///   way to them; those that are not secure mean nothing
    record Records(List<TlsaRecord> records, boolean isSecure, Duration timeToLive)
            implements TlsaAnswer {}

    /// There are none.
    ///
    /// @param isSecure that is proven
    record NoRecords(boolean isSecure) implements TlsaAnswer {}

    /// Nobody could say; `text` says why. Whoever can suppress an answer would otherwise choose
    /// that there is none, so the host is not to be used now (RFC 7672 §2.1.2).
    record TemporaryFailure(String text) implements TlsaAnswer {}
}
