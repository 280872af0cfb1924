package io.whimbrel.header;

import java.nio.charset.StandardCharsets;
import java.util.Locale;
import java.util.Optional;

/// Looks at the header of a message as it streams by: counts Received fields, and finds the value
/// of one other field. Changes nothing, keeps at most 128 bytes. Confined to one thread.
public final class HeaderScanner {
    private static final int VALUE_BYTES_MAX = 128;
    private static final byte[] RECEIVED = "received".getBytes(StandardCharsets.US_ASCII);
    private static final byte[] NOTHING = {};

    private enum Place {
        LINE_START,
        NAME,
        VALUE,
        BODY
    }

    private final byte[] wantedName;
    private Place place = Place.LINE_START;

    /// Octets of the field name so far, while in it.
    private int nameLength;

    private boolean mayBeReceived;
    private boolean mayBeWanted;

    /// The field at hand is the wanted one, whose value is being kept.
    private boolean isKeeping;

    private boolean isFound;
    private byte[] value = NOTHING;
    private int valueLength;
    private int receivedCount;
    private long headerBytes;

    /// @param wantedName of a field, in any case; empty where none is wanted
    public HeaderScanner(Optional<String> wantedName) {
        this.wantedName =
                wantedName.isEmpty()
                        ? NOTHING
                        : wantedName
                                .get()
                                .toLowerCase(Locale.ROOT)
                                .getBytes(StandardCharsets.US_ASCII);
    }

    public int receivedCount() {
        return receivedCount;
    }

    /// Octets of the header so far.
    public long headerBytes() {
        return headerBytes;
    }

    /// The first value of the wanted field, unfolded, without control characters, without spaces
    /// around it, cut to 128 octets; empty where the field is missing or has none.
    public String value() {
        String text = new String(value, 0, valueLength, StandardCharsets.UTF_8);
        return HeaderText.printable(text).strip();
    }

    /// Goes on with `length` octets of the message at `from`.
    public void scan(byte[] bytes, int from, int length) {
        int end = from + length;
        int i = from;
        while (i < end && place != Place.BODY) {
            byte b = bytes[i];
            switch (place) {
                case LINE_START -> {
                    startLine(b);
                    // The byte belongs to what it began.
                    i = place == Place.NAME ? i : i + 1;
                }
                case NAME -> {
                    name(b);
                    i++;
                }
                case VALUE -> i = isKeeping ? keep(b, i) : skipLine(bytes, i, end);
                case BODY -> {}
            }
        }
        headerBytes += i - from;
    }

    private void startLine(byte b) {
        if (b == '\r' || b == '\n') {
            place = Place.BODY;
        } else if (b == ' ' || b == '\t') {
            place = Place.VALUE;
            if (isKeeping) {
                append((byte) ' ');
            }
        } else {
            isKeeping = false;
            nameLength = 0;
            mayBeReceived = true;
            mayBeWanted = wantedName.length > 0 && !isFound;
            place = Place.NAME;
        }
    }

    private void name(byte b) {
        if (b == ':') {
            if (mayBeReceived && nameLength == RECEIVED.length) {
                receivedCount++;
            }
            isKeeping = mayBeWanted && nameLength == wantedName.length;
            isFound |= isKeeping;
            place = Place.VALUE;
        } else if (b == '\n') {
            // No field: the body begins without an empty line.
            place = Place.BODY;
        } else if (b != ' ' && b != '\t') {
            byte lower = b >= 'A' && b <= 'Z' ? (byte) (b + 32) : b;
            mayBeReceived &= nameLength < RECEIVED.length && RECEIVED[nameLength] == lower;
            mayBeWanted &= nameLength < wantedName.length && wantedName[nameLength] == lower;
            nameLength++;
        }
    }

    private int keep(byte b, int at) {
        if (b == '\n') {
            place = Place.LINE_START;
        } else if (b != '\r') {
            append(b >= 0 && b < ' ' ? (byte) ' ' : b);
        }
        return at + 1;
    }

    private void append(byte b) {
        if (value.length == 0) {
            value = new byte[VALUE_BYTES_MAX];
        }
        boolean isLeadingSpace = valueLength == 0 && b == ' ';
        if (valueLength < VALUE_BYTES_MAX && !isLeadingSpace) {
            value[valueLength++] = b;
        }
    }

    private int skipLine(byte[] bytes, int from, int end) {
        int i = from;
        while (i < end && bytes[i] != '\n') {
            i++;
        }
        if (i == end) {
            return end;
        }
        place = Place.LINE_START;
        return i + 1;
    }
}
