package io.whimbrel.delivery;

import io.whimbrel.smtp.SmtpReply;

import java.util.List;
import java.util.Locale;

/// What a host offered in its answer to EHLO (RFC 5321 §4.1.1.1), as far as we use it. Immutable.
///
/// @param sizeMax largest message it takes, bytes; 0 where it has no fixed limit or does not say
record Extensions(
        boolean pipelining,
        boolean size,
        long sizeMax,
        boolean eightBitMime,
        boolean smtpUtf8,
        boolean startTls,
        boolean dsn) {

    /// Of a host that knows only HELO.
    static final Extensions NONE = new Extensions(false, false, 0, false, false, false, false);

    /// Reads a positive answer to EHLO or LHLO. Words that are not known are passed over.
    static Extensions parse(SmtpReply ehlo) {
        boolean pipelining = false;
        boolean size = false;
        long sizeMax = 0;
        boolean eightBitMime = false;
        boolean smtpUtf8 = false;
        boolean startTls = false;
        boolean dsn = false;
        List<String> lines = ehlo.lines();
        for (int i = 1; i < lines.size(); i++) {
            String line = lines.get(i).strip();
            int space = line.indexOf(' ');
            String keyword = space < 0 ? line : line.substring(0, space);
            switch (keyword.toUpperCase(Locale.ROOT)) {
                case "PIPELINING" -> pipelining = true;
                case "SIZE" -> {
                    size = true;
                    sizeMax = space < 0 ? 0 : number(line.substring(space + 1).strip());
                }
                case "8BITMIME" -> eightBitMime = true;
                case "SMTPUTF8" -> smtpUtf8 = true;
                case "STARTTLS" -> startTls = true;
                case "DSN" -> dsn = true;
                default -> {}
            }
        }
        return new Extensions(pipelining, size, sizeMax, eightBitMime, smtpUtf8, startTls, dsn);
    }

    /// Whether a message of this size need not be offered (RFC 1870 §6.1).
    boolean isTooLarge(long messageSize) {
        return sizeMax > 0 && messageSize > sizeMax;
    }

    /// RFC 1870 §4 allows 20 digits; more than fits a long is no limit for us.
    private static long number(String digits) {
        if (digits.isEmpty() || digits.length() > 18) {
            return 0;
        }
        long value = 0;
        for (int i = 0; i < digits.length(); i++) {
            char c = digits.charAt(i);
            if (c < '0' || c > '9') {
                return 0;
            }
            value = value * 10 + (c - '0');
        }
        return value;
    }
}
