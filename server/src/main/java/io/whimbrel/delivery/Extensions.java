package io.whimbrel.delivery;

import io.whimbrel.smtp.SmtpReply;

import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.OptionalLong;

/// What a host offered in its answer to EHLO (RFC 5321 §4.1.1.1), as far as we use it. Immutable.
///
/// @param sizeMax largest message it takes, bytes; 0 where it has no fixed limit or does not say
/// @param mtPriority MT-PRIORITY (RFC 6710)
/// @param requireTls REQUIRETLS (RFC 8689)
/// @param deliverBy DELIVERBY (RFC 2852), with the shortest time in seconds that it takes to return
///   mail after, 0 where it does not say; empty where it does not offer the extension
/// @param limits LIMITS (RFC 9422)
/// @param auth mechanisms of AUTH (RFC 4954), upper case
record Extensions(
        boolean pipelining,
        boolean size,
        long sizeMax,
        boolean eightBitMime,
        boolean smtpUtf8,
        boolean startTls,
        boolean dsn,
        boolean mtPriority,
        boolean requireTls,
        OptionalLong deliverBy,
        Limits limits,
        List<String> auth) {

    /// Of a host that knows only HELO.
    static final Extensions NONE =
            new Extensions(
                    false,
                    false,
                    0,
                    false,
                    false,
                    false,
                    false,
                    false,
                    false,
                    OptionalLong.empty(),
                    Limits.NONE,
                    List.of());

    /// What a host takes at most. RCPTDOMAINMAX is kept anyway: a transaction is for one domain.
    ///
    /// @param mailMax transactions in one session; 0 where it does not say
    /// @param rcptMax recipients in one transaction; 0 where it does not say
    record Limits(long mailMax, long rcptMax) {
        static final Limits NONE = new Limits(0, 0);
    }

    /// Reads a positive answer to EHLO or LHLO. Words that are not known are passed over.
    static Extensions parse(SmtpReply ehlo) {
        boolean pipelining = false;
        boolean size = false;
        long sizeMax = 0;
        boolean eightBitMime = false;
        boolean smtpUtf8 = false;
        boolean startTls = false;
        boolean dsn = false;
        boolean mtPriority = false;
        boolean requireTls = false;
        OptionalLong deliverBy = OptionalLong.empty();
        Limits limits = Limits.NONE;
        List<String> auth = new ArrayList<>();
        List<String> lines = ehlo.lines();
        for (int i = 1; i < lines.size(); i++) {
            String line = lines.get(i).strip();
            int space = line.indexOf(' ');
            String keyword = space < 0 ? line : line.substring(0, space);
            String value = space < 0 ? "" : line.substring(space + 1).strip();
            switch (keyword.toUpperCase(Locale.ROOT)) {
                case "PIPELINING" -> pipelining = true;
                case "SIZE" -> {
                    size = true;
                    sizeMax = number(value);
                }
                case "8BITMIME" -> eightBitMime = true;
                case "SMTPUTF8" -> smtpUtf8 = true;
                case "STARTTLS" -> startTls = true;
                case "DSN" -> dsn = true;
                case "MT-PRIORITY" -> mtPriority = true;
                case "REQUIRETLS" -> requireTls = true;
                case "DELIVERBY" -> deliverBy = OptionalLong.of(number(firstOf(value)));
                case "AUTH" -> addWords(value.toUpperCase(Locale.ROOT), auth);
                case "LIMITS" -> limits = limits(value);
                default -> {}
            }
        }
        return new Extensions(
                pipelining,
                size,
                sizeMax,
                eightBitMime,
                smtpUtf8,
                startTls,
                dsn,
                mtPriority,
                requireTls,
                deliverBy,
                limits,
                List.copyOf(auth));
    }

    private static void addWords(String value, List<String> words) {
        int start = 0;
        while (start < value.length()) {
            int space = value.indexOf(' ', start);
            int end = space < 0 ? value.length() : space;
            if (end > start) {
                words.add(value.substring(start, end));
            }
            start = end + 1;
        }
    }

    /// Whether a message of this size need not be offered (RFC 1870 §6.1).
    boolean isTooLarge(long messageSize) {
        return sizeMax > 0 && messageSize > sizeMax;
    }

    /// `MAILMAX=20 RCPTMAX=50`. A limit of 0 says nothing that could be kept, as one that is no
    /// number.
    private static Limits limits(String value) {
        long mailMax = 0;
        long rcptMax = 0;
        int start = 0;
        while (start < value.length()) {
            int space = value.indexOf(' ', start);
            int end = space < 0 ? value.length() : space;
            int equals = value.indexOf('=', start);
            if (equals > start && equals < end) {
                long number = number(value.substring(equals + 1, end));
                switch (value.substring(start, equals).toUpperCase(Locale.ROOT)) {
                    case "MAILMAX" -> mailMax = number;
                    case "RCPTMAX" -> rcptMax = number;
                    default -> {}
                }
            }
            start = end + 1;
        }
        return new Limits(mailMax, rcptMax);
    }

    /// RFC 2852 §2: the shortest time, then perhaps other options behind commas.
    private static String firstOf(String list) {
        int comma = list.indexOf(',');
        return comma < 0 ? list : list.substring(0, comma);
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
