package io.whimbrel.token;

import static io.whimbrel.token.Tokens.ID;
import static io.whimbrel.token.Tokens.KEYS;
import static io.whimbrel.token.Tokens.values;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import com.code_intelligence.jazzer.junit.FuzzTest;

import org.junit.jupiter.api.Test;

import java.nio.charset.StandardCharsets;
import java.util.Locale;

class VerpTemplateTest {
    private static final String TEMPLATE = "bounce+{recipient}@b.example.net";

    private static String rendered(String template, String recipient) throws TemplateException {
        return VerpTemplate.parse(template).render(values(recipient)).orElse("none");
    }

    @Test
    void recipient_isReadable_andReadAgain() throws TemplateException {
        assertThat(rendered(TEMPLATE, "anna.b@example.com"))
                .isEqualTo("bounce+anna.b=example.com@b.example.net");
        assertThat(rendered(TEMPLATE, "a+b=c@example.com"))
                .isEqualTo("bounce+a+2Bb+3Dc=example.com@b.example.net");
        for (String recipient :
                new String[] {
                    "anna@example.com",
                    "a+b=c%d!@example.com",
                    "\"a b..c\"@example.com",
                    ".a..b.@x.example",
                    "j\u00fcrgen@m\u00fcller.example",
                    "a@[192.0.2.1]",
                    "x@y"
                }) {
            String address = rendered(TEMPLATE, recipient);
            assertThat(VerpTemplate.parse(TEMPLATE).read(address, KEYS))
                    .as(address)
                    .contains(new VerpTemplate.OfRecipient(recipient));
            assertThat(address).matches("[A-Za-z0-9+=._-]{1,64}@b\\.example\\.net");
            assertThat(address).doesNotContain("..").doesNotContain("+.").doesNotContain(".=");
        }
    }

    @Test
    void caseThatIsLost_isReadAllTheSame() throws TemplateException {
        String address = rendered(TEMPLATE, "Anna+X@example.com").toUpperCase(Locale.ROOT);
        assertThat(VerpTemplate.parse(TEMPLATE).read(address, KEYS))
                .contains(new VerpTemplate.OfRecipient("ANNA+X@EXAMPLE.COM"));
    }

    @Test
    void ref_isReadAgain_inEitherCase() throws TemplateException {
        String address = rendered("b-{ref}-x@b.example.net", "a@example.com");
        VerpTemplate template = VerpTemplate.parse("b-{ref}-x@b.example.net");
        var expected = new VerpTemplate.OfToken(new ShortToken(ID, 3));
        assertThat(template.read(address, KEYS)).contains(expected);
        assertThat(template.read(address.toUpperCase(Locale.ROOT), KEYS)).contains(expected);
    }

    @Test
    void recipientWithoutRoom_becomesAToken() throws TemplateException {
        String recipient = "a".repeat(50) + "@example.com";
        String address = rendered(TEMPLATE, recipient);
        assertThat(address.indexOf('@')).isLessThanOrEqualTo(64);
        assertThat(VerpTemplate.parse(TEMPLATE).read(address, KEYS))
                .contains(new VerpTemplate.OfToken(new ShortToken(ID, 3)));
        assertThat(rendered(TEMPLATE, "a".repeat(45) + "@example.com").indexOf('@')).isEqualTo(64);
    }

    @Test
    void addressesOfOthers_areNotOurs() throws TemplateException {
        VerpTemplate template = VerpTemplate.parse(TEMPLATE);
        for (String address :
                new String[] {
                    "",
                    "bounce+a=b",
                    "bounce+a=b@example.net",
                    "other+a=b@b.example.net",
                    "bounce+@b.example.net",
                    "bounce+a+=b@b.example.net",
                    "bounce+a+0D=b@b.example.net",
                    "bounce+a=b=c@b.example.net",
                    "bounce+" + "a".repeat(60) + "=b@b.example.net",
                    "bounce+0123456789abcdefghjkmnpqrstvwxyz@b.example.net"
                }) {
            assertThat(template.read(address, KEYS)).as(address).isEmpty();
        }
    }

    @Test
    void wrongTemplates_areRefused() {
        for (String template :
                new String[] {
                    "",
                    "bounce",
                    "bounce@b.example.net",
                    "{token}@b.example.net",
                    "{ref}{ref}@b.example.net",
                    "{ref}@{recipient-domain}",
                    "a b{ref}@b.example.net",
                    ".{ref}@b.example.net",
                    "a..{ref}@b.example.net",
                    "x".repeat(33) + "{ref}@b.example.net"
                }) {
            assertThatThrownBy(() -> VerpTemplate.parse(template))
                    .as(template)
                    .isInstanceOf(TemplateException.class);
        }
    }

    @FuzzTest(maxDuration = "30s")
    void recipients_areReadAgain(byte[] bytes) throws TemplateException {
        VerpTemplate template = VerpTemplate.parse(TEMPLATE);
        String text = new String(bytes, StandardCharsets.UTF_8);
        template.read(text, KEYS);
        template.read("bounce+" + text + "@b.example.net", KEYS);
        String address = template.render(values(text + "@example.com")).orElseThrow();
        assertThat(address).matches("[!-~]+");
        assertThat(address.lastIndexOf('@')).isLessThanOrEqualTo(64);
    }
}
