package io.whimbrel.signing;

import static org.assertj.core.api.Assertions.assertThat;

import io.whimbrel.dkim.Bodies;
import io.whimbrel.dkim.BodyHash;
import io.whimbrel.dkim.Canonical;
import io.whimbrel.dkim.HeaderField;
import io.whimbrel.dkim.HeaderFields;
import io.whimbrel.dkim.TagList;
import io.whimbrel.keys.KeyAlgorithm;
import io.whimbrel.keys.PemKey;
import io.whimbrel.keys.SigningKey;

import org.junit.jupiter.api.Test;

import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.security.GeneralSecurityException;
import java.util.ArrayList;
import java.util.Base64;
import java.util.HashMap;
import java.util.HexFormat;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.OptionalLong;
import java.util.concurrent.atomic.AtomicLong;

/// The examples of RFC 6376 (appendix A.2, signed by the key of appendix C) and RFC 8463 (appendix
/// A.3, keys of A.1), byte for byte: canonical forms, body hashes, and signatures made anew.
class RfcExamplesTest {
    private static final String RFC6376_KEY =
            """
            -----BEGIN RSA PRIVATE KEY-----
            MIICXwIBAAKBgQDwIRP/UC3SBsEmGqZ9ZJW3/DkMoGeLnQg1fWn7/zYtIxN2SnFC
            jxOCKG9v3b4jYfcTNh5ijSsq631uBItLa7od+v/RtdC2UzJ1lWT947qR+Rcac2gb
            to/NMqJ0fzfVjH4OuKhitdY9tf6mcwGjaNBcWToIMmPSPDdQPNUYckcQ2QIDAQAB
            AoGBALmn+XwWk7akvkUlqb+dOxyLB9i5VBVfje89Teolwc9YJT36BGN/l4e0l6QX
            /1//6DWUTB3KI6wFcm7TWJcxbS0tcKZX7FsJvUz1SbQnkS54DJck1EZO/BLa5ckJ
            gAYIaqlA9C0ZwM6i58lLlPadX/rtHb7pWzeNcZHjKrjM461ZAkEA+itss2nRlmyO
            n1/5yDyCluST4dQfO8kAB3toSEVc7DeFeDhnC1mZdjASZNvdHS4gbLIA1hUGEF9m
            3hKsGUMMPwJBAPW5v/U+AWTADFCS22t72NUurgzeAbzb1HWMqO4y4+9Hpjk5wvL/
            eVYizyuce3/fGke7aRYw/ADKygMJdW8H/OcCQQDz5OQb4j2QDpPZc0Nc4QlbvMsj
            7p7otWRO5xRa6SzXqqV3+F0VpqvDmshEBkoCydaYwc2o6WQ5EBmExeV8124XAkEA
            qZzGsIxVP+sEVRWZmW6KNFSdVUpk3qzK0Tz/WjQMe5z0UunY9Ax9/4PVhp/j61bf
            eAYXunajbBSOLlx4D+TunwJBANkPI5S9iylsbLs6NkaMHV6k5ioHBBmgCak95JGX
            GMot/L2x0IYyMLAz6oLWh2hm7zwtb0CgOrPo1ke44hFYnfc=
            -----END RSA PRIVATE KEY-----
            """;

    private static final String RFC8463_RSA_KEY =
            """
            -----BEGIN RSA PRIVATE KEY-----
            MIICXQIBAAKBgQDkHlOQoBTzWRiGs5V6NpP3idY6Wk08a5qhdR6wy5bdOKb2jLQi
            Y/J16JYi0Qvx/byYzCNb3W91y3FutACDfzwQ/BC/e/8uBsCR+yz1Lxj+PL6lHvqM
            KrM3rG4hstT5QjvHO9PzoxZyVYLzBfO2EeC3Ip3G+2kryOTIKT+l/K4w3QIDAQAB
            AoGAH0cxOhFZDgzXWhDhnAJDw5s4roOXN4OhjiXa8W7Y3rhX3FJqmJSPuC8N9vQm
            6SVbaLAE4SG5mLMueHlh4KXffEpuLEiNp9Ss3O4YfLiQpbRqE7Tm5SxKjvvQoZZe
            zHorimOaChRL2it47iuWxzxSiRMv4c+j70GiWdxXnxe4UoECQQDzJB/0U58W7RZy
            6enGVj2kWF732CoWFZWzi1FicudrBFoy63QwcowpoCazKtvZGMNlPWnC7x/6o8Gc
            uSe0ga2xAkEA8C7PipPm1/1fTRQvj1o/dDmZp243044ZNyxjg+/OPN0oWCbXIGxy
            WvmZbXriOWoSALJTjExEgraHEgnXssuk7QJBALl5ICsYMu6hMxO73gnfNayNgPxd
            WFV6Z7ULnKyV7HSVYF0hgYOHjeYe9gaMtiJYoo0zGN+L3AAtNP9huqkWlzECQE1a
            licIeVlo1e+qJ6Mgqr0Q7Aa7falZ448ccbSFYEPD6oFxiOl9Y9se9iYHZKKfIcst
            o7DUw1/hz2Ck4N5JrgUCQQCyKveNvjzkkd8HjYs0SwM0fPjK16//5qDZ2UiDGnOe
            uEzxBDAr518Z8VFbR41in3W4Y3yCDgQlLlcETrS+zYcL
            -----END RSA PRIVATE KEY-----
            """;

    private static final String RFC8463_ED25519_SEED =
            "nWGxne/9WmC6hEr0kuwsxERJxWl7MmkZcDusAxyuf2A=";

    /// What stands in front of a seed of 32 bytes in PKCS #8 (RFC 8410 §7).
    private static final String SEED_PREFIX = "302e020100300506032b657004220420";

    private static final String MAIL_OF_JOE =
            """
            From: Joe SixPack <joe@football.example.com>
            To: Suzie Q <suzie@shopping.example.net>
            Subject: Is dinner ready?
            Date: Fri, 11 Jul 2003 21:00:37 -0700 (PDT)
            Message-ID: <20030712040037.46341.5F8J@football.example.com>
            """;

    private static final String RFC6376 =
            """
            DKIM-Signature: v=1; a=rsa-sha256; s=brisbane; d=example.com;
                  c=simple/simple; q=dns/txt; i=joe@football.example.com;
                  h=Received : From : To : Subject : Date : Message-ID;
                  bh=2jUSOH9NhtVGCQWNr9BrIAPreKQjO6Sn7XIkfJVOzv8=;
                  b=AuUoFEfDxTDkHlLXSZEpZj79LICEps6eda7W3deTVFOk4yAUoqOB
                  4nujc7YopdG5dWLSdNg6xNAZpOPr+kHxt1IrE+NahM6L/LbvaHut
                  KVdkLLkpVaVVQPzeRDI009SO2Il5Lu7rDNH6mZckBdrIx0orEtZV
                  4bmp/YzhwvcubU4=;
            Received: from client1.football.example.com  [192.0.2.1]
                  by submitserver.example.com with SUBMISSION;
                  Fri, 11 Jul 2003 21:01:54 -0700 (PDT)
            """
                    + MAIL_OF_JOE
                    + """

                    Hi.

                    We lost the game. Are you hungry yet?

                    Joe.
                    """;

    private static final String RFC8463 =
            """
            DKIM-Signature: v=1; a=ed25519-sha256; c=relaxed/relaxed;
             d=football.example.com; i=@football.example.com;
             q=dns/txt; s=brisbane; t=1528637909; h=from : to :
             subject : date : message-id : from : subject : date;
             bh=2jUSOH9NhtVGCQWNr9BrIAPreKQjO6Sn7XIkfJVOzv8=;
             b=/gCrinpcQOoIfuHNQIbq4pgh9kyIK3AQUdt9OdqQehSwhEIug4D11Bus
             Fa3bT3FY5OsU7ZbnKELq+eXdp1Q1Dw==
            DKIM-Signature: v=1; a=rsa-sha256; c=relaxed/relaxed;
             d=football.example.com; i=@football.example.com;
             q=dns/txt; s=test; t=1528637909; h=from : to : subject :
             date : message-id : from : subject : date;
             bh=2jUSOH9NhtVGCQWNr9BrIAPreKQjO6Sn7XIkfJVOzv8=;
             b=F45dVWDfMbQDGHJFlXUNB2HKfbCeLRyhDXgFpEL8GwpsRe0IeIixNTe3
             DhCVlUrSjV4BwcVcOF6+FF3Zo9Rpo1tFOeS9mPYQTnGdaSGsgeefOsk2Jz
             dA+L10TeYt9BgDfQNZtKdN1WO//KgIqXP7OdEFE4LjFYNcUxZQ4FADY+8=
            """
                    + MAIL_OF_JOE
                    + """

                    Hi.

                    We lost the game.  Are you hungry yet?

                    Joe.
                    """;

    /// One signature of an example, and what it says.
    private record Signed(HeaderFields header, byte[] body, HeaderField field, TagList tags) {
        static Signed of(String lines, int number) {
            String message = lines.replace("\n", "\r\n");
            int end = message.indexOf("\r\n\r\n") + 2;
            byte[] octets = message.getBytes(StandardCharsets.US_ASCII);
            var header = new HeaderFields(octets, end);
            byte[] body = message.substring(end + 2).getBytes(StandardCharsets.US_ASCII);
            HeaderField field = header.named("dkim-signature").get(number);
            return new Signed(header, body, field, TagList.parse(field.value()).orElseThrow());
        }

        boolean isRelaxed() {
            return tags.get("c", "").startsWith("relaxed/");
        }

        String bodyHash() {
            var bodies = new Bodies();
            BodyHash.Digest digest =
                    bodies.digest(tags.get("c", "").endsWith("/relaxed"), OptionalLong.empty());
            bodies.write(body, 0, body.length);
            bodies.finish();
            return Base64.getEncoder().encodeToString(digest.value());
        }

        /// What is signed, in front of hashing: of fields of one name the lowest first (RFC 6376
        /// §5.4.2), and the signature's own without its value.
        byte[] data() {
            var data = new ByteArrayOutputStream();
            Map<String, List<HeaderField>> left = new HashMap<>();
            for (String name : tags.get("h", "").split(":", -1)) {
                List<HeaderField> fields =
                        left.computeIfAbsent(
                                name.strip().toLowerCase(Locale.ROOT),
                                it -> new ArrayList<>(header.named(it)));
                if (!fields.isEmpty()) {
                    Canonical.write(data::write, fields.removeLast(), isRelaxed(), true);
                }
            }
            HeaderField own = Canonical.withoutSignature(field);
            Canonical.write(data::write, own, isRelaxed(), false);
            return data.toByteArray();
        }

        String said(String tag) {
            return TagList.withoutSpaces(tags.get(tag, ""));
        }

        String signedAnew(String pem) throws IOException, GeneralSecurityException {
            SigningKey key = PemKey.parse(pem, "the RFC");
            var ticks = new AtomicLong();
            var signatures =
                    new Signatures(new SigningProviders(() -> ticks.addAndGet(10_000_000)));
            byte[] data =
                    key.algorithm() == KeyAlgorithm.ED25519
                            ? BodyHash.sha256().digest(data())
                            : data();
            assertThat(said("a")).isEqualTo(key.algorithm().tag());
            return Base64.getEncoder().encodeToString(signatures.sign(key, data));
        }
    }

    private static String ed25519Pem() {
        byte[] seed = Base64.getDecoder().decode(RFC8463_ED25519_SEED);
        byte[] info = HexFormat.of().parseHex(SEED_PREFIX + HexFormat.of().formatHex(seed));
        return "-----BEGIN PRIVATE KEY-----\n"
                + Base64.getEncoder().encodeToString(info)
                + "\n-----END PRIVATE KEY-----\n";
    }

    private static String text(byte[] data) {
        return new String(data, StandardCharsets.US_ASCII);
    }

    @Test
    void rfc6376_appendixA2_hasTheSameHashes_andTheSameSignature()
            throws IOException, GeneralSecurityException {
        Signed example = Signed.of(RFC6376, 0);
        assertThat(example.bodyHash()).isEqualTo(example.said("bh"));
        String own = RFC6376.substring(0, RFC6376.indexOf("b=AuUo") + 2) + ";";
        int received = RFC6376.indexOf("Received: from");
        String fields = RFC6376.substring(received, RFC6376.indexOf("\n\n") + 1);
        assertThat(text(example.data())).isEqualTo((fields + own).replace("\n", "\r\n"));
        assertThat(example.signedAnew(RFC6376_KEY)).isEqualTo(example.said("b"));
    }

    @Test
    void rfc8463_appendixA3_ed25519_hasTheSameHashes_andTheSameSignature()
            throws IOException, GeneralSecurityException {
        Signed example = Signed.of(RFC8463, 0);
        assertThat(example.bodyHash()).isEqualTo(example.said("bh"));
        assertThat(text(example.data()))
                .isEqualTo(
                        relaxedMail()
                                + "dkim-signature:v=1; a=ed25519-sha256; c=relaxed/relaxed;"
                                + " d=football.example.com; i=@football.example.com; q=dns/txt;"
                                + " s=brisbane; t=1528637909; h=from : to : subject : date :"
                                + " message-id : from : subject : date;"
                                + " bh=2jUSOH9NhtVGCQWNr9BrIAPreKQjO6Sn7XIkfJVOzv8=; b=");
        assertThat(example.signedAnew(ed25519Pem())).isEqualTo(example.said("b"));
    }

    @Test
    void rfc8463_appendixA3_rsa_hasTheSameHashes_andTheSameSignature()
            throws IOException, GeneralSecurityException {
        Signed example = Signed.of(RFC8463, 1);
        assertThat(example.bodyHash()).isEqualTo(example.said("bh"));
        assertThat(text(example.data())).startsWith(relaxedMail() + "dkim-signature:v=1; a=rsa");
        assertThat(example.signedAnew(RFC8463_RSA_KEY)).isEqualTo(example.said("b"));
    }

    private static String relaxedMail() {
        return MAIL_OF_JOE
                .replace("From: ", "from:")
                .replace("To: ", "to:")
                .replace("Subject: ", "subject:")
                .replace("Date: ", "date:")
                .replace("Message-ID: ", "message-id:")
                .replace("\n", "\r\n");
    }
}
