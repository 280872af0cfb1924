package io.whimbrel.verification;

import static org.assertj.core.api.Assertions.assertThat;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import io.whimbrel.dkim.DkimResult;

import org.junit.jupiter.api.Test;

import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.security.KeyPairGenerator;
import java.security.NoSuchAlgorithmException;
import java.time.Instant;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Base64;
import java.util.List;
import java.util.Random;

/// Random messages that dkimpy signs. Skipped where Debian's python3-dkim is not there.
class DkimpyTest {
    private static final Path PYTHON = Path.of("/usr/bin/python3");

    /// Beyond any time of signing; none of the signatures expires.
    private static final Instant FAR = Instant.ofEpochSecond(4_000_000_000L);

    /// Takes a private key in PEM and a seed; prints messages in base64, one a line, and in front
    /// of each the length of the body that is signed, or `-`.
    private static final String SCRIPT =
            """
            import base64, random, sys
            try:
                import dkim, nacl
            except ImportError:
                print('missing'); sys.exit(0)
            pem = sys.stdin.buffer.read()
            r = random.Random(int(sys.argv[1]))
            seed = bytes(range(32))
            import nacl.signing
            public = nacl.signing.SigningKey(seed).verify_key.encode()
            print(base64.b64encode(public).decode())
            def line(n):
                return ''.join(r.choice('abcXYZ019 \\t.,=;:-') for _ in range(r.randint(0, n)))
            for i in range(120):
                body = ''.join(line(90) + '\\r\\n' for _ in range(r.randint(0, 30)))
                body += '\\r\\n' * r.choice([0, 0, 1, 3])
                if r.random() < 0.1:
                    body += 'no line end'
                fields = ['From: Someone <a@example.com>', 'To: b@example.net',
                          'Subject: x' + line(60) + '\\r\\n\\t y' + line(20),
                          'X-Twice:  1 ' + line(10), 'X-Twice: 2', 'Date: now']
                r.shuffle(fields)
                message = ('\\r\\n'.join(fields) + '\\r\\n\\r\\n' + body).encode()
                c = (r.choice([b'simple', b'relaxed']), r.choice([b'simple', b'relaxed']))
                include = r.choice([None, [b'from', b'to', b'subject', b'x-twice', b'date',
                    b'x-twice', b'x-twice', b'from', b'x-absent']])
                length = r.random() < 0.2
                ed = r.random() < 0.3
                d = dkim.DKIM(message, signature_algorithm=b'ed25519-sha256' if ed
                    else b'rsa-sha256')
                key = base64.b64encode(seed) if ed else pem
                sig = d.sign(b'ed' if ed else b'rsa', b'example.com', key, canonicalize=c,
                    include_headers=include, length=length)
                print(('l' if length else '-') + ' ' + base64.b64encode(sig + message).decode())
            """;

    @Test
    void signedByDkimpy_passes_andFailsWithOneByteChanged()
            throws IOException, InterruptedException, NoSuchAlgorithmException {
        assumeTrue(Files.exists(PYTHON), "no " + PYTHON);
        long seed = 20261127;
        var generator = KeyPairGenerator.getInstance("RSA");
        generator.initialize(2_048);
        var pair = generator.generateKeyPair();
        List<String> lines = run(seed, pair.getPrivate().getEncoded());
        assumeTrue(!lines.getFirst().equals("missing"), "no python3-dkim");
        var zone =
                new ZoneLookups()
                        .withText(
                                "ed._domainkey.example.com",
                                "v=DKIM1; k=ed25519; p=" + lines.getFirst())
                        .withText(
                                "rsa._domainkey.example.com",
                                "v=DKIM1; k=rsa; p=" + base64(pair.getPublic().getEncoded()));
        var random = new Random(seed);
        assertThat(lines).hasSize(121);
        for (String line : lines.subList(1, lines.size())) {
            byte[] message = Base64.getDecoder().decode(line.substring(2));
            String shown = new String(message, StandardCharsets.ISO_8859_1);
            assertThat(result(zone, message)).as(shown).isEqualTo(DkimResult.PASS);

            byte[] changed = changed(message, random);
            assertThat(result(zone, changed))
                    .as("changed: %s", new String(changed, StandardCharsets.ISO_8859_1))
                    .isNotEqualTo(DkimResult.PASS);
        }
    }

    private static DkimResult result(ZoneLookups zone, byte[] message) {
        return Checked.dkim(zone, message, FAR).getFirst().result();
    }

    /// With another letter in a signed value, or in the body where there is one.
    private static byte[] changed(byte[] message, Random random) {
        String text = new String(message, StandardCharsets.ISO_8859_1);
        List<Integer> letters = new ArrayList<>();
        int body = text.indexOf("\r\n\r\n") + 4;
        for (int i = body; i < message.length; i++) {
            if (Character.isLetterOrDigit(message[i])) {
                letters.add(i);
            }
        }
        int subject = text.indexOf("Subject: x") + 9;
        boolean isInHeader = letters.isEmpty() || random.nextBoolean();
        int at = isInHeader ? subject : letters.get(random.nextInt(letters.size()));
        byte[] changed = Arrays.copyOf(message, message.length);
        changed[at] = (byte) (changed[at] == 'q' ? 'r' : 'q');
        return changed;
    }

    private static List<String> run(long seed, byte[] privateKey)
            throws IOException, InterruptedException {
        String pem =
                "-----BEGIN PRIVATE KEY-----\n"
                        + Base64.getMimeEncoder(64, new byte[] {'\n'}).encodeToString(privateKey)
                        + "\n-----END PRIVATE KEY-----\n";
        Process process =
                new ProcessBuilder(PYTHON.toString(), "-c", SCRIPT, Long.toString(seed))
                        .redirectError(ProcessBuilder.Redirect.INHERIT)
                        .start();
        try (var out = process.getOutputStream()) {
            out.write(pem.getBytes(StandardCharsets.US_ASCII));
        }
        List<String> lines =
                new String(process.getInputStream().readAllBytes(), StandardCharsets.US_ASCII)
                        .lines()
                        .toList();
        assertThat(process.waitFor()).isZero();
        return lines;
    }

    private static String base64(byte[] bytes) {
        return Base64.getEncoder().encodeToString(bytes);
    }
}
