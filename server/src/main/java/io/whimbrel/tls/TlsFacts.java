package io.whimbrel.tls;

import java.util.List;
import java.util.Optional;

/// What a handshake ended with. Immutable.
///
/// @param protocol `TLSv1.3`
/// @param cipher `TLS_AES_128_GCM_SHA256`
/// @param group of the key exchange, `X25519MLKEM768`, where the provider tells
/// @param serverName that the client asked for (SNI), lower case
/// @param clientCertificate that it has shown and proved to have the key of
/// @param channelBindings the best first
public record TlsFacts(
        String protocol,
        String cipher,
        Optional<String> group,
        Optional<String> serverName,
        Optional<ClientCertificate> clientCertificate,
        List<ChannelBinding> channelBindings) {

    public TlsFacts {
        channelBindings = List.copyOf(channelBindings);
    }

    /// The same without what proves who the peer is: it speaks for somebody else.
    public TlsFacts withoutIdentity() {
        return new TlsFacts(protocol, cipher, group, serverName, Optional.empty(), List.of());
    }

    /// `TLSv1.3:TLS_AES_128_GCM_SHA256`, as elsewhere in events.
    public String description() {
        return protocol + ":" + cipher;
    }
}
