package io.whimbrel.pickup;

import static org.assertj.core.api.Assertions.assertThat;

import com.code_intelligence.jazzer.junit.FuzzTest;

import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

import java.nio.charset.StandardCharsets;
import java.util.Random;
import java.util.stream.Collectors;

/// Fields as mail programs write them.
class AddressListTest {
    private static final String ALPHABET = "<>()[]\",;:@.\\ ab\r\n\t\u00c3\u00a4";

    @ParameterizedTest
    @CsvSource(
            delimiter = '|',
            quoteCharacter = '`',
            value = {
                "a@x.example                                    | a@x.example",
                "a@x.example, b@x.example,, c@x.example,        | a@x.example b@x.example"
                        + " c@x.example",
                "Ann <a@x.example>                              | a@x.example",
                "\"Doe, John\" <j@x.example>, b@x.example       | j@x.example b@x.example",
                "John Q. Public <j@x.example>                   | j@x.example",
                "root (Cron Daemon)                             | root",
                "(a (nested \\) one)) root                      | root",
                "undisclosed-recipients:;                       | ``",
                "team: a@x.example, B <b@x.example>; c@x.example| a@x.example b@x.example"
                        + " c@x.example",
                "a@x.example; b@x.example                       | a@x.example b@x.example",
                "<@r1.example,@r2.example:a@x.example>          | a@x.example",
                "\"odd, one\"@x.example                         | \"odd, one\"@x.example",
                "a @ x . example                                | a@x.example",
                "=?UTF-8?Q?J=C3=B6rg?= <j@x.example>            | j@x.example",
                "a@[192.0.2.1], b@[IPv6:2001:db8::1]            | a@[192.0.2.1]"
                        + " b@[IPv6:2001:db8::1]",
                "<a@x.example> (Ann)                            | a@x.example",
                "<a@x.example> Ann B: C, d@x.example            | a@x.example d@x.example"
            })
    void addresses_areFound(String text, String expected) {
        AddressList list = AddressList.parse(text, 0);
        assertThat(list.problem()).isEmpty();
        assertThat(addresses(list)).isEqualTo(expected);
    }

    @ParameterizedTest
    @ValueSource(
            strings = {
                "Ann Other",
                "a@x.example b@x.example",
                "<a@x.example",
                "Ann <>",
                "<a@x.example> <b@x.example>",
                "\"open",
                "(open",
                "a@[open",
                "a>",
                "<<a>"
            })
    void whatIsNoList_isAProblem(String text) {
        assertThat(AddressList.parse(text, 0).problem()).isPresent();
    }

    @Test
    void bytesOfUtf8_areReadAsSuch() {
        byte[] bytes =
                "To: J\u00f6rg <j\u00f6rg@b\u00fccher.example>".getBytes(StandardCharsets.UTF_8);
        HeaderField field = HeaderField.of(new String(bytes, StandardCharsets.ISO_8859_1));
        assertThat(addresses(field.addresses())).isEqualTo("j\u00f6rg@b\u00fccher.example");
    }

    @Test
    void listsAreBounded() {
        assertThat(AddressList.parse("a@x.example,".repeat(10_001), 0).problem()).isPresent();
        assertThat(AddressList.parse("a@x.example,".repeat(10_000), 0).problem()).isEmpty();
        assertThat(AddressList.parse("(".repeat(100_000), 0).problem()).isPresent();
    }

    @Test
    void randomTexts_haveAnAnswer() {
        long seed = 20261127;
        var random = new Random(seed);
        for (int round = 0; round < 50_000; round++) {
            var text = new StringBuilder();
            for (int i = random.nextInt(25); i > 0; i--) {
                text.append(ALPHABET.charAt(random.nextInt(ALPHABET.length())));
            }
            check(text.toString(), "seed " + seed);
        }
    }

    @FuzzTest(maxDuration = "30s")
    void anyBytes_haveAnAnswer(byte[] bytes) {
        check(new String(bytes, StandardCharsets.ISO_8859_1), "fuzz");
    }

    /// What was found stands in the text, and is found again where it stands alone.
    private static void check(String text, String where) {
        for (AddressList.Mailbox mailbox : AddressList.parse(text, 0).mailboxes()) {
            assertThat(mailbox.end()).as(where).isBetween(1, text.length());
            String bytes =
                    new String(
                            mailbox.address().getBytes(StandardCharsets.UTF_8),
                            StandardCharsets.ISO_8859_1);
            AddressList again = AddressList.parse(bytes, 0);
            assertThat(addresses(again)).as("%s: %s", where, text).isEqualTo(mailbox.address());
        }
    }

    private static String addresses(AddressList list) {
        return list.mailboxes().stream()
                .map(AddressList.Mailbox::address)
                .collect(Collectors.joining(" "));
    }
}
