package io.whimbrel.dkim;

import io.whimbrel.smtp.ByteSink;

import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.util.ArrayList;
import java.util.List;
import java.util.OptionalLong;

/// Hashes a body as it streams, in one canonicalization (RFC 6376 §3.4.3, §3.4.4). Confined to one
/// thread. Memory is bounded: empty lines and spaces that may yet prove to be the last are counted,
/// not kept.
public final class BodyHash implements ByteSink {
    private static final int BUFFER_BYTES = 4_096;

    private final boolean isRelaxed;
    private final List<Digest> digests = new ArrayList<>();
    private final byte[] buffer = new byte[BUFFER_BYTES];
    private int buffered;
    private long pendingLineEnds;
    private boolean isCarriageReturnPending;
    private boolean isSpacePending;
    private boolean hasContent;

    /// The hash of a body, or of its beginning.
    public static final class Digest {
        private final OptionalLong most;
        private final MessageDigest sha256 = sha256();
        private long length;
        private byte[] value = {};

        private Digest(OptionalLong most) {
            this.most = most;
        }

        private void update(byte[] bytes, int count) {
            long room = most.isPresent() ? Math.max(0, most.getAsLong() - length) : count;
            sha256.update(bytes, 0, (int) Math.min(room, count));
            length += count;
        }

        /// Whether the body has as many bytes as the signature says it covers.
        public boolean isComplete() {
            return most.isEmpty() || length >= most.getAsLong();
        }

        /// Once the body is finished.
        public byte[] value() {
            return value;
        }
    }

    public BodyHash(boolean isRelaxed) {
        this.isRelaxed = isRelaxed;
    }

    /// A digest, to be asked for before the first byte.
    ///
    /// @param most only so many bytes count; all where it is empty
    public Digest digest(OptionalLong most) {
        for (Digest digest : digests) {
            if (digest.most.equals(most)) {
                return digest;
            }
        }
        var digest = new Digest(most);
        digests.add(digest);
        return digest;
    }

    public static MessageDigest sha256() {
        try {
            return MessageDigest.getInstance("SHA-256");
        } catch (NoSuchAlgorithmException e) {
            throw new IllegalStateException("every JDK has SHA-256", e);
        }
    }

    @Override
    public void write(byte[] bytes, int from, int length) {
        int end = from + length;
        int at = from;
        while (at < end) {
            byte octet = bytes[at];
            if (isCarriageReturnPending) {
                isCarriageReturnPending = false;
                if (octet == '\n') {
                    // Spaces at the end of a line do not count.
                    isSpacePending = false;
                    pendingLineEnds++;
                    at++;
                    continue;
                }
                content((byte) '\r');
            } else if (octet == '\r') {
                isCarriageReturnPending = true;
                at++;
            } else if (isRelaxed && (octet == ' ' || octet == '\t')) {
                isSpacePending = true;
                at++;
            } else {
                content(octet);
                at = run(bytes, at + 1, end);
            }
        }
    }

    /// Copies what is surely content; to the next byte that may not be. In text that is nearly all
    /// of a line: a single space within it is content, too.
    private int run(byte[] bytes, int from, int end) {
        int at = from;
        while (at < end) {
            byte octet = bytes[at];
            if (isVisible(octet)) {
                at++;
            } else if (octet == '\r') {
                break;
            } else if (!isRelaxed || (octet != ' ' && octet != '\t')) {
                at++;
            } else if (octet == ' ' && at + 1 < end && isVisible(bytes[at + 1])) {
                at += 2;
            } else {
                break;
            }
        }
        put(bytes, from, at - from);
        return at;
    }

    private static boolean isVisible(byte octet) {
        return octet > ' ' || octet < 0;
    }

    private void put(byte[] bytes, int from, int length) {
        int done = 0;
        while (done < length) {
            if (buffered == BUFFER_BYTES) {
                flush();
            }
            int some = Math.min(length - done, BUFFER_BYTES - buffered);
            System.arraycopy(bytes, from + done, buffer, buffered, some);
            buffered += some;
            done += some;
        }
    }

    /// The end of the body.
    public void finish() {
        if (isCarriageReturnPending) {
            isCarriageReturnPending = false;
            content((byte) '\r');
        }
        if (hasContent || !isRelaxed) {
            put((byte) '\r');
            put((byte) '\n');
        }
        flush();
        for (Digest digest : digests) {
            digest.value = digest.sha256.digest();
        }
    }

    private void content(byte octet) {
        while (pendingLineEnds > 0) {
            put((byte) '\r');
            put((byte) '\n');
            pendingLineEnds--;
        }
        if (isSpacePending) {
            put((byte) ' ');
            isSpacePending = false;
        }
        put(octet);
        hasContent = true;
    }

    private void put(byte octet) {
        if (buffered == BUFFER_BYTES) {
            flush();
        }
        buffer[buffered++] = octet;
    }

    private void flush() {
        for (Digest digest : digests) {
            digest.update(buffer, buffered);
        }
        buffered = 0;
    }
}
