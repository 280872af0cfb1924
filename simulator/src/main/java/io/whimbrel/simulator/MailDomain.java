package io.whimbrel.simulator;

import java.util.ArrayList;
import java.util.List;

/// A domain and what DNS says about its mail. Names are fully qualified, without the final dot.
public sealed interface MailDomain {

    String name();

    /// A host named by an MX record. It need not exist.
    record Mx(int preference, String host) {}

    /// Has MX records. A name such as `*.many.example` stands for all names below `many.example`.
    record WithMx(String name, List<Mx> records) implements MailDomain {
        public WithMx {
            records = List.copyOf(records);
        }
    }

    /// Has no MX record but the addresses of `host` as its own (RFC 5321 §5.1).
    record WithoutMx(String name, String host) implements MailDomain {}

    /// Is a CNAME for `target`.
    record Alias(String name, String target) implements MailDomain {}

    /// Takes no mail (RFC 7505).
    record NullMx(String name) implements MailDomain {}

    /// Its name servers answer SERVFAIL, for it and all names below.
    record ServerFailure(String name) implements MailDomain {}

    /// Its name servers do not answer at all.
    record Silent(String name) implements MailDomain {}

    /// A domain with the given hosts, of equal preference 10.
    static MailDomain of(String name, String... hosts) {
        var records = new ArrayList<Mx>();
        for (String host : hosts) {
            records.add(new Mx(10, host));
        }
        return new WithMx(name, records);
    }
}
