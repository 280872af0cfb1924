package io.whimbrel.tls;

import java.util.Arrays;

/// What ties an authentication to one TLS connection (RFC 5056). Immutable.
///
/// @param type its name in SASL: `tls-exporter` (RFC 9266) or `tls-server-end-point` (RFC 5929)
/// @param data not a secret once the exchange is over, but shown nowhere
public record ChannelBinding(String type, byte[] data) {
    public ChannelBinding {
        data = data.clone();
    }

    @Override
    public byte[] data() {
        return data.clone();
    }

    @Override
    public boolean equals(Object other) {
        return other instanceof ChannelBinding(String otherType, byte[] otherData)
                && type.equals(otherType)
                && Arrays.equals(data, otherData);
    }

    @Override
    public int hashCode() {
        return 31 * type.hashCode() + Arrays.hashCode(data);
    }

    @Override
    public String toString() {
        return "ChannelBinding[" + type + "]";
    }
}
