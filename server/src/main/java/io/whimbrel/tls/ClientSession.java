package io.whimbrel.tls;

import java.security.cert.X509Certificate;
import java.util.List;

import javax.net.ssl.SSLSocket;

/// What a handshake with a server ended with. Immutable, but for the socket.
///
/// @param socket to go on with
/// @param protocol `TLSv1.3`
/// @param cipher `TLS_AES_128_GCM_SHA256`
/// @param chain what the server has shown and proved to have the key of, its own certificate first;
///   nobody has looked at it yet
public record ClientSession(
        SSLSocket socket, String protocol, String cipher, List<X509Certificate> chain) {

    public ClientSession {
        chain = List.copyOf(chain);
    }

    /// Protocol and cipher suite, `TLSv1.3:TLS_AES_256_GCM_SHA384`.
    public String description() {
        return protocol + ":" + cipher;
    }
}
