package io.whimbrel.reception;

import io.whimbrel.tls.ServerTlsSettings;

import java.util.Optional;

/// The TLS of a listener. Immutable.
///
/// @param settings there unless the mode is `NONE`
public record ListenTls(TlsMode mode, Optional<ServerTlsSettings> settings) {
    public static final ListenTls NONE = new ListenTls(TlsMode.NONE, Optional.empty());

    public ListenTls {
        if (mode == TlsMode.NONE != settings.isEmpty()) {
            throw new IllegalArgumentException("TLS " + mode + " with settings " + settings);
        }
    }
}
