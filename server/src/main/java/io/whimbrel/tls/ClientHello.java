package io.whimbrel.tls;

import java.nio.BufferUnderflowException;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.util.EnumSet;
import java.util.Locale;
import java.util.Optional;
import java.util.Set;

/// What of a client's first words decides about the certificate (RFC 8446 §4.1.2). Immutable.
///
/// Read before the TLS engine is made, so that each certificate has an engine, a provider and a
/// session cache of its own. Whether the words are good TLS is for the engine to say.
///
/// @param serverName that the client asks for (RFC 6066 §3), lower case
/// @param kinds of keys that it can verify
record ClientHello(Optional<String> serverName, Set<KeyKind> kinds) {
    static final int RECORD_HEADER = 5;

    private static final int HANDSHAKE = 22;
    private static final int CLIENT_HELLO = 1;
    private static final int RANDOM_BYTES = 32;
    private static final int NAME_MAX = 255;
    private static final int SERVER_NAME = 0;
    private static final int SIGNATURE_ALGORITHMS = 13;
    private static final int SUPPORTED_VERSIONS = 43;
    private static final int TLS_1_3 = 0x0304;

    /// Where it says nothing that we understand.
    static final ClientHello SILENT =
            new ClientHello(Optional.empty(), EnumSet.allOf(KeyKind.class));

    /// How many octets the record has that begins with `header`, at most 65,540; 0 where it is none
    /// of a handshake.
    static int recordLength(byte[] header, int from) {
        return header[from] == HANDSHAKE
                ? RECORD_HEADER + ((header[from + 3] & 0xff) << 8 | (header[from + 4] & 0xff))
                : 0;
    }

    /// Reads one whole record; [#SILENT] where it is damaged or only a part of the words.
    static ClientHello parse(byte[] bytes, int from, int length) {
        try {
            return new Reader().read(ByteBuffer.wrap(bytes, from, length));
        } catch (BufferUnderflowException | IllegalArgumentException _) {
            return SILENT;
        }
    }

    /// Confined to one call.
    private static final class Reader {
        private Optional<String> serverName = Optional.empty();
        private final Set<KeyKind> suites = EnumSet.noneOf(KeyKind.class);
        private final Set<KeyKind> signatures = EnumSet.noneOf(KeyKind.class);
        private boolean hasSignatures;
        private boolean speaksTls13;

        ClientHello read(ByteBuffer in) {
            in.position(in.position() + RECORD_HEADER);
            if (in.get() != CLIENT_HELLO) {
                return SILENT;
            }
            in.position(in.position() + 3 + 2 + RANDOM_BYTES);
            take(in, in.get() & 0xff);
            ByteBuffer offered = take(in, in.getShort() & 0xffff);
            while (offered.remaining() >= 2) {
                addSuite(offered.getShort() & 0xffff);
            }
            take(in, in.get() & 0xff);
            ByteBuffer extensions =
                    in.remaining() < 2 ? take(in, 0) : take(in, in.getShort() & 0xffff);
            while (extensions.remaining() >= 4) {
                int type = extensions.getShort() & 0xffff;
                readExtension(type, take(extensions, extensions.getShort() & 0xffff));
            }
            return new ClientHello(serverName, kinds());
        }

        private Set<KeyKind> kinds() {
            Set<KeyKind> kinds = EnumSet.allOf(KeyKind.class);
            if (hasSignatures) {
                kinds.retainAll(signatures);
            }
            if (!speaksTls13) {
                // In TLS 1.2 the cipher suite says the kind as well; 1.3 has parted them.
                kinds.retainAll(suites);
            }
            return kinds;
        }

        private void readExtension(int type, ByteBuffer in) {
            if (type == SERVER_NAME && in.hasRemaining()) {
                readServerName(take(in, in.getShort() & 0xffff));
            } else if (type == SIGNATURE_ALGORITHMS) {
                hasSignatures = true;
                ByteBuffer list = take(in, in.getShort() & 0xffff);
                while (list.remaining() >= 2) {
                    addSignature(list.getShort() & 0xffff);
                }
            } else if (type == SUPPORTED_VERSIONS) {
                ByteBuffer list = take(in, in.get() & 0xff);
                while (list.remaining() >= 2) {
                    speaksTls13 |= (list.getShort() & 0xffff) == TLS_1_3;
                }
            }
        }

        /// The first host name; another kind of name was never defined.
        private void readServerName(ByteBuffer list) {
            int type = list.get();
            ByteBuffer name = take(list, list.getShort() & 0xffff);
            if (type == 0 && name.hasRemaining() && name.remaining() <= NAME_MAX) {
                String text = StandardCharsets.US_ASCII.decode(name).toString();
                if (text.chars().allMatch(it -> it > ' ' && it < 0x7f)) {
                    serverName = Optional.of(text.toLowerCase(Locale.ROOT));
                }
            }
        }

        /// ECDHE with AEAD, which are all that we have.
        private void addSuite(int suite) {
            switch (suite) {
                case 0xc02b, 0xc02c, 0xcca9 -> {
                    suites.add(KeyKind.EC);
                    suites.add(KeyKind.ED25519);
                }
                case 0xc02f, 0xc030, 0xcca8 -> suites.add(KeyKind.RSA);
                default -> {}
            }
        }

        /// RFC 8446 §4.2.3.
        private void addSignature(int scheme) {
            switch (scheme) {
                case 0x0403, 0x0503, 0x0603 -> signatures.add(KeyKind.EC);
                case 0x0401, 0x0501, 0x0601, 0x0804, 0x0805, 0x0806 -> signatures.add(KeyKind.RSA);
                case 0x0807 -> signatures.add(KeyKind.ED25519);
                default -> {}
            }
        }

        private static ByteBuffer take(ByteBuffer in, int length) {
            ByteBuffer part = in.slice(in.position(), Math.min(length, in.remaining()));
            in.position(in.position() + length);
            return part;
        }
    }
}
