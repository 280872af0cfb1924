package io.whimbrel.token;

import io.whimbrel.mail.QueueId;

import java.io.ByteArrayOutputStream;
import java.nio.ByteBuffer;
import java.nio.charset.CharacterCodingException;
import java.nio.charset.CodingErrorAction;
import java.nio.charset.StandardCharsets;
import java.security.GeneralSecurityException;
import java.security.MessageDigest;
import java.time.DateTimeException;
import java.time.Instant;
import java.util.Arrays;
import java.util.Base64;
import java.util.Optional;

import javax.crypto.Cipher;
import javax.crypto.spec.GCMParameterSpec;

/// What a message says of itself to one recipient, sealed with a secret of the node: only the node
/// can read or make it. Immutable.
///
/// It survives reports that have nothing but the header, and redaction of addresses in it (RFC
/// 6590), for it has no `@` and no dot. Where case does not survive, [ShortToken] stands.
///
/// Sealed: version, number of the key, a nonce of 12 octets, and by AES-256-GCM the queue id, the
/// second, tenant, campaign and recipient, each with its length; in base64url (RFC 4648 §5) without
/// padding, at most [#CHARACTERS_MAX]. The nonce is a code of what is sealed, so the same is always
/// sealed as the same, and a signature over it can be used again; nothing else repeats a nonce.
///
/// @param queueId of the message
/// @param tenant at most [#NAME_BYTES_MAX] octets in UTF-8; `""` where there is none
/// @param campaign as `tenant`
/// @param recipient the address, as it is in the envelope; at most [#RECIPIENT_BYTES_MAX] octets
/// @param acceptedAt when the message was accepted, in whole seconds since 1970
public record RecipientToken(
        QueueId queueId, String tenant, String campaign, String recipient, Instant acceptedAt) {

    public static final int NAME_BYTES_MAX = 128;
    public static final int RECIPIENT_BYTES_MAX = 320;

    /// So that it stands on one line of a header, with some room before it.
    public static final int CHARACTERS_MAX = 840;

    private static final int VERSION = 1;
    private static final int NONCE_BYTES = 12;
    private static final int TAG_BITS = 128;
    private static final int HEAD_BYTES = 2;
    private static final int SEALED_BYTES_MIN = HEAD_BYTES + NONCE_BYTES + TAG_BITS / 8;

    /// Of a queue id and a second.
    private static final int NUMBER_BYTES = 16;

    private static final Base64.Encoder ENCODER = Base64.getUrlEncoder().withoutPadding();

    /// @throws IllegalArgumentException where something is out of bounds
    public RecipientToken {
        boolean isBounded =
                utf8(tenant).length <= NAME_BYTES_MAX
                        && utf8(campaign).length <= NAME_BYTES_MAX
                        && utf8(recipient).length <= RECIPIENT_BYTES_MAX;
        if (!isBounded || acceptedAt.getNano() != 0 || acceptedAt.getEpochSecond() < 0) {
            throw new IllegalArgumentException("a name, an address or a time is out of bounds");
        }
    }

    /// As the constructor, of any values: names are cut to what has room, the time to its second.
    /// Empty where the recipient's address has no room.
    public static Optional<RecipientToken> of(
            QueueId queueId, String tenant, String campaign, String recipient, Instant acceptedAt) {
        if (utf8(recipient).length > RECIPIENT_BYTES_MAX) {
            return Optional.empty();
        }
        Instant second = Instant.ofEpochSecond(Math.max(0, acceptedAt.getEpochSecond()));
        return Optional.of(
                new RecipientToken(queueId, cut(tenant), cut(campaign), recipient, second));
    }

    /// As text that stands in a header or a URL as it is.
    public String seal(TokenKeys keys) {
        TokenKey key = keys.current();
        byte[] plain = plaintext();
        byte[] head = {VERSION, (byte) key.number()};
        byte[] nonce = Arrays.copyOf(key.nonce(plain), NONCE_BYTES);
        try {
            byte[] sealed = cipher(Cipher.ENCRYPT_MODE, key, nonce, head).doFinal(plain);
            var all = ByteBuffer.allocate(HEAD_BYTES + NONCE_BYTES + sealed.length);
            all.put(head).put(nonce).put(sealed);
            return ENCODER.encodeToString(all.array());
        } catch (GeneralSecurityException e) {
            throw new IllegalStateException("every JDK has AES-GCM", e);
        }
    }

    /// Reads what [#seal] wrote, with whatever spaces and folds got into it. Empty where it is
    /// none, was changed, or is sealed with a key that is not there.
    public static Optional<RecipientToken> open(String text, TokenKeys keys) {
        Optional<byte[]> decoded = decoded(text);
        if (decoded.isEmpty() || decoded.get()[0] != VERSION) {
            return Optional.empty();
        }
        byte[] all = decoded.get();
        return keys.find(all[1] & 0xff).flatMap(key -> open(all, key));
    }

    private static Optional<RecipientToken> open(byte[] all, TokenKey key) {
        byte[] head = Arrays.copyOf(all, HEAD_BYTES);
        byte[] nonce = Arrays.copyOfRange(all, HEAD_BYTES, HEAD_BYTES + NONCE_BYTES);
        byte[] sealed = Arrays.copyOfRange(all, HEAD_BYTES + NONCE_BYTES, all.length);
        try {
            byte[] plain = cipher(Cipher.DECRYPT_MODE, key, nonce, head).doFinal(sealed);
            byte[] expected = Arrays.copyOf(key.nonce(plain), NONCE_BYTES);
            return MessageDigest.isEqual(nonce, expected) ? parse(plain) : Optional.empty();
        } catch (GeneralSecurityException _) {
            return Optional.empty();
        }
    }

    private static Cipher cipher(int mode, TokenKey key, byte[] nonce, byte[] head)
            throws GeneralSecurityException {
        Cipher cipher = Cipher.getInstance("AES/GCM/NoPadding");
        cipher.init(mode, key.sealing(), new GCMParameterSpec(TAG_BITS, nonce));
        cipher.updateAAD(head);
        return cipher;
    }

    private byte[] plaintext() {
        var out = new ByteArrayOutputStream();
        var numbers = ByteBuffer.allocate(NUMBER_BYTES);
        numbers.putLong(queueId.value()).putLong(acceptedAt.getEpochSecond());
        out.writeBytes(numbers.array());
        for (String text : new String[] {tenant, campaign, recipient}) {
            byte[] bytes = utf8(text);
            out.write(bytes.length >> 8);
            out.write(bytes.length);
            out.writeBytes(bytes);
        }
        return out.toByteArray();
    }

    private static Optional<RecipientToken> parse(byte[] plain) {
        try {
            var in = ByteBuffer.wrap(plain);
            var queueId = new QueueId(in.getLong());
            var second = Instant.ofEpochSecond(in.getLong());
            String tenant = text(in);
            String campaign = text(in);
            String recipient = text(in);
            return in.hasRemaining()
                    ? Optional.empty()
                    : Optional.of(new RecipientToken(queueId, tenant, campaign, recipient, second));
        } catch (java.nio.BufferUnderflowException
                | IllegalArgumentException
                | DateTimeException
                | CharacterCodingException _) {
            return Optional.empty();
        }
    }

    private static String text(ByteBuffer in) throws CharacterCodingException {
        int length = in.getShort() & 0xffff;
        if (length > in.remaining()) {
            throw new IllegalArgumentException("beyond the end");
        }
        ByteBuffer bytes = in.slice(in.position(), length);
        in.position(in.position() + length);
        return StandardCharsets.UTF_8
                .newDecoder()
                .onMalformedInput(CodingErrorAction.REPORT)
                .decode(bytes)
                .toString();
    }

    private static Optional<byte[]> decoded(String text) {
        var bare = new StringBuilder();
        for (int i = 0; i < text.length(); i++) {
            char c = text.charAt(i);
            if (c == ' ' || c == '\t' || c == '\r' || c == '\n') {
                continue;
            }
            if (bare.length() == CHARACTERS_MAX) {
                return Optional.empty();
            }
            bare.append(c);
        }
        try {
            byte[] bytes = Base64.getUrlDecoder().decode(bare.toString());
            // One way to write it only: no padding, no stray bits at the end.
            boolean isSame = ENCODER.encodeToString(bytes).contentEquals(bare);
            return isSame && bytes.length >= SEALED_BYTES_MIN
                    ? Optional.of(bytes)
                    : Optional.empty();
        } catch (IllegalArgumentException _) {
            return Optional.empty();
        }
    }

    private static String cut(String name) {
        String cut = name;
        while (utf8(cut).length > NAME_BYTES_MAX) {
            int end = Math.min(cut.length(), NAME_BYTES_MAX + 1) - 1;
            boolean isPair = end > 0 && Character.isHighSurrogate(cut.charAt(end - 1));
            cut = cut.substring(0, isPair ? end - 1 : end);
        }
        return cut;
    }

    private static byte[] utf8(String text) {
        return text.getBytes(StandardCharsets.UTF_8);
    }
}
