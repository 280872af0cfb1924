package io.whimbrel.verification;

import static org.assertj.core.api.Assertions.assertThat;

import io.whimbrel.dkim.DkimResult;

import org.junit.jupiter.api.DynamicTest;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.TestFactory;

import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Instant;
import java.util.ArrayList;
import java.util.Base64;
import java.util.List;
import java.util.stream.Stream;

/// Messages that others signed, and the examples of the RFCs.
class DkimVectorsTest {
    /// RFC 6376 appendix C.
    private static final String RFC6376_KEY =
            "v=DKIM1; p=MIGfMA0GCSqGSIb3DQEBAQUAA4GNADCBiQ"
                    + "KBgQDwIRP/UC3SBsEmGqZ9ZJW3/DkMoGeLnQg1fWn7/zYt"
                    + "IxN2SnFCjxOCKG9v3b4jYfcTNh5ijSsq631uBItLa7od+v"
                    + "/RtdC2UzJ1lWT947qR+Rcac2gbto/NMqJ0fzfVjH4OuKhi"
                    + "tdY9tf6mcwGjaNBcWToIMmPSPDdQPNUYckcQ2QIDAQAB";

    /// RFC 8463 appendix A.2.
    private static final String ED25519_KEY =
            "v=DKIM1; k=ed25519; p=11qYAYKxCrfVS/7TyWQHOg7hcvPapiMlrwIaaPcHURo=";

    private static final String RSA_KEY =
            "v=DKIM1; k=rsa; p=MIGfMA0GCSqGSIb3DQEBAQUAA4GNADCBiQKBgQDkHlOQoBTzWR"
                    + "iGs5V6NpP3idY6Wk08a5qhdR6wy5bdOKb2jLQiY/J16JYi0Qvx/byYzCNb3W91y3FutAC"
                    + "DfzwQ/BC/e/8uBsCR+yz1Lxj+PL6lHvqMKrM3rG4hstT5QjvHO9PzoxZyVYLzBfO2EeC3"
                    + "Ip3G+2kryOTIKT+l/K4w3QIDAQAB";

    private static ZoneLookups zone() {
        return new ZoneLookups()
                .withText("brisbane._domainkey.football.example.com", ED25519_KEY)
                .withText("test._domainkey.football.example.com", RSA_KEY)
                .withText("test._domainkey.example.com", RSA_KEY)
                .withText("brisbane._domainkey.example.com", RFC6376_KEY);
    }

    private static List<DkimResult> results(String file) throws IOException {
        return results(zone(), TestFiles.message(TestFiles.path("dkim-vectors/" + file)));
    }

    private static List<DkimResult> results(ZoneLookups zone, byte[] message) {
        return Checked.dkim(zone, message).stream().map(DkimVerdict::result).toList();
    }

    @Test
    void rfc6376_appendixA2_passes() throws IOException {
        assertThat(results("lieser/rfc6376-A.2.eml")).containsExactly(DkimResult.PASS);
        assertThat(results("lieser/rfc6376-A.2-body_modified.eml"))
                .containsExactly(DkimResult.FAIL);
        assertThat(results("lieser/rfc6376-A.2-header_subject_modified.eml"))
                .containsExactly(DkimResult.FAIL);
        assertThat(results("lieser/rfc6376-A.2-ill_formed-missing_v.eml"))
                .containsExactly(DkimResult.PERMERROR);
    }

    @Test
    void rfc8463_appendixA3_bothPass() throws IOException {
        assertThat(results("lieser/rfc8463-A.3.eml"))
                .containsExactly(DkimResult.PASS, DkimResult.PASS);
        assertThat(results("mailauth/dkim-tests/ec/fixtures/signed.eml"))
                .containsExactly(DkimResult.PASS, DkimResult.PASS);
        assertThat(results("lieser/rfc8463-A.3-key_algo_mismatch.eml"))
                .contains(DkimResult.PERMERROR);
    }

    @Test
    void dkimpy_signedExample_passes() throws IOException {
        assertThat(results("dkimpy/rfc6376.signed.msg"))
                .containsExactly(DkimResult.PASS, DkimResult.PASS);
    }

    @TestFactory
    Stream<DynamicTest> mailAuth() throws IOException {
        List<DynamicTest> found = new ArrayList<>();
        for (Path file : TestFiles.list("dkim-vectors/mail-auth", "*.txt")) {
            var signed = SignedFile.read(file);
            Instant then = Instant.ofEpochSecond(1_667_843_664);
            found.add(
                    DynamicTest.dynamicTest(
                            file.getFileName().toString(),
                            () ->
                                    assertThat(Checked.dkim(signed.zone(), signed.message(), then))
                                            .allSatisfy(it ->
                                                    assertThat(it.result())
                                                            .as("%s", it)
                                                            .isEqualTo(DkimResult.PASS))));
        }
        assertThat(found).hasSizeGreaterThan(5);
        return found.stream();
    }

    @TestFactory
    Stream<DynamicTest> javaUtilsMailDkim() throws IOException {
        String pem =
                TestFiles.text("dkim-vectors/java-utils-mail-dkim/key/dkim.pem")
                        .replaceAll("-----[^-]*-----|\\s", "");
        var zone = new ZoneLookups().withText("dkim1._domainkey.example.com", publicKey(pem));
        List<DynamicTest> found = new ArrayList<>();
        for (String folder : List.of("sha256_simple", "sha256_relaxed", "sha1_simple")) {
            DkimResult expected = folder.startsWith("sha1") ? DkimResult.POLICY : DkimResult.PASS;
            String path = "dkim-vectors/java-utils-mail-dkim/" + folder;
            for (Path file : TestFiles.list(path, "*.txt")) {
                found.add(
                        DynamicTest.dynamicTest(
                                folder + "/" + file.getFileName(),
                                () ->
                                        assertThat(Checked.dkim(zone, withLineEnds(file)))
                                                .singleElement()
                                                .satisfies(it ->
                                                        assertThat(it.result())
                                                                .as("%s", it)
                                                                .isEqualTo(expected))));
            }
        }
        assertThat(found).hasSizeGreaterThan(150);
        return found.stream();
    }

    /// Their bodies have bare CR and LF, which SMTP has not, and which they signed as CRLF.
    private static byte[] withLineEnds(Path file) throws IOException {
        String text = Files.readString(file, StandardCharsets.ISO_8859_1);
        return TestFiles.crlf(text.replace("\r\n", "\n").replace('\r', '\n'));
    }

    /// The file holds the private key, of which the public one is a part.
    private static String publicKey(String base64) {
        try {
            byte[] der = Base64.getDecoder().decode(base64);
            var factory = java.security.KeyFactory.getInstance("RSA");
            var key =
                    (java.security.interfaces.RSAPrivateCrtKey)
                            factory.generatePrivate(
                                    new java.security.spec.PKCS8EncodedKeySpec(der));
            var open =
                    factory.generatePublic(
                            new java.security.spec.RSAPublicKeySpec(
                                    key.getModulus(), key.getPublicExponent()));
            return "v=DKIM1; p=" + Base64.getEncoder().encodeToString(open.getEncoded());
        } catch (java.security.GeneralSecurityException e) {
            throw new AssertionError(e);
        }
    }
}
