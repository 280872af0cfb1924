import io.whimbrel.dkim.BodyHash;
import io.whimbrel.dkim.Canonical;
import io.whimbrel.dkim.HeaderField;
import io.whimbrel.dkim.HeaderFields;

import java.io.BufferedReader;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.InputStreamReader;
import java.nio.charset.StandardCharsets;
import java.util.Base64;
import java.util.OptionalLong;
import java.util.Random;

/// Reads lines `H base64` and `B base64`; writes the canonical forms that signatures are made of, simple and relaxed: of headers
/// themselves, of bodies their SHA-256. Bodies are written in pieces of any size. Argument: a seed.
final class Forms {
    private Forms() {}

    public static void main(String[] arguments) throws IOException {
        var random = new Random(Long.parseLong(arguments[0]));
        var lines = new BufferedReader(new InputStreamReader(System.in, StandardCharsets.US_ASCII));
        var answers = new StringBuilder();
        for (String line = lines.readLine(); line != null; line = lines.readLine()) {
            byte[] octets = Base64.getDecoder().decode(line.substring(2));
            for (boolean isRelaxed : new boolean[] {false, true}) {
                byte[] form = line.startsWith("H") ? header(octets, isRelaxed) : body(octets, isRelaxed, random);
                answers.append(Base64.getEncoder().encodeToString(form)).append(isRelaxed ? "\n" : " ");
            }
        }
        System.out.print(answers);
    }

    private static byte[] header(byte[] octets, boolean isRelaxed) {
        var form = new ByteArrayOutputStream();
        for (HeaderField field : new HeaderFields(octets, octets.length).all()) {
            Canonical.write(form::write, field, isRelaxed, true);
        }
        return form.toByteArray();
    }

    private static byte[] body(byte[] octets, boolean isRelaxed, Random random) {
        var hash = new BodyHash(isRelaxed);
        BodyHash.Digest digest = hash.digest(OptionalLong.empty());
        int at = 0;
        while (at < octets.length) {
            int length = Math.min(octets.length - at, 1 + random.nextInt(random.nextBoolean() ? 4 : 4_000));
            hash.write(octets, at, length);
            at += length;
        }
        hash.finish();
        return digest.value();
    }
}
