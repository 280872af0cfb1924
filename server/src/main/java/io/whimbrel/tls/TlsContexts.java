package io.whimbrel.tls;

import java.util.List;
import java.util.Optional;

/// What is in force between two reloads: a context for each certificate. Immutable.
///
/// @param all in the order of the settings, at least one
record TlsContexts(List<TlsContext> all) {
    TlsContexts {
        all = List.copyOf(all);
    }

    /// The context for a client: of the certificates that fit the name best, the first whose kind
    /// of key the client can verify. A client that names no host of ours gets the first one, or
    /// what is for the same hosts.
    TlsContext choose(ClientHello hello) {
        int best = hello.serverName().map(this::bestFit).orElse(0);
        TlsContext first = all.getFirst();
        Optional<TlsContext> chosen = Optional.empty();
        for (TlsContext context : all) {
            ServerCertificate certificate = context.certificate();
            boolean fits =
                    best > 0
                            ? certificate.fits(hello.serverName().orElseThrow()) == best
                            : certificate.names().equals(first.certificate().names());
            if (fits && hello.kinds().contains(certificate.kind())) {
                return context;
            }
            if (fits && chosen.isEmpty()) {
                chosen = Optional.of(context);
            }
        }
        return chosen.orElse(first);
    }

    private int bestFit(String host) {
        int best = 0;
        for (TlsContext context : all) {
            best = Math.max(best, context.certificate().fits(host));
        }
        return best;
    }

    /// The context of this certificate, if it is in force.
    Optional<TlsContext> of(ServerCertificate certificate, ClientTrust trust) {
        return all.stream().filter(context -> context.isSameAs(certificate, trust)).findFirst();
    }
}
