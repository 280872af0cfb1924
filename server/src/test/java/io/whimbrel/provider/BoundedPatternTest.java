package io.whimbrel.provider;

import static org.assertj.core.api.Assertions.assertThat;

import com.code_intelligence.jazzer.junit.FuzzTest;

import io.whimbrel.toml.ValueKind.Reading;

import org.junit.jupiter.api.Test;

import java.nio.charset.StandardCharsets;
import java.util.List;
import java.util.Random;
import java.util.regex.Pattern;

class BoundedPatternTest {
    private static final int ROUNDS = 5_000;
    private static final String ALPHABET = "ab.*+?{}(),|[]\\d^$12:-&";

    @Test
    void expressions_ofRealRules_areTaken() {
        for (String text :
                List.of(
                        "rate limited",
                        "\\[TSS?04\\]",
                        "Messages from \\d{1,3}\\.\\d{1,3}\\.\\d{1,3}\\.\\d{1,3} temporarily",
                        "Unfortunately.*on our block list",
                        "(ofr|ofr00\\d)_(104|105)",
                        "(too many|maximum).{0,40}(connection|session)s?",
                        "a(?:b|c)?d",
                        "[^a-z\\]]{2,3}",
                        "a{3}")) {
            assertThat(BoundedPattern.read(text)).as(text).isInstanceOf(Reading.Good.class);
        }
    }

    @Test
    void expressions_thatMaySearchForLong_areRefused() {
        for (String text :
                List.of(
                        "(a+)+b",
                        "(a|ab)*c",
                        "(a{0,5}){2,}",
                        ".*x.*y",
                        ".{0,500}.{0,500}",
                        "a**",
                        "a++",
                        "(a)\\1",
                        "(?=a)b",
                        "(?i)a",
                        "\\p{L}",
                        "[a[b]]",
                        "[a&&b]",
                        "(",
                        ")",
                        "[",
                        "\\",
                        "*",
                        "a{x}",
                        "")) {
            assertThat(BoundedPattern.read(text)).as(text).isInstanceOf(Reading.Bad.class);
        }
    }

    @Test
    void case_doesNotCount() {
        assertThat(pattern("Rate Limited").matcher("RATE LIMITED now").find()).isTrue();
    }

    /// What is taken ends: each search of hostile texts is counted by its looks at characters.
    @Test
    void randomExpressions_searchOnlySoLong() {
        var random = new Random(7);
        int taken = 0;
        for (int i = 0; i < ROUNDS; i++) {
            var text = new StringBuilder();
            for (int j = random.nextInt(14); j >= 0; j--) {
                text.append(ALPHABET.charAt(random.nextInt(ALPHABET.length())));
            }
            taken += check(text.toString()) ? 1 : 0;
        }
        assertThat(taken).isBetween(ROUNDS / 100, ROUNDS * 9 / 10);
    }

    @FuzzTest(maxDuration = "30s")
    void anyExpression_hasAnAnswer(byte[] bytes) {
        check(new String(bytes, StandardCharsets.UTF_8));
    }

    private static boolean check(String text) {
        return switch (BoundedPattern.read(text)) {
            case Reading.Good<Pattern>(Pattern pattern) -> {
                for (String hostile : List.of("a".repeat(1_000), "ab1".repeat(333))) {
                    var counted = new Counted(hostile);
                    pattern.matcher(counted).find();
                    assertThat(counted.looks).as(text).isLessThan(200_000_000);
                }
                SampleReply.of(pattern)
                        .ifPresent(it -> assertThat(pattern.matcher(it).find()).isTrue());
                yield true;
            }
            case Reading.Bad<Pattern>(var problems) -> {
                assertThat(problems).isNotEmpty();
                yield false;
            }
        };
    }

    private static Pattern pattern(String text) {
        return ((Reading.Good<Pattern>) BoundedPattern.read(text)).value();
    }

    /// Counts how often the engine looks at a character. Confined to one thread.
    private static final class Counted implements CharSequence {
        private final String text;
        private long looks;

        Counted(String text) {
            this.text = text;
        }

        @Override
        public int length() {
            return text.length();
        }

        @Override
        public char charAt(int index) {
            looks++;
            return text.charAt(index);
        }

        @Override
        public CharSequence subSequence(int start, int end) {
            return text.subSequence(start, end);
        }

        @Override
        public String toString() {
            return text;
        }
    }
}
