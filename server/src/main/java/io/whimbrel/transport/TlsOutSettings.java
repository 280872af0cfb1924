package io.whimbrel.transport;

import io.whimbrel.tls.CertificateFiles;
import io.whimbrel.tls.ProtocolMinimum;

import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.Optional;

/// `[tls-out]` and `[[tls-policy]]`: TLS with hosts that mail is sent to. Immutable.
///
/// @param level what holds where nothing else says anything; default MAY
/// @param minimum the oldest version that is spoken; default TLS 1.2
/// @param handshakeMost how long a handshake may take; default 30s
/// @param rememberBroken how long a host whose TLS fails is asked in plain text at once, at most;
///   default 3d
/// @param certificate ours, for hosts that ask for one
/// @param caFile authorities that are believed about hosts besides Java's own
/// @param dane whether TLSA records are obeyed; default true
/// @param mtaSts whether MTA-STS policies are obeyed; default true
/// @param mtaStsPort where policies are fetched; default 443
/// @param rules the first that matches counts
public record TlsOutSettings(
        TlsLevel level,
        ProtocolMinimum minimum,
        Duration handshakeMost,
        Duration rememberBroken,
        Optional<CertificateFiles> certificate,
        Optional<Path> caFile,
        boolean dane,
        boolean mtaSts,
        int mtaStsPort,
        List<TlsRule> rules) {
    private static final int HTTPS_PORT = 443;

    public static final TlsOutSettings DEFAULT =
            new TlsOutSettings(
                    TlsLevel.MAY,
                    ProtocolMinimum.TLS_1_2,
                    Duration.ofSeconds(30),
                    Duration.ofDays(3),
                    Optional.empty(),
                    Optional.empty(),
                    true,
                    true,
                    HTTPS_PORT,
                    List.of());

    public TlsOutSettings {
        rules = List.copyOf(rules);
    }
}
