package io.whimbrel.egress;

import java.net.InetAddress;
import java.util.Optional;

/// An address that mail leaves from, and the name said there. Immutable.
///
/// @param name what operators call it; `""` for the unnamed source of a node without `[[source]]`
/// @param address what the world sees; empty lets the system choose
/// @param ehloName said in EHLO
/// @param profile how warm it is: `cold`, `warm`, `hot`; `""` where nobody said
/// @param proxy what connects for it
public record SourceAddress(
        String name,
        Optional<InetAddress> address,
        String ehloName,
        String profile,
        Optional<Proxy> proxy) {

    /// Without profile and proxy.
    public SourceAddress(String name, Optional<InetAddress> address, String ehloName) {
        this(name, address, ehloName, "", Optional.empty());
    }

    /// The same, as warm as `warmth` says.
    public SourceAddress warm(String warmth) {
        return new SourceAddress(name, address, ehloName, warmth, proxy);
    }

    /// What connections are bound to on this machine; empty lets the system choose. Behind a proxy
    /// the source's address is the proxy's, unless that has another.
    public Optional<InetAddress> boundTo() {
        boolean isHere = proxy.isEmpty() || proxy.get().sourceAddress().isPresent();
        return isHere ? address : Optional.empty();
    }

    /// What hosts see as our address; empty where the system chooses.
    public Optional<InetAddress> seenAs() {
        return proxy.flatMap(Proxy::sourceAddress).or(() -> address);
    }
}
