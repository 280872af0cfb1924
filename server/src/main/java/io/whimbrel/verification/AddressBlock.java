package io.whimbrel.verification;

import io.whimbrel.dkim.Labels;

import java.net.InetAddress;
import java.util.Arrays;
import java.util.Optional;

/// A block of addresses, whose bits behind the prefix mean nothing. Immutable.
///
/// @param base 4 or 16 bytes
record AddressBlock(Bytes base, int prefixBits) {

    /// An array that is compared by its content.
    record Bytes(byte[] value) {
        @Override
        public boolean equals(Object other) {
            return other instanceof Bytes bytes && Arrays.equals(value, bytes.value);
        }

        @Override
        public int hashCode() {
            return Arrays.hashCode(value);
        }
    }

    static AddressBlock of(InetAddress address, int prefixBits) {
        return new AddressBlock(new Bytes(address.getAddress()), prefixBits);
    }

    boolean contains(InetAddress address) {
        byte[] mine = base.value();
        byte[] other = address.getAddress();
        if (mine.length != other.length) {
            return false;
        }
        for (int bit = 0; bit < prefixBits; bit++) {
            int mask = 0x80 >>> (bit % 8);
            if (((mine[bit / 8] ^ other[bit / 8]) & mask) != 0) {
                return false;
            }
        }
        return true;
    }

    /// Reads four decimal numbers. Empty where `text` is anything else.
    static Optional<byte[]> ipv4(String text) {
        var bytes = new byte[4];
        int octet = 0;
        int value = 0;
        int digits = 0;
        for (int i = 0; i <= text.length(); i++) {
            char c = i < text.length() ? text.charAt(i) : '.';
            if (Labels.isDigit(c) && digits < 3) {
                value = value * 10 + c - '0';
                digits++;
            } else if (c == '.' && digits > 0 && value < 256 && octet < 4) {
                bytes[octet++] = (byte) value;
                value = 0;
                digits = 0;
            } else {
                return Optional.empty();
            }
        }
        return octet == 4 ? Optional.of(bytes) : Optional.empty();
    }

    /// Reads an IPv6 address without zone. Empty where `text` is anything else.
    static Optional<byte[]> ipv6(String text) {
        if (text.indexOf(':') < 0 || text.indexOf('%') >= 0 || text.length() > 45) {
            return Optional.empty();
        }
        try {
            byte[] bytes = InetAddress.ofLiteral(text).getAddress();
            // An IPv4 address mapped into IPv6 became four bytes.
            return Optional.of(bytes.length == 16 ? bytes : mapped(bytes));
        } catch (IllegalArgumentException _) {
            return Optional.empty();
        }
    }

    private static byte[] mapped(byte[] ipv4) {
        var bytes = new byte[16];
        bytes[10] = -1;
        bytes[11] = -1;
        System.arraycopy(ipv4, 0, bytes, 12, 4);
        return bytes;
    }
}
