package io.whimbrel.tls;

import java.nio.file.Path;
import java.util.List;
import java.util.Optional;

/// How a listener speaks TLS. Immutable.
///
/// @param certificates chosen from by the name that a client asks for; the first is for those that
///   ask for none or for another. One name may have several of different key types: the first that
///   the client can use is taken
/// @param clientCa authorities of client certificates, PEM; there where certificates are required
public record ServerTlsSettings(
        List<CertificateFiles> certificates,
        ClientCertificates clientCertificates,
        Optional<Path> clientCa,
        ProtocolMinimum minimum) {

    public ServerTlsSettings {
        certificates = List.copyOf(certificates);
        if (certificates.isEmpty()) {
            throw new IllegalArgumentException("TLS without a certificate");
        }
        if (clientCertificates == ClientCertificates.REQUIRED && clientCa.isEmpty()) {
            throw new IllegalArgumentException("client certificates without an authority");
        }
    }

    /// One certificate, no question for that of a client, TLS 1.2 and 1.3.
    public static ServerTlsSettings of(CertificateFiles files) {
        return new ServerTlsSettings(
                List.of(files), ClientCertificates.NONE, Optional.empty(), ProtocolMinimum.TLS_1_2);
    }
}
