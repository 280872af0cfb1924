package io.whimbrel.log;

import io.whimbrel.mail.QueueId;
import io.whimbrel.mail.RecipientNumbers;

import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.time.Instant;
import java.util.Arrays;
import java.util.List;

/// The bytes of one record's payload, or of one row of the index, as numbers, texts and instants.
/// The encoding is in `docs/spool-format.md`.
public final class Payload {

    private Payload() {}

    /// The bytes are no payload of ours. A value, not a fault: without a stack.
    public static final class Malformed extends Exception {
        private static final long serialVersionUID = 1L;

        public Malformed() {
            super("malformed payload", null, false, false);
        }
    }

    /// Grows the payload of one record. Confined to one thread.
    public static final class Writer {
        private byte[] bytes;
        private int length;

        public Writer(int expectedBytes) {
            bytes = new byte[expectedBytes];
        }

        /// One byte, 0..255.
        public Writer octet(int value) {
            ensure(1);
            bytes[length++] = (byte) value;
            return this;
        }

        public Writer flag(boolean value) {
            return octet(value ? 1 : 0);
        }

        /// Seven bits a byte, the lowest first; a negative number takes ten bytes.
        public Writer number(long value) {
            ensure(10);
            long rest = value;
            while ((rest & ~0x7fL) != 0) {
                bytes[length++] = (byte) (rest | 0x80);
                rest >>>= 7;
            }
            bytes[length++] = (byte) rest;
            return this;
        }

        public <T> Writer constant(T value, List<T> constants) {
            return octet(constants.indexOf(value));
        }

        public Writer id(QueueId id) {
            return number(id.value());
        }

        public Writer instant(Instant instant) {
            return number(instant.getEpochSecond()).number(instant.getNano());
        }

        public Writer text(String text) {
            byte[] utf8 = text.getBytes(StandardCharsets.UTF_8);
            number(utf8.length);
            return raw(utf8);
        }

        /// Without their length.
        public Writer raw(byte[] more) {
            ensure(more.length);
            System.arraycopy(more, 0, bytes, length, more.length);
            length += more.length;
            return this;
        }

        /// As runs: all recipients of a message are one run, however many they are.
        public Writer numbers(RecipientNumbers numbers) {
            int runs = 0;
            for (int i = 0; i < numbers.size(); i = endOfRun(numbers, i)) {
                runs++;
            }
            number(runs);
            int next = 0;
            for (int i = 0; i < numbers.size(); ) {
                int end = endOfRun(numbers, i);
                number(numbers.get(i) - next).number(end - i);
                next = numbers.get(i) + end - i;
                i = end;
            }
            return this;
        }

        private static int endOfRun(RecipientNumbers numbers, int start) {
            int end = start + 1;
            while (end < numbers.size() && numbers.get(end) == numbers.get(end - 1) + 1) {
                end++;
            }
            return end;
        }

        public byte[] toBytes() {
            return length == bytes.length ? bytes : Arrays.copyOf(bytes, length);
        }

        private void ensure(int more) {
            if (bytes.length - length < more) {
                bytes = Arrays.copyOf(bytes, Math.max(bytes.length * 2, length + more));
            }
        }
    }

    /// Reads what [Writer] wrote, from bytes that may be anything. Confined to one thread.
    public static final class Reader {
        private final ByteBuffer payload;

        public Reader(ByteBuffer payload) {
            this.payload = payload;
        }

        public boolean isAtEnd() {
            return !payload.hasRemaining();
        }

        public int octet() throws Malformed {
            if (!payload.hasRemaining()) {
                throw new Malformed();
            }
            return payload.get() & 0xff;
        }

        public boolean flag() throws Malformed {
            int value = octet();
            if (value > 1) {
                throw new Malformed();
            }
            return value == 1;
        }

        public long number() throws Malformed {
            long value = 0;
            for (int shift = 0; shift < Long.SIZE; shift += 7) {
                int octet = octet();
                value |= (long) (octet & 0x7f) << shift;
                if (octet < 0x80) {
                    return value;
                }
            }
            throw new Malformed();
        }

        /// @throws Malformed where bytes are left over
        public void end() throws Malformed {
            if (!isAtEnd()) {
                throw new Malformed();
            }
        }

        /// A number of 0..2^31-1.
        public int integer() throws Malformed {
            return integer(Integer.MAX_VALUE);
        }

        /// A number of 0..`most`.
        public int integer(int most) throws Malformed {
            long value = number();
            if (value < 0 || value > most) {
                throw new Malformed();
            }
            return (int) value;
        }

        /// A number of 0..2^63-1.
        public long size() throws Malformed {
            long value = number();
            if (value < 0) {
                throw new Malformed();
            }
            return value;
        }

        /// How many things follow that take `bytesEach` or more.
        public int count(int bytesEach) throws Malformed {
            int count = integer();
            if (count > payload.remaining() / bytesEach) {
                throw new Malformed();
            }
            return count;
        }

        public <T> T constant(List<T> constants) throws Malformed {
            int index = octet();
            if (index >= constants.size()) {
                throw new Malformed();
            }
            return constants.get(index);
        }

        public QueueId id() throws Malformed {
            return new QueueId(number());
        }

        public Instant instant() throws Malformed {
            long seconds = number();
            return Instant.ofEpochSecond(seconds, integer());
        }

        public String text() throws Malformed {
            int length = count(1);
            if (length == 0) {
                return "";
            }
            var utf8 = new byte[length];
            payload.get(utf8);
            return new String(utf8, StandardCharsets.UTF_8);
        }

        /// At most `most`.
        public RecipientNumbers numbers(int most) throws Malformed {
            int runs = count(2);
            var gaps = new int[runs];
            var lengths = new int[runs];
            int count = 0;
            for (int i = 0; i < runs; i++) {
                gaps[i] = integer();
                lengths[i] = integer();
                count = Math.addExact(count, lengths[i]);
                if (count > most) {
                    throw new Malformed();
                }
            }
            var numbers = new int[count];
            int next = 0;
            int index = 0;
            for (int run = 0; run < runs; run++) {
                next = Math.addExact(next, gaps[run]);
                for (int i = 0; i < lengths[run]; i++) {
                    numbers[index++] = next;
                    next = Math.addExact(next, 1);
                }
            }
            return RecipientNumbers.of(numbers);
        }
    }
}
