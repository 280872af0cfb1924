package io.whimbrel.dns;

import java.net.InetAddress;
import java.time.Duration;
import java.util.List;

/// What the DNS says about the addresses of a host, of one family. Immutable.
public sealed interface AddressAnswer {

    /// These.
    ///
    /// @param addresses at least one, each carrying no name
    record Addresses(List<InetAddress> addresses, Duration timeToLive) implements AddressAnswer {}

    /// The name is there and has no address of this family.
    record NoAddress(Duration timeToLive) implements AddressAnswer {}

    /// The name is not there.
    record NoSuchDomain(Duration timeToLive) implements AddressAnswer {}

    /// Nobody could say; `text` says why.
    record TemporaryFailure(String text) implements AddressAnswer {}
}
