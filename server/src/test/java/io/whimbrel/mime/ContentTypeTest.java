package io.whimbrel.mime;

import static org.assertj.core.api.Assertions.assertThat;

import org.junit.jupiter.api.Test;

class ContentTypeTest {

    private static String boundary(String parameters) {
        return ContentType.parse(" multipart/mixed" + parameters).boundary().orElse("none");
    }

    @Test
    void commentsAndFolds_areSkipped() {
        ContentType type = ContentType.parse(" (a(b)\\)) TEXT /\r\n html (c); charset=x");
        assertThat(type.type()).isEqualTo("text");
        assertThat(type.subtype()).isEqualTo("html");
        assertThat(boundary("(c) ; (d) Boundary (e) = (f) x(g)")).isEqualTo("x");
    }

    @Test
    void quotedStrings_areUnquoted() {
        assertThat(boundary("; a=\"; boundary=no\"; boundary=\"a;\\\"b\\\\ \r\n c  \""))
                .isEqualTo("a;\"b\\  c");
        assertThat(boundary("; boundary=\"open")).isEqualTo("open");
    }

    @Test
    void unquotedValues_areTakenAsMeant() {
        assertThat(boundary("; boundary=a/b=c:d; x=y")).isEqualTo("a/b=c:d");
        assertThat(boundary(";;; boundary=x;")).isEqualTo("x");
        assertThat(boundary(" boundary=x")).isEqualTo("x");
    }

    @Test
    void sections_areJoined() {
        assertThat(boundary("; boundary*0=one; boundary*1=\"two \"; boundary*2*=%33"))
                .isEqualTo("onetwo 3");
        assertThat(boundary("; boundary*=us-ascii'en'a%20b")).isEqualTo("a b");
        assertThat(boundary("; boundary*1=b; boundary*0*=''a%2")).isEqualTo("a%2b");
        assertThat(boundary("; boundary*x=b; boundary*99999=c")).isEqualTo("none");
    }

    @Test
    void withoutUsableBoundary_isNoMultipart() {
        assertThat(boundary("")).isEqualTo("none");
        assertThat(boundary("; boundary=\"\"")).isEqualTo("none");
        assertThat(boundary("; boundary=" + "x".repeat(513))).isEqualTo("none");
        assertThat(ContentType.parse("multipart").type()).isEmpty();
    }

    @Test
    void encodings_areRead() {
        assertThat(TransferEncoding.parse(" (c) 8BIT (d)\r\n"))
                .isEqualTo(TransferEncoding.EIGHT_BIT);
        assertThat(TransferEncoding.parse(" Base64;\r\n")).isEqualTo(TransferEncoding.BASE64);
        assertThat(TransferEncoding.parse(" \r\n")).isEqualTo(TransferEncoding.NONE);
        assertThat(TransferEncoding.parse(" x-none")).isEqualTo(TransferEncoding.UNKNOWN);
    }
}
