package io.whimbrel.token;

import static io.whimbrel.token.Tokens.ID;
import static io.whimbrel.token.Tokens.KEYS;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.whimbrel.mail.QueueId;

import org.junit.jupiter.api.Test;

import java.util.List;
import java.util.Locale;

class ShortTokenTest {

    @Test
    void sealed_opensAgain_inEitherCase() {
        for (int number : new int[] {0, 1, 77, ShortToken.RECIPIENT_MAX}) {
            for (long id : new long[] {0, 1, ID.value(), Long.MAX_VALUE}) {
                var token = new ShortToken(new QueueId(id), number);
                String text = token.seal(KEYS);
                assertThat(text).matches("[0-9a-hjkmnp-tv-z]{32}");
                assertThat(ShortToken.open(text, KEYS)).contains(token);
                assertThat(ShortToken.open(text.toUpperCase(Locale.ROOT), KEYS)).contains(token);
            }
        }
    }

    @Test
    void changedCharacter_isRefused() {
        String text = new ShortToken(ID, 5).seal(KEYS);
        for (int i = 0; i < text.length(); i++) {
            char other = text.charAt(i) == '7' ? '8' : '7';
            String changed = text.substring(0, i) + other + text.substring(i + 1);
            assertThat(ShortToken.open(changed, KEYS)).isEmpty();
        }
        assertThat(ShortToken.open(text.substring(1), KEYS)).isEmpty();
        assertThat(ShortToken.open(text.substring(1) + "u", KEYS)).isEmpty();
        assertThat(ShortToken.open("", KEYS)).isEmpty();
    }

    @Test
    void keys_areTold() {
        var two = new TokenKeys(List.of(new TokenKey(255, Tokens.secret(2))));
        String text = new ShortToken(ID, 5).seal(two);
        assertThat(ShortToken.open(text, two)).contains(new ShortToken(ID, 5));
        assertThat(ShortToken.open(text, KEYS)).isEmpty();
    }

    @Test
    void number_isBounded() {
        for (int number : new int[] {-1, ShortToken.RECIPIENT_MAX + 1}) {
            assertThatThrownBy(() -> new ShortToken(ID, number))
                    .isInstanceOf(IllegalArgumentException.class);
        }
    }
}
