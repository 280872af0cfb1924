package io.whimbrel.token;

import static io.whimbrel.token.Tokens.ID;
import static io.whimbrel.token.Tokens.KEYS;
import static io.whimbrel.token.Tokens.values;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import com.code_intelligence.jazzer.junit.FuzzTest;

import org.junit.jupiter.api.Test;

import java.nio.charset.StandardCharsets;
import java.util.Map;
import java.util.Random;

class HeaderTemplateTest {
    private static final String[] PIECES = {
        "{token}",
        "{ref}",
        "{recipient}",
        "{campaign}",
        "{meta.order}",
        "{id}",
        "{",
        "}",
        "{{",
        "}}",
        "<",
        ">",
        ",",
        " ",
        "  ",
        "https://example.com/?a=",
        "mailto:",
        ":",
        "word",
        "\"",
        "\t",
        "\u00e9"
    };

    private static String rendered(String name, String text, TemplateValues values)
            throws TemplateException {
        return HeaderTemplate.parse(name, text).render(values).orElse("none");
    }

    private static String rendered(String text) throws TemplateException {
        return rendered("X-Field", text, values("Anna+x@example.com"));
    }

    @Test
    void names_areReplaced() throws TemplateException {
        assertThat(rendered("{recipient} {recipient-local} {recipient-domain} {tenant} {id}"))
                .isEqualTo("X-Field: Anna+x@example.com Anna+x example.com acme " + ID + "\r\n");
        assertThat(rendered("{meta.order}/{campaign}{meta.none} {{x}}"))
                .isEqualTo("X-Field: 4711/spring:sale {x}\r\n");
    }

    @Test
    void tokens_openAgain() throws TemplateException {
        String field = rendered("<https://example.com/u/{token}>");
        String token = field.substring(field.indexOf("/u/") + 3, field.indexOf('>'));
        assertThat(RecipientToken.open(token, KEYS).orElseThrow().recipient())
                .isEqualTo("Anna+x@example.com");
        String ref = rendered("{ref}").substring("X-Field: ".length()).strip();
        assertThat(ShortToken.open(ref, KEYS)).contains(new ShortToken(ID, 3));
    }

    @Test
    void withinUrls_isPercentEncoded() throws TemplateException {
        assertThat(rendered("<mailto:u@example.com?subject={recipient}>, {recipient}"))
                .isEqualTo(
                        "X-Field: <mailto:u@example.com?subject=Anna%2Bx%40example.com>,"
                                + "\r\n Anna+x@example.com\r\n");
        assertThat(rendered("HTTPS://e.com/{campaign},{campaign}"))
                .isEqualTo("X-Field: HTTPS://e.com/spring%3Asale,spring:sale\r\n");
        assertThat(rendered("<https://e.com/a,{campaign}>")).contains("a,spring%3Asale>");
    }

    @Test
    void wholeUrl_ofMetadata_staysInItsBrackets() throws TemplateException {
        var values =
                values(
                        "a@example.com",
                        "",
                        Map.of("url", "https://e.com/?a=b&c=%20>, <https://evil.example/ x"));
        assertThat(rendered("List-Unsubscribe", "<{meta.url}>", values))
                .isEqualTo(
                        "List-Unsubscribe:"
                                + " <https://e.com/?a=b&c=%20%3E,%20%3Chttps://evil.example/%20x>"
                                + "\r\n");
    }

    @Test
    void feedbackId_keepsItsFourParts() throws TemplateException {
        assertThat(rendered("Feedback-ID", "{campaign}:{tenant}:x:sender", values("a@example.com")))
                .isEqualTo("Feedback-ID: spring%3Asale:acme:x:sender\r\n");
    }

    @Test
    void injection_isImpossible() throws TemplateException {
        String evil = "x\r\nBcc: b@example.com\r\n\r\nbody\0\u007f\u00e9\ud83d\ude00\ud800\u2028";
        var values = values(evil, evil, Map.of("order", evil));
        for (String text :
                new String[] {
                    "{recipient}", "<{campaign}>", "<https://e/{meta.order}>", "{tenant}"
                }) {
            assertThat(rendered("X", text, values)).matches("[ -~]+\r\n").doesNotContain("\u0000");
        }
    }

    @Test
    void longFields_areFolded_orLeftOut() throws TemplateException {
        String field = rendered(("word <https://example.com/{token}>, ").repeat(5));
        assertThat(field.split("\r\n"))
                .allSatisfy(line -> assertThat(line.length()).isLessThanOrEqualTo(998))
                .hasSizeGreaterThan(5);
        assertThat(field.replace("\r\n", ""))
                .isEqualTo(
                        ("X-Field: " + "word <" + "https://example.com/" + token() + ">, ")
                                .concat(("word <https://example.com/" + token() + ">, ").repeat(4))
                                .stripTrailing());
        var long1 = values("a@example.com", "c".repeat(1_500), Map.of());
        assertThat(rendered("X", "{campaign}", long1)).isEqualTo("none");
        assertThat(rendered("X", "{campaign} ".repeat(8), long1)).isEqualTo("none");
        assertThat(rendered("X", " {meta.none} ", long1)).isEqualTo("none");
    }

    private static String token() {
        return values("Anna+x@example.com").token();
    }

    @Test
    void mistakes_nameThePlace() {
        assertMistake(
                "abc {tokn}", "column 5: unknown {tokn}; allowed: {token}, {ref}", "{token}?");
        assertMistake("{recipient-locl}", "column 1: ", "did you mean {recipient-local}?");
        assertMistake("{meta.}", "column 1: ", "did you mean {meta.NAME}?");
        assertMistake("ab{token", "column 3: { without }", "");
        assertMistake("ab}", "column 3: } without {", "");
        assertMistake("a\r\nB: c", "column 2: only printable", "");
        assertMistake("\u00e9", "column 1: only printable", "");
        assertMistake(" ", "column 1: a template is not empty", "");
        assertMistake("x".repeat(2_001), "column 2001: ", "");
        assertThatThrownBy(() -> HeaderTemplate.parse("A B", "x"))
                .isInstanceOf(TemplateException.class);
        assertThatThrownBy(() -> HeaderTemplate.parse("", "x"))
                .isInstanceOf(TemplateException.class);
    }

    private static void assertMistake(String text, String start, String end) {
        assertThatThrownBy(() -> HeaderTemplate.parse("X", text))
                .isInstanceOf(TemplateException.class)
                .hasMessageStartingWith(start)
                .hasMessageEndingWith(end);
    }

    @Test
    void perRecipient_isTold() throws TemplateException {
        assertThat(HeaderTemplate.parse("X", "{token}").isOfRecipient()).isTrue();
        assertThat(HeaderTemplate.parse("X", "{campaign} {id}").isOfRecipient()).isFalse();
    }

    @FuzzTest(maxDuration = "30s")
    void template_neverLetsOut(byte[] bytes) {
        String text = new String(bytes, StandardCharsets.UTF_8);
        check(text, text);
    }

    @Test
    void randomTemplates_neverLetOut() {
        long seed = 20261128;
        var random = new Random(seed);
        for (int round = 0; round < 5_000; round++) {
            var text = new StringBuilder();
            for (int i = random.nextInt(20); i >= 0; i--) {
                text.append(PIECES[random.nextInt(PIECES.length)]);
            }
            var bytes = new byte[random.nextInt(300)];
            random.nextBytes(bytes);
            try {
                check(text.toString(), new String(bytes, StandardCharsets.ISO_8859_1));
            } catch (RuntimeException | AssertionError e) {
                throw new AssertionError("seed " + seed + ", template " + text, e);
            }
        }
    }

    private static void check(String text, String value) {
        try {
            var values = values(value, value, Map.of("order", value));
            HeaderTemplate.parse("X-Field", text)
                    .render(values)
                    .ifPresent(field -> {
                        assertThat(field).startsWith("X-Field: ").endsWith("\r\n");
                        String[] lines = field.split("\r\n");
                        for (int i = 0; i < lines.length; i++) {
                            assertThat(lines[i]).matches("[ -~]{1,998}").isNotBlank();
                            assertThat(lines[i].charAt(0) == ' ').isEqualTo(i > 0);
                        }
                        assertThat(field.length()).isLessThan(9_000);
                    });
            VerpTemplate.parse(text).render(values);
        } catch (TemplateException e) {
            assertThat(e.getMessage()).matches("column \\d+: [ -~]+");
        }
    }
}
