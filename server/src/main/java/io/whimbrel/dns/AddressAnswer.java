package io.whimbrel.dns;

import java.net.InetAddress;
import java.time.Duration;
import java.util.List;

/// What the DNS says about the addresses of a host, of one family. Immutable.
public sealed interface AddressAnswer {

    /// Whether there are addresses, and a resolver that is trusted with it has validated them and
    /// each alias on the way to them.
    default boolean isSecure() {
        return false;
    }

    /// These.
    ///
    /// @param addresses at least one, each carrying no name
    /// @param canonicalName the host itself, or the end of the chain of aliases that it begins;
    ///   lower case, no trailing dot
    record Addresses(
            List<InetAddress> addresses,
            Duration timeToLive,
            boolean isSecure,
            String canonicalName)
            implements AddressAnswer {}

    /// The name is there and has no address of this family.
    record NoAddress(Duration timeToLive) implements AddressAnswer {}

    /// The name is not there.
    record NoSuchDomain(Duration timeToLive) implements AddressAnswer {}

    /// Nobody could say; `text` says why.
    record TemporaryFailure(String text) implements AddressAnswer {}
}
