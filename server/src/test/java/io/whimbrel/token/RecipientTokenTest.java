package io.whimbrel.token;

import static io.whimbrel.token.Tokens.ACCEPTED;
import static io.whimbrel.token.Tokens.ID;
import static io.whimbrel.token.Tokens.KEYS;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import com.code_intelligence.jazzer.junit.FuzzTest;

import io.whimbrel.mail.QueueId;

import org.junit.jupiter.api.Test;

import java.nio.charset.StandardCharsets;
import java.time.temporal.ChronoUnit;
import java.util.List;
import java.util.Random;

class RecipientTokenTest {
    private static final RecipientToken TOKEN =
            RecipientToken.of(ID, "acme", "spring", "anna@example.com", ACCEPTED).orElseThrow();

    @Test
    void sealed_opensAgain() {
        String text = TOKEN.seal(KEYS);
        assertThat(RecipientToken.open(text, KEYS)).contains(TOKEN);
        assertThat(TOKEN.acceptedAt()).isEqualTo(ACCEPTED.truncatedTo(ChronoUnit.SECONDS));
        assertThat(text).matches("[A-Za-z0-9_-]+").doesNotContain("anna");
    }

    @Test
    void same_isSealedAsTheSame_otherAsOther() {
        assertThat(TOKEN.seal(KEYS)).isEqualTo(TOKEN.seal(KEYS));
        var other = RecipientToken.of(ID, "acme", "spring", "annb@example.com", ACCEPTED);
        assertThat(other.orElseThrow().seal(KEYS).substring(3, 18))
                .isNotEqualTo(TOKEN.seal(KEYS).substring(3, 18));
    }

    @Test
    void foldedByHosts_opens() {
        String text = TOKEN.seal(KEYS);
        String folded = " " + text.substring(0, 10) + "\r\n\t" + text.substring(10) + "\r\n";
        assertThat(RecipientToken.open(folded, KEYS)).contains(TOKEN);
    }

    @Test
    void changedOctet_isRefused() {
        String text = TOKEN.seal(KEYS);
        for (int i = 0; i < text.length(); i++) {
            for (char c : new char[] {'A', 'q', '_', '@', '='}) {
                if (text.charAt(i) != c) {
                    String changed = text.substring(0, i) + c + text.substring(i + 1);
                    assertThat(RecipientToken.open(changed, KEYS)).as("at %d", i).isEmpty();
                }
            }
            assertThat(RecipientToken.open(text.substring(0, i), KEYS)).isEmpty();
        }
        assertThat(RecipientToken.open(text + "A", KEYS)).isEmpty();
        assertThat(RecipientToken.open(text + "=", KEYS)).isEmpty();
    }

    @Test
    void otherKey_isRefused_olderKeyOpens() {
        assertThat(RecipientToken.open(TOKEN.seal(KEYS), TokenKeys.of(Tokens.secret(2)))).isEmpty();
        var both =
                new TokenKeys(
                        List.of(
                                new TokenKey(1, Tokens.secret(1)),
                                new TokenKey(2, Tokens.secret(2))));
        assertThat(RecipientToken.open(TOKEN.seal(KEYS), both)).contains(TOKEN);
        assertThat(RecipientToken.open(TOKEN.seal(both), KEYS)).isEmpty();
        assertThat(RecipientToken.open(TOKEN.seal(both), both)).contains(TOKEN);
    }

    @Test
    void lengths_areBounded() {
        String largest = "\u00e9".repeat(RecipientToken.RECIPIENT_BYTES_MAX / 2);
        var token =
                RecipientToken.of(
                                new QueueId(Long.MAX_VALUE),
                                "t".repeat(1_000),
                                "\ud83d\ude00".repeat(1_000),
                                largest,
                                ACCEPTED)
                        .orElseThrow();
        assertThat(token.tenant()).hasSize(128);
        assertThat(token.campaign()).isEqualTo("\ud83d\ude00".repeat(32));
        String text = token.seal(KEYS);
        assertThat(text.length()).isLessThanOrEqualTo(RecipientToken.CHARACTERS_MAX);
        assertThat(RecipientToken.open(text, KEYS)).contains(token);
        assertThat(RecipientToken.of(ID, "", "", largest + "x", ACCEPTED)).isEmpty();
        assertThatThrownBy(() -> new RecipientToken(ID, "", "", "", ACCEPTED))
                .isInstanceOf(IllegalArgumentException.class);
        assertThat(RecipientToken.open("A".repeat(10_000_000), KEYS)).isEmpty();
    }

    @FuzzTest(maxDuration = "30s")
    void text_neverThrows(byte[] bytes) {
        checkText(bytes);
    }

    @Test
    void randomTokens_openAsTheyWere() {
        long seed = 20261128;
        var random = new Random(seed);
        for (int round = 0; round < 5_000; round++) {
            var bytes = new byte[random.nextInt(80)];
            random.nextBytes(bytes);
            checkText(bytes);
            String text = new String(bytes, StandardCharsets.UTF_8);
            var id = new QueueId(random.nextLong(Long.MAX_VALUE));
            var token = RecipientToken.of(id, text, text, text, ACCEPTED).orElseThrow();
            assertThat(RecipientToken.open(token.seal(KEYS), KEYS)).as(text).contains(token);
            var small = new ShortToken(id, random.nextInt(ShortToken.RECIPIENT_MAX));
            assertThat(ShortToken.open(small.seal(KEYS), KEYS)).contains(small);
        }
    }

    private static void checkText(byte[] bytes) {
        String text = new String(bytes, StandardCharsets.ISO_8859_1);
        assertThat(RecipientToken.open(text, KEYS)).isEmpty();
        assertThat(ShortToken.open(text, KEYS)).isEmpty();
        String encoded = java.util.Base64.getUrlEncoder().withoutPadding().encodeToString(bytes);
        assertThat(RecipientToken.open("AQE" + encoded, KEYS)).isEmpty();
    }
}
