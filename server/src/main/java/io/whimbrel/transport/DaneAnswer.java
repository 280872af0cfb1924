package io.whimbrel.transport;

import io.whimbrel.mail.DomainName;

import java.security.cert.X509Certificate;
import java.time.Instant;
import java.util.List;
import java.util.Optional;

/// What the TLSA records of a host, signed all the way, ask for (RFC 7672 §2.1). Immutable.
public sealed interface DaneAnswer {

    /// There are none, or what leads to them is not signed.
    record None() implements DaneAnswer {}

    /// Records of which none can be used: TLS, with whatever certificate (RFC 7672 §2.2).
    record Unusable(List<String> records) implements DaneAnswer {
        public Unusable {
            records = List.copyOf(records);
        }
    }

    /// The host's certificate must match one of them.
    ///
    /// @param records as text, for reports
    /// @param baseDomain under which they are, which the host is told as its name (RFC 7672 §8.1);
    ///   `""`: the host's own
    record Usable(Check check, List<String> records, String baseDomain) implements DaneAnswer {
        public Usable {
            records = List.copyOf(records);
        }

        /// Under the host's own name.
        public Usable(Check check, List<String> records) {
            this(check, records, "");
        }
    }

    /// Nobody could say, or a signature is wrong: the host takes no mail now (RFC 7672 §2.1.2).
    record Failed(String text) implements DaneAnswer {}

    /// Whether a chain matches.
    @FunctionalInterface
    interface Check {
        /// @param chain the server's own certificate first
        /// @return why it does not
        Optional<String> problem(List<X509Certificate> chain, Instant now);
    }

    /// Whom to ask.
    @FunctionalInterface
    interface Source {
        /// May block while the DNS is asked.
        ///
        /// @param domain of the mail: certificates by usage DANE-TA may name it, or what it is an
        ///   alias of (RFC 7672 §3.2.2); empty where the operator named the host
        /// @param host whose name is known for sure
        DaneAnswer of(Optional<DomainName> domain, String host, int port);
    }
}
