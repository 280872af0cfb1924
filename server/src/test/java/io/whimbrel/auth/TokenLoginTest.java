package io.whimbrel.auth;

import static io.whimbrel.auth.LoginDesk.client;
import static io.whimbrel.auth.LoginDesk.line;
import static io.whimbrel.auth.LoginDesk.text;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import static java.nio.charset.StandardCharsets.UTF_8;

import com.code_intelligence.jazzer.junit.FuzzTest;

import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.security.GeneralSecurityException;
import java.security.KeyPair;
import java.security.KeyPairGenerator;
import java.security.Signature;
import java.security.interfaces.RSAPublicKey;
import java.time.Duration;
import java.util.Base64;
import java.util.List;
import java.util.Optional;

import javax.crypto.Mac;
import javax.crypto.spec.SecretKeySpec;

/// OAUTHBEARER and XOAUTH2. Tokens are made by the JDK alone, not by the library that reads them.
@Timeout(120)
final class TokenLoginTest {
    private static final AuthClient CLIENT = client("192.0.2.7");
    private static final Base64.Encoder URL = Base64.getUrlEncoder().withoutPadding();
    private static final KeyPair RSA = pair("RSA", 2_048);
    private static final KeyPair OTHER = pair("RSA", 2_048);
    private static final KeyPair EC = pair("EC", 256);
    private static final long NOW = DrivenClock.START.getEpochSecond();
    private static final String CLAIMS =
            "{\"iss\":\"https://id.example.com\",\"aud\":[\"x\",\"mail\"],\"sub\":\"shop\","
                    + "\"tenant\":\"t1\",\"exp\":"
                    + (NOW + 600)
                    + "}";
    private static final String RS256 = "{\"alg\":\"RS256\"}";

    private final Path keys;
    private final LoginDesk desk;

    TokenLoginTest(@TempDir Path folder) throws IOException {
        keys = folder.resolve("keys");
        Files.writeString(keys, pem(RSA) + "# and another\n" + pem(EC));
        var oauth =
                new AuthSettings.Oauth(
                        "https://id.example.com", "mail", keys, "sub", Optional.of("tenant"));
        var patient =
                new AuthSettings.Lockout(10_000, Duration.ofMinutes(1), Duration.ofMinutes(1));
        desk = new LoginDesk(folder, patient, Optional.of(oauth));
    }

    private static KeyPair pair(String algorithm, int bits) {
        try {
            var generator = KeyPairGenerator.getInstance(algorithm);
            generator.initialize(bits);
            return generator.generateKeyPair();
        } catch (GeneralSecurityException e) {
            throw new IllegalStateException(e);
        }
    }

    private static String pem(KeyPair pair) {
        return "-----BEGIN PUBLIC KEY-----\n"
                + Base64.getMimeEncoder().encodeToString(pair.getPublic().getEncoded())
                + "\n-----END PUBLIC KEY-----\n";
    }

    private static String token(String header, String claims, KeyPair pair, String algorithm) {
        String signed = url(header) + "." + url(claims);
        try {
            var signature = Signature.getInstance(algorithm);
            signature.initSign(pair.getPrivate());
            signature.update(signed.getBytes(UTF_8));
            return signed + "." + URL.encodeToString(signature.sign());
        } catch (GeneralSecurityException e) {
            throw new IllegalStateException(e);
        }
    }

    private static String token(String claims) {
        return token(RS256, claims, RSA, "SHA256withRSA");
    }

    private static String url(String text) {
        return URL.encodeToString(text.getBytes(UTF_8));
    }

    private SaslStep bearer(String user, String token) {
        String message = "n,a=" + user + ",\1host=mx\1port=587\1auth=Bearer " + token + "\1\1";
        return desk.authenticator
                .begin("OAUTHBEARER", CLIENT)
                .start(Optional.of(SaslText.encode(message)));
    }

    private void assertRefused(String token) {
        assertThat(text(bearer("shop", token))).startsWith("{\"status\":\"invalid_token\"");
    }

    @Test
    void goodToken_isGranted_asItsUserAndTenant_untilItExpires() {
        SaslStep step = bearer("shop", token(CLAIMS));

        assertThat(line(step)).isEqualTo("235 2.7.0 Authentication succeeded");
        var granted = (SaslStep.Granted) step;
        assertThat(granted.identity()).isEqualTo(new Identity("shop", "t1", "OAUTHBEARER", false));
        assertThat(granted.standing().getAsBoolean()).isTrue();
        desk.clock.advance(Duration.ofSeconds(661));
        assertThat(granted.standing().getAsBoolean()).isFalse();
    }

    @Test
    void otherSignatures_andTypes_areGood() {
        String pss = "{\"alg\":\"RS512\",\"typ\":\"at+JWT\",\"kid\":\"a\"}";
        String es = "{\"alg\":\"ES256\",\"typ\":\"JWT\"}";

        assertThat(line(bearer("shop", token(pss, CLAIMS, RSA, "SHA512withRSA"))))
                .startsWith("235 ");
        assertThat(line(bearer("shop", token(es, CLAIMS, EC, "SHA256withECDSAinP1363Format"))))
                .startsWith("235 ");
    }

    @Test
    void xoauth2_takesTheSameToken() {
        String message = "user=shop\1auth=Bearer " + token(CLAIMS) + "\1\1";
        SaslStep step =
                desk.authenticator
                        .begin("XOAUTH2", CLIENT)
                        .start(Optional.of(SaslText.encode(message)));

        assertThat(line(step)).startsWith("235 ");
    }

    @Test
    void jwks_isReadToo_andKeysAreChosenByTheirName() throws IOException {
        Files.writeString(
                keys,
                "{\"keys\":["
                        + jwk(OTHER, "old")
                        + ","
                        + jwk(RSA, "new")
                        + ",{\"kty\":\"oct\","
                        + "\"k\":\"c2VjcmV0c2VjcmV0c2VjcmV0c2VjcmV0c2VjcmV0\"}]}");

        String named = "{\"alg\":\"RS256\",\"kid\":\"new\"}";
        assertThat(line(bearer("shop", token(named, CLAIMS, RSA, "SHA256withRSA"))))
                .startsWith("235 ");
        assertThat(line(bearer("shop", token(CLAIMS)))).as("without a name").startsWith("235 ");
        String wrong = "{\"alg\":\"RS256\",\"kid\":\"old\"}";
        assertRefused(token(wrong, CLAIMS, RSA, "SHA256withRSA"));
    }

    private static String jwk(KeyPair pair, String name) {
        var key = (RSAPublicKey) pair.getPublic();
        return "{\"kty\":\"RSA\",\"use\":\"sig\",\"kid\":\""
                + name
                + "\",\"n\":\""
                + URL.encodeToString(unsigned(key.getModulus().toByteArray()))
                + "\",\"e\":\""
                + URL.encodeToString(key.getPublicExponent().toByteArray())
                + "\"}";
    }

    private static byte[] unsigned(byte[] number) {
        return number[0] == 0 ? java.util.Arrays.copyOfRange(number, 1, number.length) : number;
    }

    @Test
    void tokenOfAnotherKey_orNone_orByThePublicKeyAsASecret_isRefused() throws Exception {
        assertRefused(token(RS256, CLAIMS, OTHER, "SHA256withRSA"));
        assertRefused(url("{\"alg\":\"none\"}") + "." + url(CLAIMS) + ".");
        String good = token(CLAIMS);
        assertRefused(good.substring(0, good.length() - 8) + "AAAAAAAA");
        String[] parts = good.split("\\.", -1);
        String changed = CLAIMS.replace("\"t1\"", "\"t2\"");
        assertRefused(parts[0] + "." + url(changed) + "." + parts[2]);

        String signed = url("{\"alg\":\"HS256\"}") + "." + url(CLAIMS);
        for (byte[] secret :
                List.of(RSA.getPublic().getEncoded(), pem(RSA).strip().getBytes(UTF_8))) {
            Mac mac = Mac.getInstance("HmacSHA256");
            mac.init(new SecretKeySpec(secret, "HmacSHA256"));
            assertRefused(signed + "." + URL.encodeToString(mac.doFinal(signed.getBytes(UTF_8))));
        }
    }

    @Test
    void claims_areAllDemanded() {
        assertRefused(token(CLAIMS.replace("https://id.example.com", "https://id.example.net")));
        assertRefused(token(CLAIMS.replace("\"mail\"", "\"web\"")));
        assertRefused(token(CLAIMS.replace("\"sub\":\"shop\"", "\"sub\":\"other\"")));
        assertRefused(token(CLAIMS.replace("\"sub\":\"shop\"", "\"sub\":7")));
        assertRefused(token(CLAIMS.replace("\"tenant\"", "\"team\"")));
        assertRefused(token(CLAIMS.replace("\"t1\"", "\"t 1\"")));
        assertRefused(token(CLAIMS.replace("\"exp\"", "\"expires\"")));
        assertRefused(token(CLAIMS.replace("\"exp\":", "\"nbf\":" + (NOW + 61) + ",\"exp\":")));
        assertRefused(
                token("{\"typ\":\"logout+jwt\",\"alg\":\"RS256\"}", CLAIMS, RSA, "SHA256withRSA"));
        assertRefused(
                token(
                        "{\"crit\":[\"x\"],\"x\":1,\"alg\":\"RS256\"}",
                        CLAIMS,
                        RSA,
                        "SHA256withRSA"));
        assertRefused("");
        assertRefused("vF9dft4qmTc2Nvb3RlckBhbHRhdmlzdGEuY29tCg==");
    }

    @Test
    void expiry_hasALeewayOfAMinute() {
        desk.clock.advance(Duration.ofSeconds(659));
        assertThat(line(bearer("shop", token(CLAIMS)))).startsWith("235 ");
        desk.clock.advance(Duration.ofSeconds(1));
        assertRefused(token(CLAIMS));
    }

    /// The dialogue of RFC 7628 §4.3, with its token.
    @Test
    void badToken_isTold_thenRefused() {
        SaslExchange exchange = desk.authenticator.begin("OAUTHBEARER", CLIENT);
        SaslStep told =
                exchange.start(
                        Optional.of(
                                "bixhPXVzZXJAZXhhbXBsZS5jb20sAWhvc3Q9c2VydmVyLmV4YW1wbGUuY29tAX"
                                        + "BvcnQ9MTQzAWF1dGg9QmVhcmVyIHZGOWRmdDRxbVRjMk52YjNSbGNr"
                                        + "QmhiSFJoZG1semRHRXVZMjl0Q2c9PQEB"));

        assertThat(text(told))
                .isEqualTo(
                        "{\"status\":\"invalid_token\",\"openid-configuration\":"
                                + "\"https://id.example.com/.well-known/openid-configuration\"}");
        assertThat(line(exchange.next("AQ=="))).startsWith("535 5.7.8 ");
        assertThat(desk.metrics.failures("OAUTHBEARER", "token")).isEqualTo(1);
    }

    /// RFC 7628 §4.1: what the message says.
    @Test
    void messageOfRfc7628_isRead() {
        String message =
                "n,a=user@example.com,\1host=server.example.com\1port=143\1"
                        + "auth=Bearer vF9dft4qmTc2Nvb3RlckBhbHRhdmlzdGEuY29tCg==\1\1";

        assertThat(new BearerDialogue(true).receive(message))
                .isEqualTo(
                        new Turn.Token(
                                Optional.of("user@example.com"),
                                "vF9dft4qmTc2Nvb3RlckBhbHRhdmlzdGEuY29tCg=="));
        assertThat(new BearerDialogue(true).receive("n,,\1auth=Bearer x\1\1"))
                .isEqualTo(new Turn.Token(Optional.empty(), "x"));
        for (String bad :
                List.of("", "\1\1", "n,\1\1", "p=x,,\1\1", "n,a=,x,\1\1", "n,,\1auth=Bearer x\1")) {
            assertThat(new BearerDialogue(true).receive(bad)).isInstanceOf(Turn.Malformed.class);
        }
    }

    @Test
    void keysThatCannotBeUsed_are454() throws IOException {
        Files.writeString(keys, "no keys");
        assertThat(line(bearer("shop", token(CLAIMS)))).startsWith("454 4.7.0 ");
        Files.writeString(keys, pem(RSA));
        assertThat(line(bearer("shop", token(CLAIMS)))).startsWith("235 ");
    }

    @Test
    void keyFiles_thatHoldNoGoodKey_areRefusedWithTheRemedy() {
        for (String text :
                List.of(
                        "",
                        "{",
                        "{\"keys\":[]}",
                        pem(pair("RSA", 1_024)),
                        pem(pair("DSA", 1_024)))) {
            assertThatThrownBy(() -> TokenKeys.parse(keys, text.getBytes(UTF_8)))
                    .isInstanceOf(IOException.class)
                    .hasMessageStartingWith(keys + ": ")
                    .hasMessageContaining(";");
        }
    }

    @FuzzTest(maxDuration = "30s")
    void anyToken_isGoodOrBad(byte[] bytes) {
        String text = new String(bytes, UTF_8);
        bearer("shop", text);
        bearer("shop", token(text.isEmpty() ? "{}" : text));
    }
}
