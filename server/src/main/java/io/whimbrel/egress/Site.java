package io.whimbrel.egress;

/// The set of domains served by the same MX hosts, or by the same static route. Immutable.
///
/// @param name what operators see: the MX hosts with their common ending written once, for example
///   `(alt1|alt2).gmail-smtp-in.l.google.com`, or the route's target `smtp://127.0.0.1:2526`
/// @param provider name of the mailbox provider whose hosts they are; `""` for a route
public record Site(String name, String provider) {

    /// Without a provider.
    public Site(String name) {
        this(name, "");
    }

    @Override
    public String toString() {
        return name;
    }
}
