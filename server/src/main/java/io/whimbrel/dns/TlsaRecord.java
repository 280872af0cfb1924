package io.whimbrel.dns;

/// One TLSA record: which certificates a service may show (RFC 6698 §2.1). Immutable.
///
/// @param usage 0 to 255; 2 is DANE-TA, 3 DANE-EE (RFC 7218 §2.1)
/// @param selector 0 to 255; 0 is the certificate, 1 its key
/// @param matching 0 to 255; 0 is the thing itself, 1 its SHA-256, 2 its SHA-512
/// @param data hexadecimal, lower case
public record TlsaRecord(int usage, int selector, int matching, String data) {
    public static final int DANE_TA = 2;
    public static final int DANE_EE = 3;

    /// As in a zone file, `3 1 1 0b9f...`.
    @Override
    public String toString() {
        return usage + " " + selector + " " + matching + " " + data;
    }
}
