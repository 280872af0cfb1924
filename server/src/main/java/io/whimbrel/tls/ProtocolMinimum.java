package io.whimbrel.tls;

/// The oldest version of TLS that is spoken. Nothing below 1.2 ever is (RFC 8996).
public enum ProtocolMinimum {
    TLS_1_2,
    TLS_1_3;

    /// This version and the newer ones, by their names in Java.
    String[] protocols() {
        return switch (this) {
            case TLS_1_2 -> new String[] {"TLSv1.3", "TLSv1.2"};
            case TLS_1_3 -> new String[] {"TLSv1.3"};
        };
    }
}
