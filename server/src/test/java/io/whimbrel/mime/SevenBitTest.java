package io.whimbrel.mime;

import static org.assertj.core.api.Assertions.assertThat;

import org.junit.jupiter.api.Test;

import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.util.Arrays;

/// What becomes of messages with 8-bit text. A character is an octet.
class SevenBitTest {
    private static final String MIME = "From: a@example.com\r\nMIME-Version: 1.0\r\n";
    private static final String TEXT = MIME + "Content-Type: text/plain; charset=iso-8859-1\r\n";
    private static final String ENCODED = "Content-Transfer-Encoding: quoted-printable\r\n";

    private static String converted(String message) {
        Properties.check("message", Converted.latin1(message));
        return Converted.of(message).text();
    }

    private static void assertReadsTheSame(String message) throws IOException {
        assertThat(Converted.leaves(Converted.latin1(converted(message))))
                .isEqualTo(Converted.leaves(Converted.latin1(message)));
    }

    @Test
    void text_becomesQuotedPrintable_inPlaceOfItsEncoding() {
        String before =
                TEXT + "Content-Transfer-Encoding: 8bit\r\nX-Last: 1\r\n\r\nna\u00efve a=b \r\n";
        assertThat(converted(before))
                .isEqualTo(TEXT + ENCODED + "X-Last: 1\r\n\r\nna=EFve a=3Db=20\r\n");
    }

    @Test
    void undeclaredEightBit_isConvertedToo() {
        assertThat(converted(TEXT + "\r\n\u00e9\r\n")).isEqualTo(TEXT + ENCODED + "\r\n=E9\r\n");
        assertThat(converted(TEXT + "Content-Transfer-Encoding: 7bit\r\n\r\n\u00e9\r\n"))
                .isEqualTo(TEXT + ENCODED + "\r\n=E9\r\n");
    }

    @Test
    void severalEncodings_becomeOne() {
        String fields =
                "Content-Transfer-Encoding: 8bit\r\nContent-transfer-encoding:\r\n 7bit\r\n";
        assertThat(converted(TEXT + fields + "\r\n\u00e9")).isEqualTo(TEXT + ENCODED + "\r\n=E9");
    }

    @Test
    void sevenBit_staysByteForByte() {
        String message = TEXT + "\r\nplain = text \r\n.\r\nFrom me\r\n" + "x".repeat(2_000);
        assertThat(Converted.of(message).findings().isSevenBit()).isTrue();
        assertThat(converted(message)).isEqualTo(message);
    }

    @Test
    void linesThatHostsMistake_areHarmless() throws IOException {
        String body = "From \u00e9\r\n.\r\n..\r\nFrom me\r\n Frome\r\nFrom\r\n\t\r\nx\t\r\n";
        String after = converted(TEXT + "\r\n" + body);
        assertThat(after)
                .endsWith(
                        "\r\nFrom=20=E9\r\n=2E\r\n=2E.\r\nFrom=20me\r\n Frome\r\nFrom\r\n=09\r\n"
                                + "x=09\r\n");
        assertReadsTheSame(TEXT + "\r\n" + body);
    }

    @Test
    void longLines_areBroken_andNoneExceeds76() throws IOException {
        var body = new StringBuilder();
        for (int length = 60; length < 100; length++) {
            body.append("x".repeat(length)).append("\u00e9 \r\n");
            body.append("x".repeat(length)).append("=-. From\r\n");
        }
        body.append(("word \u00e9\t").repeat(500));
        assertReadsTheSame(TEXT + "\r\n" + body);
        assertThat(converted(TEXT + "\r\n" + body).split("\r\n"))
                .allSatisfy(line -> assertThat(line.length()).isLessThanOrEqualTo(76));
    }

    @Test
    void softBreak_neverMakesABoundary() throws IOException {
        for (int length = 60; length < 80; length++) {
            String message = multipart("B", "\r\n\u00e9" + "x".repeat(length) + "--B\r\nmore");
            assertReadsTheSame(message);
        }
    }

    @Test
    void binaryContent_becomesBase64() throws IOException {
        var octets = new StringBuilder();
        for (int i = 0; i < 9_999; i++) {
            octets.append((char) (i * 7 % 256));
        }
        String part =
                "Content-Type: application/octet-stream\r\nContent-Transfer-Encoding: binary\r\n";
        String message = multipart("B", part + "\r\n" + octets);
        assertReadsTheSame(message);
        assertThat(converted(message)).contains("Content-Transfer-Encoding: base64\r\n");
        assertThat(converted(MIME + part + "\r\n\0\u00ff")).endsWith("base64\r\n\r\nAP8=\r\n");
    }

    @Test
    void contentOfLines_becomesQuotedPrintable() {
        String part = "Content-Type: application/json\r\n\r\n{\"name\": \"caf\u00e9\"}\r\n";
        assertThat(converted(MIME + part)).contains(ENCODED).contains("caf=E9\"}\r\n");
    }

    @Test
    void textWithBareLineEnds_keepsThem() throws IOException {
        String message = multipart("B", "\r\n\u00e9\na\rb\r\n");
        assertReadsTheSame(message);
        assertThat(converted(message)).contains("Content-Transfer-Encoding: base64");
    }

    @Test
    void multiparts_becomeSevenBit_andStayWhatTheyAre() throws IOException {
        String message =
                MIME
                        + "Content-Type: multipart/mixed;\r\n boundary=\"a b\"\r\n"
                        + "Content-Transfer-Encoding: 8bit\r\n\r\npr\u00e9amble\r\n"
                        + "--a b\r\nContent-Type: multipart/alternative; boundary=a\r\n\r\n"
                        + "--a\r\n\r\nplain\r\n--a\r\nContent-Type: text/html\r\n\r\n<p>\u00e9</p>"
                        + "\r\n--a--\r\n--a b  \r\n\r\nlast \u00e9 \r\n--a b--";
        assertReadsTheSame(message);
        assertThat(converted(message))
                .contains("Content-Transfer-Encoding: 7bit\r\n\r\npr?amble\r\n--a b\r\n")
                .contains("--a\r\n\r\nplain\r\n--a\r\n")
                .endsWith(ENCODED + "\r\nlast =E9=20\r\n--a b--");
    }

    @Test
    void unterminatedMultipart_isConverted() throws IOException {
        assertReadsTheSame(
                MIME + "Content-Type: multipart/mixed; boundary=B\r\n\r\n--B\r\n\r\n\u00e9");
        String without = MIME + "Content-Type: multipart/mixed; boundary=B\r\n\r\n\u00e9\r\n";
        assertThat(converted(without)).endsWith(ENCODED + "\r\n=E9\r\n");
        String innerOpen =
                "Content-Type: multipart/mixed; boundary=C\r\n\r\n"
                        + "--C\r\n\r\n"
                        + "\u00e9\r\n"
                        + "--B\r\n\r\n"
                        + "\u00e8";
        assertThat(converted(multipart("B", innerOpen))).contains("=E9\r\n--B").contains("=E8\r\n");
    }

    @Test
    void boundaryThatBeginsAnother_partsOnlyItsOwn() throws IOException {
        String inner =
                "Content-Type: multipart/mixed; boundary=BB\r\n\r\n--BB\r\n\r\n\u00e9\r\n"
                        + "--BBB\r\n--BB--\r\n";
        assertReadsTheSame(multipart("B", inner));
        assertThat(converted(multipart("B", inner))).contains("=E9\r\n--BBB\r\n--BB--");
    }

    @Test
    void enclosedMessage_isConvertedInside() throws IOException {
        String message =
                multipart(
                        "B",
                        "Content-Type: message/rfc822\r\nContent-Transfer-Encoding: 8bit\r\n\r\n"
                                + TEXT
                                + "\r\n\u00e9\r\n");
        assertReadsTheSame(message);
        assertThat(converted(message))
                .contains("rfc822\r\nContent-Transfer-Encoding: 7bit\r\n\r\n" + TEXT + ENCODED);
    }

    @Test
    void report_isMasked_butReturnedHeadersAreEncoded() {
        String report =
                "Content-Type: message/delivery-status\r\n\r\n"
                        + "Diagnostic-Code: smtp; 550 n\u00e9ant\r\n\r\n--B\r\n"
                        + "Content-Type: text/rfc822-headers\r\n\r\nSubject: \u00e9\r\n";
        assertThat(converted(multipart("B", report)))
                .contains("550 n?ant\r\n")
                .contains("headers\r\n" + ENCODED + "\r\nSubject: =E9\r\n");
    }

    @Test
    void withoutMimeVersion_isGivenOne() {
        String bare = "From: a@example.com\r\n";
        String mime = "MIME-Version: 1.0\r\n";
        assertThat(converted(bare + "\r\nna\u00efve\r\n"))
                .isEqualTo(
                        bare
                                + mime
                                + "Content-Type: text/plain; charset=unknown-8bit\r\n"
                                + ENCODED
                                + "\r\nna=EFve\r\n");
        String utf8 =
                new String(
                        "na\u00efve".getBytes(StandardCharsets.UTF_8), StandardCharsets.ISO_8859_1);
        assertThat(converted(bare + "\r\n" + utf8))
                .contains("charset=utf-8\r\n")
                .endsWith("na=C3=AFve");
        assertThat(converted(bare + "Content-Type: text/html\r\n\r\n\u00e9"))
                .isEqualTo(bare + "Content-Type: text/html\r\n" + mime + ENCODED + "\r\n=E9");
    }

    @Test
    void quotedPrintableAndBase64_areMended() throws IOException {
        String quoted = TEXT + ENCODED + "\r\n=C3=A9 \u00e9 " + "\u00e8".repeat(60) + "\r\nx";
        assertReadsTheSame(quoted);
        assertThat(Converted.of(quoted).hasEightBit()).isFalse();
        String base64 = TEXT + "Content-Transfer-Encoding: base64\r\n\r\nQUJD\r\n\u00e9\r\n";
        assertThat(converted(base64)).endsWith("QUJD\r\n?\r\n");
    }

    @Test
    void whatNobodyKnows_stays_andIsTold() {
        for (String type :
                new String[] {
                    "Content-Transfer-Encoding: x-uuencode\r\n",
                    "Content-Type: message/partial; id=1\r\n",
                    "Content-Type: message/external-body; access-type=x\r\n"
                }) {
            String message = multipart("B", type + "\r\n\u00e9");
            assertThat(converted(message)).isEqualTo(message);
            Findings findings = Converted.of(message).findings();
            assertThat(findings.isConvertible()).isFalse();
            assertThat(findings.isIncomplete()).isTrue();
            assertThat(findings.becomesSevenBit()).isFalse();
        }
    }

    @Test
    void headers_stay_andAreTold() {
        String main = Converted.of("Subject: \u00e9\r\n" + TEXT + "\r\nx").text();
        assertThat(main).startsWith("Subject: \u00e9\r\n");
        Findings findings = Converted.of("Subject: \u00e9\r\n" + TEXT + "\r\nx").findings();
        assertThat(findings.hasEightBitHeader()).isTrue();
        assertThat(findings.isConvertible()).isFalse();
        String part = "Content-Disposition: attachment; filename=\u00e9\r\n\r\nx";
        assertThat(Converted.of(multipart("B", part)).findings().hasEightBitPartHeader()).isTrue();
    }

    @Test
    void signatures_areTold() {
        String signed =
                MIME
                        + "Content-Type: multipart/signed; boundary=S\r\n\r\n--S\r\n"
                        + "Content-Transfer-Encoding: 8bit\r\n\r\n%s\r\n--S--\r\n";
        assertThat(Converted.of(signed.formatted("\u00e9")).findings().breaksSignature()).isTrue();
        // Nothing to convert: what is signed keeps even its label.
        assertThat(Converted.of(signed.formatted("e")).findings().breaksSignature()).isFalse();
        assertThat(converted(signed.formatted("e"))).isEqualTo(signed.formatted("e"));
        String dkim = "DKIM-Signature: v=1\r\n" + TEXT + "\r\n%s";
        assertThat(Converted.of(dkim.formatted("\u00e9")).findings().breaksSignature()).isTrue();
        assertThat(Converted.of(dkim.formatted("e")).findings().breaksSignature()).isFalse();
        assertThat(Converted.of(TEXT + "\r\n\u00e9").findings().breaksSignature()).isFalse();
    }

    @Test
    void deepNesting_isBounded() {
        var message = new StringBuilder(MIME);
        for (int i = 0; i < 300; i++) {
            message.append("Content-Type: multipart/mixed; boundary=b").append(i);
            message.append("\r\n\r\n--b").append(i).append("\r\n");
        }
        message.append("\r\n\u00e9");
        String after = converted(message.toString());
        assertThat(after).contains(ENCODED + "\r\n--b100\r\n").contains("=E9");
    }

    @Test
    void veryManyParts_beyondTheLimit_stay() {
        var message = new StringBuilder(MIME + "Content-Type: multipart/mixed; boundary=B\r\n\r\n");
        message.append("--B\r\n\r\n\u00e9\r\n".repeat(70_000));
        Converted result = Converted.of(message.toString());
        assertThat(result.findings().isIncomplete()).isTrue();
        assertThat(result.text()).contains("=E9").endsWith("--B\r\n\r\n\u00e9\r\n");
    }

    @Test
    void veryLongFieldsAndLines_streamThrough() {
        String field = "X-Long: " + "y".repeat(100_000) + "\r\n z\r\n";
        String message = field + TEXT + "\r\n" + "--\u00e9" + "-".repeat(100_000) + "\r\n";
        assertThat(converted(message)).startsWith(field + TEXT + ENCODED + "\r\n--=E9---");
        assertThat(converted("X".repeat(200_000) + "\r\n\r\n\u00e9")).endsWith("\r\n\r\n=E9");
    }

    @Test
    void memory_isBounded() {
        byte[] header = Converted.latin1(multipart("B", "\r\n"));
        byte[] piece = Converted.latin1(("line \u00e9 --B\r\n").repeat(5_000));
        var survey = new Survey();
        survey.write(header, 0, header.length - 7);
        for (int i = 0; i < 500; i++) {
            survey.write(piece, 0, piece.length);
        }
        var largest = new int[1];
        var conversion =
                new SevenBit(
                        survey.finish(),
                        (_, _, length) -> largest[0] = Math.max(largest[0], length));
        conversion.write(header, 0, header.length - 7);
        for (int i = 0; i < 500; i++) {
            conversion.write(piece, 0, piece.length);
        }
        conversion.finish();
        assertThat(largest[0]).isLessThanOrEqualTo(4_096);
    }

    @Test
    void empty_staysEmpty() {
        assertThat(converted("")).isEmpty();
        assertThat(converted("\r\n\r\n")).isEqualTo("\r\n\r\n");
        var out = new ByteArrayOutputStream();
        new SevenBit(Converted.survey(new byte[0], 1), out::write).finish();
        assertThat(Arrays.toString(out.toByteArray())).isEqualTo("[]");
    }

    private static String multipart(String boundary, String part) {
        return MIME
                + "Content-Type: multipart/mixed; boundary="
                + boundary
                + "\r\n\r\n--"
                + boundary
                + "\r\n"
                + part
                + "\r\n--"
                + boundary
                + "--\r\n";
    }
}
