package io.whimbrel.simulator;

import java.io.ByteArrayOutputStream;
import java.math.BigInteger;
import java.nio.charset.StandardCharsets;
import java.time.LocalDate;
import java.time.format.DateTimeFormatter;

/// Writes the few ASN.1 values, in DER (X.690), that a certificate consists of: the JDK reads
/// certificates but offers no way to make one.
final class Der {
    private static final DateTimeFormatter UTC_TIME =
            DateTimeFormatter.ofPattern("yyMMdd'000000Z'");

    private Der() {}

    static byte[] sequence(byte[]... parts) {
        return tagged(0x30, parts);
    }

    static byte[] set(byte[]... parts) {
        return tagged(0x31, parts);
    }

    static byte[] integer(long value) {
        return tagged(0x02, BigInteger.valueOf(value).toByteArray());
    }

    static byte[] yes() {
        return tagged(0x01, new byte[] {(byte) 0xff});
    }

    static byte[] utf8(String text) {
        return tagged(0x0c, text.getBytes(StandardCharsets.UTF_8));
    }

    static byte[] octets(byte[] value) {
        return tagged(0x04, value);
    }

    static byte[] bits(byte[] value) {
        return tagged(0x03, new byte[] {0}, value);
    }

    /// Midnight UTC; years 1950..2049.
    static byte[] utcTime(LocalDate day) {
        return tagged(0x17, UTC_TIME.format(day).getBytes(StandardCharsets.US_ASCII));
    }

    /// An object identifier of small first arcs, such as 2.5.4.3.
    static byte[] oid(int first, int second, int... arcs) {
        var content = new ByteArrayOutputStream();
        content.write(40 * first + second);
        for (int arc : arcs) {
            if (arc >= 1 << 14) {
                throw new IllegalArgumentException("arc of three octets: " + arc);
            }
            if (arc >= 1 << 7) {
                content.write(0x80 | (arc >> 7));
            }
            content.write(arc & 0x7f);
        }
        return tagged(0x06, content.toByteArray());
    }

    /// Tag, length and the concatenated contents, which must stay under 64 KiB.
    static byte[] tagged(int tag, byte[]... parts) {
        int length = 0;
        for (byte[] part : parts) {
            length += part.length;
        }
        if (length >= 1 << 16) {
            throw new IllegalArgumentException("too long for a certificate: " + length);
        }
        var out = new ByteArrayOutputStream(length + 4);
        out.write(tag);
        if (length >= 1 << 8) {
            out.write(0x82);
            out.write(length >> 8);
        } else if (length >= 1 << 7) {
            out.write(0x81);
        }
        out.write(length);
        for (byte[] part : parts) {
            out.writeBytes(part);
        }
        return out.toByteArray();
    }
}
