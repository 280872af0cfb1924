package io.whimbrel.auth;

import io.whimbrel.tls.ChannelBinding;

import java.net.InetAddress;
import java.util.List;

/// The client of one session, as far as logins are concerned. Immutable.
///
/// @param address whom failures are counted for; behind a trusted proxy the client's, not the
///   proxy's
/// @param listener where it connected, for the log, such as `0.0.0.0:587`
/// @param isTls whether the connection is encrypted now
/// @param bindings of the TLS connection, the preferred one first; without any, SCRAM-SHA-256-PLUS
///   is not offered
public record AuthClient(
        InetAddress address, String listener, boolean isTls, List<ChannelBinding> bindings) {

    public AuthClient {
        bindings = List.copyOf(bindings);
    }
}
