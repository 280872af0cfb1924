package io.whimbrel.tls;

import java.util.List;

/// The oldest version of TLS that is spoken. Nothing below 1.2 ever is (RFC 8996).
public enum ProtocolMinimum {
    TLS_1_2(List.of("TLSv1.3", "TLSv1.2")),
    TLS_1_3(List.of("TLSv1.3"));

    private final List<String> protocols;

    ProtocolMinimum(List<String> protocols) {
        this.protocols = protocols;
    }

    /// This version and the newer ones, by their names in Java.
    String[] protocols() {
        return protocols.toArray(String[]::new);
    }
}
