package io.whimbrel.keys;

/// What a key signs by (RFC 8301, RFC 8463).
public enum KeyAlgorithm {
    RSA("rsa-sha256", "rsa", "SHA256withRSA"),
    ED25519("ed25519-sha256", "ed25519", "Ed25519");

    private final String tag;
    private final String keyType;
    private final String jcaName;

    KeyAlgorithm(String tag, String keyType, String jcaName) {
        this.tag = tag;
        this.keyType = keyType;
        this.jcaName = jcaName;
    }

    /// Tag `a` of a signature.
    public String tag() {
        return tag;
    }

    /// Tag `k` of the record in the DNS.
    public String keyType() {
        return keyType;
    }

    /// As the Java platform names it.
    public String jcaName() {
        return jcaName;
    }
}
