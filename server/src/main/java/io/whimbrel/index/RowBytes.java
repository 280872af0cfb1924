package io.whimbrel.index;

import java.nio.charset.StandardCharsets;
import java.util.Arrays;
import java.util.List;

/// The bytes of a row's value: numbers of seven bits a byte, texts as UTF-8 with their length.
final class RowBytes {

    private RowBytes() {}

    /// The bytes are no row of ours. A value, not a fault: without a stack.
    static final class Malformed extends Exception {
        private static final long serialVersionUID = 1L;

        Malformed() {
            super("malformed row", null, false, false);
        }
    }

    /// Grows the value of one row. Confined to one thread.
    static final class Writer {
        private byte[] bytes;
        private int length;

        Writer(int expectedBytes) {
            bytes = new byte[expectedBytes];
        }

        /// One byte, 0..255.
        Writer octet(int value) {
            ensure(1);
            bytes[length++] = (byte) value;
            return this;
        }

        /// Seven bits a byte, the lowest first; a negative number takes ten bytes.
        Writer number(long value) {
            ensure(10);
            long rest = value;
            while ((rest & ~0x7fL) != 0) {
                bytes[length++] = (byte) (rest | 0x80);
                rest >>>= 7;
            }
            bytes[length++] = (byte) rest;
            return this;
        }

        <T> Writer constant(T value, List<T> constants) {
            return octet(constants.indexOf(value));
        }

        Writer text(String text) {
            byte[] utf8 = text.getBytes(StandardCharsets.UTF_8);
            number(utf8.length);
            return raw(utf8);
        }

        Writer raw(byte[] more) {
            ensure(more.length);
            System.arraycopy(more, 0, bytes, length, more.length);
            length += more.length;
            return this;
        }

        byte[] toBytes() {
            return length == bytes.length ? bytes : Arrays.copyOf(bytes, length);
        }

        private void ensure(int more) {
            if (bytes.length - length < more) {
                bytes = Arrays.copyOf(bytes, Math.max(bytes.length * 2, length + more));
            }
        }
    }

    /// Reads what [Writer] wrote, from bytes that may be anything. Confined to one thread.
    static final class Reader {
        private final byte[] bytes;
        private int at;

        Reader(byte[] bytes) {
            this.bytes = bytes;
        }

        /// @throws Malformed where bytes are left over
        void end() throws Malformed {
            if (at != bytes.length) {
                throw new Malformed();
            }
        }

        int octet() throws Malformed {
            if (at == bytes.length) {
                throw new Malformed();
            }
            return bytes[at++] & 0xff;
        }

        long number() throws Malformed {
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

        /// A number of 0..2^63-1.
        long size() throws Malformed {
            long value = number();
            if (value < 0) {
                throw new Malformed();
            }
            return value;
        }

        /// A number of 0..`most`.
        int integer(int most) throws Malformed {
            long value = size();
            if (value > most) {
                throw new Malformed();
            }
            return (int) value;
        }

        /// How many things follow that take `bytesEach` or more.
        int count(int bytesEach) throws Malformed {
            int count = integer(Integer.MAX_VALUE);
            if (count > (bytes.length - at) / bytesEach) {
                throw new Malformed();
            }
            return count;
        }

        <T> T constant(List<T> constants) throws Malformed {
            int place = octet();
            if (place >= constants.size()) {
                throw new Malformed();
            }
            return constants.get(place);
        }

        String text() throws Malformed {
            int length = count(1);
            var text = new String(bytes, at, length, StandardCharsets.UTF_8);
            at += length;
            return text;
        }
    }
}
