package io.whimbrel.verification;

import io.whimbrel.dns.AddressAnswer;
import io.whimbrel.dns.MxAnswer;
import io.whimbrel.dns.PointerAnswer;
import io.whimbrel.dns.Resolver;
import io.whimbrel.dns.TextAnswer;

import java.net.InetAddress;

/// What is asked of the DNS. Implementations are thread-safe; methods block, and end early with a
/// temporary failure where the thread is interrupted.
interface Lookups {

    TextAnswer text(String name);

    PointerAnswer names(InetAddress address);

    MxAnswer mx(String domain);

    AddressAnswer ipv4(String host);

    AddressAnswer ipv6(String host);

    /// Asks the DNS itself.
    record DnsLookups(Resolver resolver) implements Lookups {

        @Override
        public TextAnswer text(String name) {
            return resolver.text(name);
        }

        @Override
        public PointerAnswer names(InetAddress address) {
            return resolver.names(address);
        }

        @Override
        public MxAnswer mx(String domain) {
            return resolver.mx(domain);
        }

        @Override
        public AddressAnswer ipv4(String host) {
            return resolver.ipv4(host);
        }

        @Override
        public AddressAnswer ipv6(String host) {
            return resolver.ipv6(host);
        }
    }
}
