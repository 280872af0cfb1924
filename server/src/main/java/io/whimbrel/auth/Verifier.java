package io.whimbrel.auth;

import static java.nio.charset.StandardCharsets.US_ASCII;
import static java.nio.charset.StandardCharsets.UTF_8;

import org.bouncycastle.crypto.generators.Argon2BytesGenerator;
import org.bouncycastle.crypto.generators.OpenBSDBCrypt;
import org.bouncycastle.crypto.params.Argon2Parameters;

import java.util.Arrays;
import java.util.Base64;
import java.util.Optional;
import java.util.OptionalInt;

/// What a password is checked against; it does not tell the password. Immutable. No variant shows
/// itself in `toString`.
public sealed interface Verifier {

    /// The most that a text of [#parse] may have.
    int CHARS_MAX = 512;

    /// Reads `SCRAM-SHA-256$...`, `$2b$...` (also `2a`, `2y`) or `$argon2id$...` (also `argon2i`).
    /// Empty where it is none of these, or costs so much that a few logins would stop the machine.
    static Optional<Verifier> parse(String text) {
        if (text.length() > CHARS_MAX || !text.chars().allMatch(c -> c > ' ' && c < 0x7f)) {
            return Optional.empty();
        }
        if (text.startsWith("$argon2")) {
            return Argon2.parse(text).map(Verifier.class::cast);
        }
        return text.startsWith("$2")
                ? Bcrypt.parse(text).map(Verifier.class::cast)
                : Scram.parse(text).map(Verifier.class::cast);
    }

    /// As it stands in the users file.
    String text();

    /// A word for lists: what kind it is.
    String kind();

    /// What a check takes, such as `argon2id m=65536,t=3,p=4`: verifiers of the same cost take the
    /// same time.
    String cost();

    /// Whether `password` is the right one. Takes as long for any; tens of milliseconds and more.
    ///
    /// @param password at least one and at most 1,024 octets
    boolean accepts(String password);

    /// Keys by which SCRAM-SHA-256 proves a password in both directions without sending it, as RFC
    /// 5803 writes them down. The password is normalised as [SaslText] says.
    ///
    /// @param iterations 4,096 (RFC 7677 §4) to 10,000,000
    /// @param salt base64, of 8 to 64 octets
    /// @param storedKey base64, of 32 octets
    /// @param serverKey base64, of 32 octets
    record Scram(int iterations, String salt, String storedKey, String serverKey)
            implements Verifier {
        static final String PREFIX = "SCRAM-SHA-256$";

        /// About 30 ms of a core.
        public static final int ITERATIONS_DEFAULT = 100_000;

        public static final int ITERATIONS_MIN = 4_096;
        public static final int ITERATIONS_MAX = 10_000_000;
        static final int SALT_OCTETS = 16;

        /// A verifier for `password`.
        ///
        /// @param iterations see above; clients spend as much
        public static Scram of(String password, int iterations) {
            return of(password, Hashes.random(SALT_OCTETS), iterations);
        }

        static Scram of(String password, byte[] salt, int iterations) {
            byte[] salted = Hashes.pbkdf2(SaslText.normalized(password), salt, iterations);
            byte[] stored = Hashes.sha256(Hashes.hmac(salted, "Client Key"));
            return new Scram(
                    iterations,
                    SaslText.encode(salt),
                    SaslText.encode(stored),
                    SaslText.encode(Hashes.hmac(salted, "Server Key")));
        }

        private static Optional<Scram> parse(String text) {
            if (!text.startsWith(PREFIX)) {
                return Optional.empty();
            }
            String[] parts = text.substring(PREFIX.length()).split("[$:]", -1);
            boolean isShaped = parts.length == 4;
            OptionalInt iterations =
                    isShaped
                            ? number(parts[0], ITERATIONS_MIN, ITERATIONS_MAX)
                            : OptionalInt.empty();
            if (iterations.isEmpty()) {
                return Optional.empty();
            }
            var scram = new Scram(iterations.getAsInt(), parts[1], parts[2], parts[3]);
            boolean isGood =
                    hasOctets(parts[1], 8, 64)
                            && hasOctets(parts[2], Hashes.OCTETS, Hashes.OCTETS)
                            && hasOctets(parts[3], Hashes.OCTETS, Hashes.OCTETS)
                            && scram.text().equals(text);
            return isGood ? Optional.of(scram) : Optional.empty();
        }

        private static boolean hasOctets(String base64, int least, int most) {
            return SaslText.decode(base64)
                    .filter(it -> it.length >= least && it.length <= most)
                    .isPresent();
        }

        byte[] saltBytes() {
            return Base64.getDecoder().decode(salt);
        }

        byte[] storedKeyBytes() {
            return Base64.getDecoder().decode(storedKey);
        }

        byte[] serverKeyBytes() {
            return Base64.getDecoder().decode(serverKey);
        }

        @Override
        public String text() {
            return PREFIX + iterations + ":" + salt + "$" + storedKey + ":" + serverKey;
        }

        @Override
        public String kind() {
            return "scram-sha-256";
        }

        @Override
        public String cost() {
            return kind() + " i=" + iterations;
        }

        @Override
        public boolean accepts(String password) {
            Scram other = of(password, saltBytes(), iterations);
            return SaslText.isEqual(other.storedKeyBytes(), storedKeyBytes());
        }

        @Override
        public String toString() {
            return kind();
        }
    }

    /// A bcrypt hash of another system. It sees the first 72 octets of a password only.
    ///
    /// @param rounds 4 to 14: 16 times the work of the usual 10
    record Bcrypt(String text, int rounds) implements Verifier {
        private static final int CHARS = 60;

        private static Optional<Bcrypt> parse(String text) {
            boolean isShaped = text.length() == CHARS && text.charAt(3) == '$';
            boolean isKnown = isShaped && "aby".indexOf(text.charAt(2)) >= 0;
            OptionalInt rounds =
                    isKnown && text.charAt(6) == '$'
                            ? number(text.substring(4, 6), 4, 14)
                            : OptionalInt.empty();
            boolean isGood =
                    rounds.isPresent() && text.substring(7).chars().allMatch(Bcrypt::isInAlphabet);
            return isGood ? Optional.of(new Bcrypt(text, rounds.getAsInt())) : Optional.empty();
        }

        private static boolean isInAlphabet(int c) {
            return (c < 0x80 && Character.isLetterOrDigit(c)) || c == '.' || c == '/';
        }

        @Override
        public String kind() {
            return "bcrypt";
        }

        @Override
        public String cost() {
            return "bcrypt " + rounds;
        }

        @Override
        public boolean accepts(String password) {
            return OpenBSDBCrypt.checkPassword(text, password.getBytes(UTF_8));
        }

        @Override
        public String toString() {
            return kind();
        }
    }

    /// An argon2 hash of another system (RFC 9106), version 19.
    ///
    /// @param kind `argon2id` or `argon2i`
    /// @param memory 8 to 131,072 KiB: it is taken from the heap, one check at a time
    /// @param passes 1 to 64
    /// @param lanes 1 to 16
    /// @param salt base64 without padding
    /// @param hash base64 without padding
    record Argon2(String kind, int memory, int passes, int lanes, String salt, String hash)
            implements Verifier {

        private static Optional<Argon2> parse(String text) {
            String[] parts = text.split("\\$", -1);
            boolean isKnown =
                    parts.length == 6
                            && (parts[1].equals("argon2id") || parts[1].equals("argon2i"))
                            && parts[2].equals("v=19");
            String[] numbers = isKnown ? parts[3].split(",", -1) : new String[0];
            if (numbers.length != 3) {
                return Optional.empty();
            }
            OptionalInt memory = assigned(numbers[0], "m=", 8, 131_072);
            OptionalInt passes = assigned(numbers[1], "t=", 1, 64);
            OptionalInt lanes = assigned(numbers[2], "p=", 1, 16);
            boolean isGood =
                    memory.isPresent()
                            && passes.isPresent()
                            && lanes.isPresent()
                            && memory.getAsInt() >= 8 * lanes.getAsInt()
                            && hasOctets(parts[4], 8, 64)
                            && hasOctets(parts[5], 16, 64);
            return isGood
                    ? Optional.of(
                            new Argon2(
                                    parts[1],
                                    memory.getAsInt(),
                                    passes.getAsInt(),
                                    lanes.getAsInt(),
                                    parts[4],
                                    parts[5]))
                    : Optional.empty();
        }

        private static OptionalInt assigned(String word, String name, int least, int most) {
            return word.startsWith(name)
                    ? number(word.substring(name.length()), least, most)
                    : OptionalInt.empty();
        }

        private static boolean hasOctets(String unpadded, int least, int most) {
            byte[] bytes;
            try {
                bytes = Base64.getDecoder().decode(unpadded);
            } catch (IllegalArgumentException _) {
                return false;
            }
            return bytes.length >= least
                    && bytes.length <= most
                    && Base64.getEncoder().withoutPadding().encodeToString(bytes).equals(unpadded);
        }

        @Override
        public String text() {
            return "$" + kind + "$v=19$" + numbers() + "$" + salt + "$" + hash;
        }

        @Override
        public String cost() {
            return kind + " " + numbers();
        }

        private String numbers() {
            return "m=" + memory + ",t=" + passes + ",p=" + lanes;
        }

        @Override
        public boolean accepts(String password) {
            int type =
                    kind.equals("argon2id")
                            ? Argon2Parameters.ARGON2_id
                            : Argon2Parameters.ARGON2_i;
            var generator = new Argon2BytesGenerator();
            generator.init(
                    new Argon2Parameters.Builder(type)
                            .withVersion(Argon2Parameters.ARGON2_VERSION_13)
                            .withMemoryAsKB(memory)
                            .withIterations(passes)
                            .withParallelism(lanes)
                            .withSalt(Base64.getDecoder().decode(salt))
                            .build());
            byte[] expected = Base64.getDecoder().decode(hash);
            byte[] octets = password.getBytes(UTF_8);
            byte[] actual = new byte[expected.length];
            generator.generateBytes(octets, actual);
            Arrays.fill(octets, (byte) 0);
            return SaslText.isEqual(expected, actual);
        }

        @Override
        public String toString() {
            return kind;
        }
    }

    /// A decimal number as a program writes it, without sign; leading zeros only as in `05`.
    private static OptionalInt number(String text, int least, int most) {
        byte[] digits = text.getBytes(US_ASCII);
        if (digits.length == 0 || digits.length > 8) {
            return OptionalInt.empty();
        }
        int value = 0;
        for (byte digit : digits) {
            if (digit < '0' || digit > '9') {
                return OptionalInt.empty();
            }
            value = value * 10 + (digit - '0');
        }
        return value >= least && value <= most ? OptionalInt.of(value) : OptionalInt.empty();
    }
}
