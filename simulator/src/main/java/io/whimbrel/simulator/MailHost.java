package io.whimbrel.simulator;

/// A host that receives mail for a provider.
///
/// @param name fully qualified, without the final dot
/// @param addresses how many IPv4 addresses it has, 1..16; one for the other kinds
public record MailHost(String name, Kind kind, int addresses) {

    /// Where a host can be reached.
    public enum Kind {
        IPV4,
        /// Only at `::1`. One host of a catalogue may be of this kind.
        IPV6,
        /// Has an IPv4 address, but nothing listens there.
        DEAD
    }

    public MailHost {
        if (addresses < 1 || addresses > 16 || (kind != Kind.IPV4 && addresses > 1)) {
            throw new IllegalArgumentException(
                    "a host has 1..16 IPv4 addresses or one of another kind, not " + addresses);
        }
    }

    public static MailHost live(String name) {
        return new MailHost(name, Kind.IPV4, 1);
    }

    public static MailHost live(String name, int addresses) {
        return new MailHost(name, Kind.IPV4, addresses);
    }

    public static MailHost ipv6(String name) {
        return new MailHost(name, Kind.IPV6, 1);
    }

    public static MailHost dead(String name) {
        return new MailHost(name, Kind.DEAD, 1);
    }
}
