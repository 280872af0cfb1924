package io.whimbrel.keys;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import com.code_intelligence.jazzer.junit.FuzzTest;

import org.bouncycastle.asn1.pkcs.PrivateKeyInfo;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.EnumSource;

import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.security.GeneralSecurityException;
import java.security.KeyPairGenerator;
import java.security.Signature;
import java.util.Base64;
import java.util.Random;

class PemKeyTest {
    private static final SigningKey RSA = KeyKind.RSA2048.generate();
    private static final SigningKey ED25519 = KeyKind.ED25519.generate();

    /// RFC 8463 Appendix A.2.
    private static final String RFC_SEED = "nWGxne/9WmC6hEr0kuwsxERJxWl7MmkZcDusAxyuf2A=";

    private static final String RFC_POINT = "11qYAYKxCrfVS/7TyWQHOg7hcvPapiMlrwIaaPcHURo=";

    static String pem(String label, byte[] der) {
        return "-----BEGIN "
                + label
                + "-----\n"
                + Base64.getMimeEncoder(64, new byte[] {'\n'}).encodeToString(der)
                + "\n-----END "
                + label
                + "-----\n";
    }

    private static byte[] pkcs1(SigningKey key) throws IOException {
        return PrivateKeyInfo.getInstance(key.privateKey().getEncoded())
                .parsePrivateKey()
                .toASN1Primitive()
                .getEncoded();
    }

    private static byte[] encoded(String algorithm, int bits) throws GeneralSecurityException {
        var generator = KeyPairGenerator.getInstance(algorithm);
        if (bits > 0) {
            generator.initialize(bits);
        }
        return generator.generateKeyPair().getPrivate().getEncoded();
    }

    @ParameterizedTest
    @EnumSource(names = {"RSA2048", "ED25519"})
    void rendered_parsesToTheSame_andSigns(KeyKind kind) throws Exception {
        SigningKey key = kind.generate();

        SigningKey read = PemKey.parse(PemKey.render(key), "k.pem");

        assertThat(read.algorithm()).isEqualTo(kind.algorithm());
        assertThat(read.bits()).isEqualTo(key.bits());
        assertThat(read.publicKey().getEncoded()).isEqualTo(key.publicKey().getEncoded());
        assertThat(signs(read)).isTrue();
        assertThat(PemKey.warning(read)).isEmpty();
        assertThat(read.toString()).isEqualTo(kind.algorithm().keyType() + " " + key.bits());
    }

    private static boolean signs(SigningKey key) throws GeneralSecurityException {
        byte[] data = {1, 2, 3};
        var signer = Signature.getInstance(key.algorithm().jcaName());
        signer.initSign(key.privateKey());
        signer.update(data);
        byte[] signature = signer.sign();
        var verifier = Signature.getInstance(key.algorithm().jcaName());
        verifier.initVerify(key.publicKey());
        verifier.update(data);
        return verifier.verify(signature);
    }

    @Test
    void pkcs1_asOpenDkimHasIt_isRead_withCrLfAndComments() throws Exception {
        String text = "a comment\n" + pem("RSA PRIVATE KEY", pkcs1(RSA)) + "trailer\n";

        SigningKey read = PemKey.parse(text.replace("\n", "\r\n"), "k.pem");

        assertThat(read.publicKey().getEncoded()).isEqualTo(RSA.publicKey().getEncoded());
        assertThat(signs(read)).isTrue();
    }

    @Test
    void ed25519_ofRfc8463_hasItsPublicKey() throws IOException {
        byte[] head = {
            0x30, 0x2e, 0x02, 0x01, 0, 0x30, 0x05, 0x06, 0x03, 0x2b, 0x65, 0x70, 4, 0x22, 4, 0x20
        };
        byte[] seed = Base64.getDecoder().decode(RFC_SEED);
        byte[] der = new byte[head.length + seed.length];
        System.arraycopy(head, 0, der, 0, head.length);
        System.arraycopy(seed, 0, der, head.length, seed.length);

        SigningKey read = PemKey.parse(pem("PRIVATE KEY", der), "k.pem");

        assertThat(DnsRecord.of(new KeyName("example.com", "s"), read, DnsRecord.Flags.NONE))
                .extracting(DnsRecord::value)
                .isEqualTo("v=DKIM1; k=ed25519; p=" + RFC_POINT);
    }

    @Test
    void firstPrivateKey_counts_whateverStandsBefore() throws IOException {
        String text = pem("CERTIFICATE", new byte[] {1}) + PemKey.render(ED25519);

        assertThat(PemKey.parse(text, "k.pem").publicKey().getEncoded())
                .isEqualTo(ED25519.publicKey().getEncoded());
    }

    @Test
    void rsa_ofOldSizes_isRefusedOrWarnedAbout() throws Exception {
        SigningKey weak = PemKey.parse(pem("PRIVATE KEY", encoded("RSA", 1_024)), "k.pem");
        assertThat(PemKey.warning(weak)).get().asString().contains("1024 bits is weak", "rotate");

        assertThatThrownBy(() -> PemKey.parse(pem("PRIVATE KEY", encoded("RSA", 768)), "k.pem"))
                .isInstanceOf(IOException.class)
                .hasMessageContaining("k.pem is an RSA key of 768 bits")
                .hasMessageContaining("whimbrel dkim gen");
    }

    @ParameterizedTest
    @CsvSource({"EC, 256, EC", "DSA, 1024, DSA", "RSASSA-PSS, 2048, RSASSA-PSS", "Ed448, 0, Ed448"})
    void otherKinds_areNamed(String algorithm, int bits, String named) throws Exception {
        String text = pem("PRIVATE KEY", encoded(algorithm, bits));
        assertThatThrownBy(() -> PemKey.parse(text, "k.pem"))
                .isInstanceOf(IOException.class)
                .hasMessageStartingWith("k.pem: keys of this kind (" + named + ")");
    }

    @ParameterizedTest
    @CsvSource({
        "ENCRYPTED PRIVATE KEY, openssl pkey",
        "EC PRIVATE KEY, (EC)",
        "DSA PRIVATE KEY, (DSA)",
        "OPENSSH PRIVATE KEY, another kind",
        "PUBLIC KEY, holds a public key",
        "RSA PUBLIC KEY, holds a public key",
        "CERTIFICATE, holds a certificate",
        "PRIVATE KEY, damaged",
        "RSA PRIVATE KEY, damaged",
        "X, holds no private key"
    })
    void otherBlocks_areRefusedWithARemedy(String label, String message) {
        assertThatThrownBy(() -> PemKey.parse(pem(label, new byte[] {1, 2, 3}), "k.pem"))
                .isInstanceOf(IOException.class)
                .hasMessageContaining("k.pem")
                .hasMessageContaining(message);
    }

    @Test
    void passphraseOfOldForm_isNoticed() {
        String text =
                "-----BEGIN RSA PRIVATE KEY-----\nProc-Type: 4,ENCRYPTED\nDEK-Info: AES,00\n\n"
                        + "AAAA\n-----END RSA PRIVATE KEY-----\n";
        assertThatThrownBy(() -> PemKey.parse(text, "k.pem")).hasMessageContaining("encrypted");
    }

    @Test
    void numbersThatDoNotBelongTogether_areDamage_andNothingIsTold() throws IOException {
        byte[] der = pkcs1(RSA);
        der[der.length - 20] ^= 1;
        assertThatThrownBy(() -> PemKey.parse(pem("RSA PRIVATE KEY", der), "k.pem"))
                .isInstanceOf(IOException.class)
                .hasMessageContaining("damaged")
                .hasNoCause();
    }

    @Test
    void textThatIsCutOffOrTooLong_isRefused() {
        String text = PemKey.render(RSA);
        assertThatThrownBy(() -> PemKey.parse(text.substring(0, 500), "k.pem"))
                .hasMessageContaining("cut off");
        assertThatThrownBy(() -> PemKey.parse(" ".repeat(70_000) + text, "k.pem"))
                .hasMessageContaining("longer than");
        assertThatThrownBy(() -> PemKey.parse("", "k.pem")).hasMessageContaining("holds no");
    }

    @FuzzTest(maxDuration = "30s")
    void anyText_isAKeyOrAnError(byte[] bytes) {
        check(new String(bytes, StandardCharsets.ISO_8859_1));
    }

    @Test
    void randomDamage_isAKeyOrAnError() throws IOException {
        long seed = 20261128;
        var random = new Random(seed);
        String[] texts = {
            PemKey.render(RSA), PemKey.render(ED25519), pem("RSA PRIVATE KEY", pkcs1(RSA))
        };
        for (int round = 0; round < 2_000; round++) {
            var text = new StringBuilder(texts[random.nextInt(texts.length)]);
            for (int i = random.nextInt(4); i >= 0; i--) {
                int at = random.nextInt(text.length() + 1);
                switch (random.nextInt(3)) {
                    case 0 -> text.insert(at, (char) random.nextInt(256));
                    case 1 -> text.delete(at, Math.min(text.length(), at + random.nextInt(80)));
                    default -> text.insert(at, "-----BEGIN A\u00e9=:\n", 0, random.nextInt(15));
                }
            }
            try {
                check(text.toString());
            } catch (RuntimeException | AssertionError e) {
                throw new AssertionError("seed " + seed + ", round " + round, e);
            }
        }
    }

    private static void check(String text) {
        try {
            SigningKey key = PemKey.parse(text, "k.pem");
            SigningKey again = PemKey.parse(PemKey.render(key), "k.pem");
            assertThat(again.publicKey().getEncoded()).isEqualTo(key.publicKey().getEncoded());
        } catch (IOException e) {
            assertThat(e.getMessage())
                    .startsWith("k.pem")
                    .doesNotContain("\n")
                    .hasSizeLessThan(300);
        }
    }
}
