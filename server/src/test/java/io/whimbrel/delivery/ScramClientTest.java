package io.whimbrel.delivery;

import static org.assertj.core.api.Assertions.assertThat;

import com.code_intelligence.jazzer.junit.FuzzTest;

import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

import java.nio.charset.StandardCharsets;
import java.util.Random;

final class ScramClientTest {
    private static final String NONCE = "rOprNGfwEbeRWgbNEkqO";
    private static final String SERVER_FIRST =
            "r=rOprNGfwEbeRWgbNEkqO%hvYDpWUa2RaTCAfuxFIlj)hNlF$k0,"
                    + "s=W22ZaJ0SNY7soEsUEjb6gQ==,i=4096";

    /// The exchange of RFC 7677 §3.
    @Test
    void exampleOfTheStandard_isFollowed() {
        var client = new ScramClient("user", "pencil", NONCE);

        assertThat(client.first()).isEqualTo("n,,n=user,r=rOprNGfwEbeRWgbNEkqO");
        assertThat(client.last(SERVER_FIRST))
                .contains(
                        "c=biws,r=rOprNGfwEbeRWgbNEkqO%hvYDpWUa2RaTCAfuxFIlj)hNlF$k0,"
                                + "p=dHzbZapWIk4jUhN+Ute9ytag9zjfMHgsqmmiz7AndVQ=");
        assertThat(client.isProof("v=6rriTRBi23WpRR/wtup+mMhUZUn/dB5nLTJRsjl95G4=")).isTrue();
        assertThat(client.isProof("v=7rriTRBi23WpRR/wtup+mMhUZUn/dB5nLTJRsjl95G4=")).isFalse();
        assertThat(client.isProof("e=other-error")).isFalse();
    }

    @Test
    void namesWithSpecialCharacters_areEscaped() {
        assertThat(new ScramClient("a=b,c", "x", "n").first()).isEqualTo("n,,n=a=3Db=2Cc,r=n");
    }

    @ParameterizedTest
    @ValueSource(
            strings = {
                "",
                "r=other,s=AAAA,i=4096",
                "r=rOprNGfwEbeRWgbNEkqO,s=AAAA,i=4096",
                "r=rOprNGfwEbeRWgbNEkqOx,s=AAAA,i=4095",
                "r=rOprNGfwEbeRWgbNEkqOx,s=AAAA,i=1000001",
                "r=rOprNGfwEbeRWgbNEkqOx,s=AAAA,i=99999999999",
                "r=rOprNGfwEbeRWgbNEkqOx,s=,i=4096",
                "r=rOprNGfwEbeRWgbNEkqOx,s=A,i=4096",
                "r=rOprNGfwEbeRWgbNEkqOx,i=4096,s=AAAA",
                "m=x,r=rOprNGfwEbeRWgbNEkqOx,s=AAAA,i=4096"
            })
    void challengeThatMakesNoSense_hasNoAnswer(String challenge) {
        assertThat(new ScramClient("user", "pencil", NONCE).last(challenge)).isEmpty();
    }

    @Test
    void mutatedChallenges_doNoHarm() {
        var random = new Random(3);
        for (int i = 0; i < 300; i++) {
            var text = new StringBuilder(SERVER_FIRST);
            for (int j = random.nextInt(4); j >= 0; j--) {
                int at = random.nextInt(text.length());
                text.setCharAt(at, (char) (' ' + random.nextInt(95)));
            }
            check(text.toString());
        }
    }

    @FuzzTest(maxDuration = "30s")
    void anyChallenge_doesNoHarm(byte[] bytes) {
        check(new String(bytes, StandardCharsets.UTF_8));
    }

    private static void check(String text) {
        var client = new ScramClient("user", "pencil", NONCE);
        client.last(text).ifPresent(last -> assertThat(last).startsWith("c=biws,r=" + NONCE));
        assertThat(client.isProof(text)).isFalse();
    }
}
