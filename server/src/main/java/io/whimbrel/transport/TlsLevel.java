package io.whimbrel.transport;

import java.util.List;
import java.util.Locale;
import java.util.Optional;

/// What the operator may want of TLS with hosts that mail is sent to.
public enum TlsLevel {
    /// Plain text only.
    NONE,
    /// TLS where the host offers it and it works.
    MAY,
    /// TLS, whoever the host is.
    ENCRYPT,
    /// TLS with a host that proves its name by an authority.
    VERIFY,
    /// As the host's TLSA records say where there are such, else as MAY.
    DANE,
    /// As the host's TLSA records say, and nothing without.
    DANE_ONLY,
    /// As the domain's MTA-STS policy says where there is one, else as MAY.
    MTA_STS;

    /// `dane-only`
    public String text() {
        return name().toLowerCase(Locale.ROOT).replace('_', '-');
    }

    public static Optional<TlsLevel> parse(String text) {
        return List.of(values()).stream().filter(one -> one.text().equals(text)).findFirst();
    }
}
