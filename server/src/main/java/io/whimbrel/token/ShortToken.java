package io.whimbrel.token;

import io.whimbrel.mail.QueueId;

import java.math.BigInteger;
import java.nio.ByteBuffer;
import java.security.MessageDigest;
import java.util.Arrays;
import java.util.Optional;

/// Which recipient of which message, for places where [RecipientToken] has no room or case is lost:
/// local parts of addresses. Anybody could read it; only the node can make it. Immutable.
///
/// Written as 32 characters of Crockford's base 32 in lower case, read in either: the number of the
/// key (8 bits), the queue id (63), the recipient's number (25), and a code of these of 64 bits.
///
/// @param queueId of the message
/// @param recipient its number in the envelope, 0 to [#RECIPIENT_MAX]
public record ShortToken(QueueId queueId, int recipient) {
    public static final int RECIPIENT_MAX = (1 << 25) - 1;
    public static final int CHARACTERS = 32;

    private static final String DIGITS = "0123456789abcdefghjkmnpqrstvwxyz";
    private static final int CONTENT_BYTES = 12;
    private static final int CODE_BYTES = 8;

    /// @throws IllegalArgumentException where the number is out of bounds
    public ShortToken {
        if (recipient < 0 || recipient > RECIPIENT_MAX) {
            throw new IllegalArgumentException("no number of a recipient: " + recipient);
        }
    }

    public String seal(TokenKeys keys) {
        TokenKey key = keys.current();
        BigInteger numbers =
                BigInteger.valueOf(key.number())
                        .shiftLeft(63)
                        .or(BigInteger.valueOf(queueId.value()))
                        .shiftLeft(25)
                        .or(BigInteger.valueOf(recipient));
        byte[] content = fixed(numbers);
        byte[] all = Arrays.copyOf(content, CONTENT_BYTES + CODE_BYTES);
        System.arraycopy(key.shortCode(content), 0, all, CONTENT_BYTES, CODE_BYTES);
        return encoded(all);
    }

    /// Reads what [#seal] wrote, in either case. Empty where it is none, was changed, or its key is
    /// not there.
    public static Optional<ShortToken> open(String text, TokenKeys keys) {
        Optional<byte[]> decoded = decoded(text);
        if (decoded.isEmpty()) {
            return Optional.empty();
        }
        byte[] content = Arrays.copyOf(decoded.get(), CONTENT_BYTES);
        byte[] code = Arrays.copyOfRange(decoded.get(), CONTENT_BYTES, CONTENT_BYTES + CODE_BYTES);
        return keys.find(content[0] & 0xff)
                .filter(key ->
                        MessageDigest.isEqual(
                                code, Arrays.copyOf(key.shortCode(content), CODE_BYTES)))
                .map(_ -> read(content));
    }

    private static ShortToken read(byte[] content) {
        long low = ByteBuffer.wrap(content).getLong(CONTENT_BYTES - Long.BYTES);
        int recipient = (int) (low & RECIPIENT_MAX);
        long id = new BigInteger(1, content).shiftRight(25).longValue() & Long.MAX_VALUE;
        return new ShortToken(new QueueId(id), recipient);
    }

    /// Exactly [#CONTENT_BYTES], zeros in front.
    private static byte[] fixed(BigInteger number) {
        byte[] bytes = number.toByteArray();
        var fixed = new byte[CONTENT_BYTES];
        int count = Math.min(bytes.length, CONTENT_BYTES);
        System.arraycopy(bytes, bytes.length - count, fixed, CONTENT_BYTES - count, count);
        return fixed;
    }

    private static String encoded(byte[] bytes) {
        var text = new StringBuilder(CHARACTERS);
        for (int bit = 0; bit < CHARACTERS * 5; bit += 5) {
            int pair = (bytes[bit / 8] & 0xff) << 8;
            pair |= bit / 8 + 1 < bytes.length ? bytes[bit / 8 + 1] & 0xff : 0;
            text.append(DIGITS.charAt(pair >> (11 - bit % 8) & 31));
        }
        return text.toString();
    }

    private static Optional<byte[]> decoded(String text) {
        if (text.length() != CHARACTERS) {
            return Optional.empty();
        }
        var bytes = new byte[CONTENT_BYTES + CODE_BYTES];
        for (int i = 0; i < CHARACTERS; i++) {
            char c = text.charAt(i);
            int digit = DIGITS.indexOf(c >= 'A' && c <= 'Z' ? (char) (c + 32) : c);
            if (digit < 0) {
                return Optional.empty();
            }
            int shifted = digit << (11 - i * 5 % 8);
            bytes[i * 5 / 8] |= (byte) (shifted >> 8);
            if (i * 5 / 8 + 1 < bytes.length) {
                bytes[i * 5 / 8 + 1] |= (byte) shifted;
            }
        }
        return Optional.of(bytes);
    }
}
