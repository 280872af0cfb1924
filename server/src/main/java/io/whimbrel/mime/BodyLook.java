package io.whimbrel.mime;

/// What is noticed of one body, and of what is inside, as it streams by. Confined to one thread.
final class BodyLook {
    /// RFC 5322 §2.1.1.
    private static final int LINE_OCTETS_MAX = 998;

    /// A message or a part of the entity has begun.
    boolean hasInside;

    /// 8-bit octets are in the body or inside.
    boolean hasEightBit;

    /// What is added to be read right: it, or something inside, gets another encoding.
    boolean isEncoded;

    private long octets;
    private long eightBits;
    private long lineOctets;
    private boolean hasLongLine;
    private boolean hasBareOctet;
    private boolean isBehindCr;

    /// Octets that the present character of UTF-8 still needs, and the least and greatest of the
    /// next (RFC 3629 §4).
    private int needed;

    private int least = 0x80;
    private int greatest = 0xbf;
    private boolean isBroken;

    void look(byte[] bytes, int from, int length) {
        for (int i = from; i < from + length; i++) {
            byte octet = bytes[i];
            lineOctets++;
            if (octet < 0 || needed > 0) {
                lookAtCharacter(octet & 0xff);
            }
            if (octet < 0) {
                eightBits++;
            }
            if (isBehindCr || (octet >= 0 && octet <= '\r')) {
                lookAtControl(octet);
            }
        }
        octets += length;
        hasEightBit |= eightBits > 0;
    }

    /// Whether 8-bit octets are in the body, not only inside of what is inside.
    boolean hasEightBitItself() {
        return eightBits > 0;
    }

    /// Whether it is no text: a NUL, or a CR or LF alone.
    boolean isBinary() {
        return hasBareOctet || isBehindCr;
    }

    boolean hasLongLine() {
        return hasLongLine || lineOctets > LINE_OCTETS_MAX;
    }

    boolean isUtf8() {
        return !isBroken && needed == 0;
    }

    /// Whether so much of it is beyond US-ASCII that quoted-printable would be the longer.
    boolean isMostlyEightBit() {
        return 4 * eightBits > octets;
    }

    private void lookAtControl(byte octet) {
        hasBareOctet |= octet == 0 || isBehindCr != (octet == '\n');
        if (octet == '\n') {
            // Its CR and itself are not of the line.
            hasLongLine |= lineOctets > LINE_OCTETS_MAX + 2;
            lineOctets = 0;
        }
        isBehindCr = octet == '\r';
    }

    private void lookAtCharacter(int octet) {
        if (needed > 0) {
            isBroken |= octet < least || octet > greatest;
            needed--;
            least = 0x80;
            greatest = 0xbf;
            return;
        }
        if (octet >= 0xc2 && octet <= 0xdf) {
            needed = 1;
        } else if (octet >= 0xe0 && octet <= 0xef) {
            needed = 2;
            least = octet == 0xe0 ? 0xa0 : 0x80;
            greatest = octet == 0xed ? 0x9f : 0xbf;
        } else if (octet >= 0xf0 && octet <= 0xf4) {
            needed = 3;
            least = octet == 0xf0 ? 0x90 : 0x80;
            greatest = octet == 0xf4 ? 0x8f : 0xbf;
        } else {
            isBroken = true;
        }
    }
}
