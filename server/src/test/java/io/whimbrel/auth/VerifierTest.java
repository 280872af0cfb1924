package io.whimbrel.auth;

import static org.assertj.core.api.Assertions.assertThat;

import com.code_intelligence.jazzer.junit.FuzzTest;

import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

import java.nio.charset.StandardCharsets;

/// Verifiers that other programs made.
final class VerifierTest {

    /// SCRAM by Python's `hashlib.pbkdf2_hmac`; bcrypt by `crypt` of libxcrypt, called from Perl;
    /// argon2 from the tests of its reference implementation.
    @ParameterizedTest
    @CsvSource(
            delimiter = ' ',
            quoteCharacter = '"',
            value = {
                "\"correct horse é\"" + " SCRAM-SHA-256$10000:SALT$STORED:SERVER",
                "\"correct horse é\" $2b$05$abcdefghijklmnopqrstuuNKTrdYIyJepeBe0WMJS4ZyMwX4aEJLK",
                "\"correct horse é\" $2y$06$abcdefghijklmnopqrstuuweFluOTZuQ0Boo1w.y.les8URrwaTdW",
                "\"correct horse é\" $2a$04$abcdefghijklmnopqrstuub.ZjCeFtaHcVNO3csJiht1Oa5O89F5e",
                "password" + " \"$argon2i$v=19$m=65536,t=2,p=1$SOME$OTHER\"",
                "password" + " \"$argon2id$v=19$m=256,t=2,p=1$SOME$HASH\"",
            })
    void verifierOfAnotherProgram_acceptsItsPasswordOnly(String password, String shortened) {
        String text = whole(shortened);
        Verifier verifier = Verifier.parse(text).orElseThrow();

        assertThat(verifier.text()).isEqualTo(text);
        assertThat(verifier.accepts(password)).isTrue();
        assertThat(verifier.accepts(password + "x")).isFalse();
        assertThat(verifier.toString()).doesNotContain("$");
    }

    @Test
    void scram_madeHere_isReadAgain_andHasASaltOfItsOwn() {
        Verifier.Scram one = Verifier.Scram.of("pencil", 4_096);

        assertThat(Verifier.parse(one.text())).contains(one);
        assertThat(one.accepts("pencil")).isTrue();
        assertThat(Verifier.Scram.of("pencil", 4_096)).isNotEqualTo(one);
    }

    @Test
    void scram_takesEitherWayToTypeACharacter() {
        assertThat(Verifier.Scram.of("caf\u00e9", 4_096).accepts("cafe\u0301")).isTrue();
    }

    @ParameterizedTest
    @ValueSource(
            strings = {
                "",
                "plain",
                "{SHA512-CRYPT}$6$abc",
                "$1$abc$def",
                "SCRAM-SHA-256$",
                "SCRAM-SHA-256$1000:SALT$STORED:SERVER",
                "SCRAM-SHA-256$99999999:SALT$STORED:SERVER",
                "SCRAM-SHA-256$10000:SALT$M/79:SERVER",
                "SCRAM-SHA-256$10000$SALT:STORED:SERVER",
                "$2b$31$abcdefghijklmnopqrstuuNKTrdYIyJepeBe0WMJS4ZyMwX4aEJLK",
                "$2x$05$abcdefghijklmnopqrstuuNKTrdYIyJepeBe0WMJS4ZyMwX4aEJLK",
                "$2b$05$abcdefghijklmnopqrstuuNKTrdYIyJepeBe0WMJS4ZyMwX4aEJL!",
                "$2b$05$abcdefghijklmnopqrstuu",
                "$argon2d$v=19$m=256,t=2,p=1$SOME$HASH",
                "$argon2id$v=16$m=256,t=2,p=1$SOME$HASH",
                "$argon2id$v=19$m=9999999,t=2,p=1$SOME$HASH",
                "$argon2id$v=19$m=16,t=2,p=4$SOME$HASH",
            })
    void textThatIsNone_orTooCostly_isRefused(String text) {
        assertThat(Verifier.parse(whole(text))).isEmpty();
    }

    /// With what is too long for a line of this file.
    private static String whole(String text) {
        return text.replace("SALT", "MDEyMzQ1Njc4OWFiY2RlZg==")
                .replace("STORED", "M/79eu8MKR1nAaPnBUQSFRNONFCmTVtzFH5qA2du9+s=")
                .replace("SERVER", "wjcNHMO9e0qSGmyxAW5+NWlJzzc9UGOw2/5eqdBavwQ=")
                .replace("SOME", "c29tZXNhbHQ")
                .replace("HASH", "nf65EOgLrQMR/uIPnA4rEsF5h7TKyQwu9U1bMCHGi/4")
                .replace("OTHER", "wWKIMhR9lyDFvRz9YTZweHKfbftvj+qf+YFY4NeBbtA");
    }

    @FuzzTest(maxDuration = "30s")
    void anyLine_isReadOrRefused_andWhatIsReadIsWrittenTheSame(byte[] bytes) {
        String line = new String(bytes, StandardCharsets.UTF_8);
        switch (UserEntry.parse(line)) {
            case UserEntry.Line.User(UserEntry entry) ->
                    assertThat(UserEntry.parse(entry.line()))
                            .isEqualTo(new UserEntry.Line.User(entry));
            case UserEntry.Line.Bad(String complaint) ->
                    assertThat(complaint).isNotEmpty().doesNotContainPattern("\\p{Cntrl}");
            case UserEntry.Line.Blank() -> assertThat(line.strip()).matches("(?s)(#.*)?");
        }
    }

    /// The fuzzer needs long to find a line that is right.
    @Test
    void mutatedLines_areReadOrRefused() {
        var random = new java.util.Random(7);
        String good = new UserEntry("shop", "t", Verifier.Scram.of("x", 4_096), true).line();
        for (int i = 0; i < 5_000; i++) {
            byte[] bytes = good.getBytes(StandardCharsets.UTF_8);
            for (int change = random.nextInt(3); change >= 0; change--) {
                bytes[random.nextInt(bytes.length)] = (byte) random.nextInt(32, 128);
            }
            anyLine_isReadOrRefused_andWhatIsReadIsWrittenTheSame(bytes);
        }
    }
}
