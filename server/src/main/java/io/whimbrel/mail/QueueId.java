package io.whimbrel.mail;

import java.time.Instant;
import java.time.temporal.ChronoUnit;
import java.util.Optional;

/// The name of one accepted message on this node, in the answer to end-of-data, in every event and
/// in every command. Unique for the life of the spool; later ids are greater.
///
/// Its number says when the message began to arrive, in microseconds since 1970. Where the clock
/// was set back, ids go on from where they were, ahead of it until it has caught up.
///
/// Written as 13 characters of Crockford's base 32 (no I, L, O, U), which sort like the numbers.
public record QueueId(long value) implements Comparable<QueueId> {
    private static final char[] DIGITS = "0123456789ABCDEFGHJKMNPQRSTVWXYZ".toCharArray();
    private static final int LENGTH = 13;

    public QueueId {
        if (value < 0) {
            throw new IllegalArgumentException("a queue id is not negative: " + value);
        }
    }

    /// The greatest id of a message that had begun to arrive by `instant`.
    public static QueueId at(Instant instant) {
        return new QueueId(Math.max(0, ChronoUnit.MICROS.between(Instant.EPOCH, instant)));
    }

    /// When the message began to arrive.
    public Instant begunAt() {
        return Instant.EPOCH.plus(value, ChronoUnit.MICROS);
    }

    /// Reads what [#toString] wrote, in either case. Empty where `text` is no queue id.
    public static Optional<QueueId> parse(String text) {
        if (text.length() != LENGTH) {
            return Optional.empty();
        }
        long value = 0;
        for (int i = 0; i < LENGTH; i++) {
            int digit = digit(text.charAt(i));
            if (digit < 0 || (i == 0 && digit > 7)) {
                return Optional.empty();
            }
            value = value << 5 | digit;
        }
        return Optional.of(new QueueId(value));
    }

    @Override
    public int compareTo(QueueId other) {
        return Long.compare(value, other.value);
    }

    @Override
    public String toString() {
        var text = new char[LENGTH];
        long rest = value;
        for (int i = LENGTH - 1; i >= 0; i--) {
            text[i] = DIGITS[(int) (rest & 31)];
            rest >>>= 5;
        }
        return new String(text);
    }

    private static int digit(char c) {
        char upper = c >= 'a' && c <= 'z' ? (char) (c - 32) : c;
        for (int i = 0; i < DIGITS.length; i++) {
            if (DIGITS[i] == upper) {
                return i;
            }
        }
        return -1;
    }
}
