package io.whimbrel.verification;

import static org.assertj.core.api.Assertions.assertThat;

import com.code_intelligence.jazzer.junit.FuzzTest;

import io.whimbrel.verification.SpfVerdict.SpfResult;

import org.junit.jupiter.api.Test;

import java.net.InetAddress;
import java.nio.charset.StandardCharsets;
import java.time.Instant;
import java.util.Random;

/// Policies and names of strangers.
class SpfFuzzTest {
    private static final String[] PIECES = {
        "v=spf1",
        " ",
        "a",
        "mx",
        "ptr",
        "include",
        "exists",
        "ip4",
        "ip6",
        "all",
        "redirect",
        "exp",
        ":",
        "/",
        "//",
        "=",
        "%{",
        "}",
        "%",
        "%%",
        "%_",
        "%-",
        "d",
        "i",
        "l1r-",
        "s",
        "p",
        "H",
        "t",
        "24",
        "0",
        "129",
        "-",
        "+",
        "~",
        "?",
        ".",
        "example.com",
        "192.0.2.1",
        "2001:db8::1",
        "::",
        "\u00e9",
        "\t",
        "@",
        "12345678901"
    };

    @FuzzTest(maxDuration = "30s")
    void policy_neverThrows(byte[] bytes) {
        check(new String(bytes, StandardCharsets.ISO_8859_1));
    }

    @Test
    void policy_ofRandomPieces_neverThrows() {
        long seed = 20261127;
        var random = new Random(seed);
        for (int round = 0; round < 30_000; round++) {
            var text = new StringBuilder("v=spf1 ");
            for (int i = random.nextInt(12); i >= 0; i--) {
                text.append(PIECES[random.nextInt(PIECES.length)]);
            }
            try {
                check(text.toString());
            } catch (RuntimeException | AssertionError e) {
                throw new AssertionError("seed " + seed + ", policy " + text, e);
            }
        }
    }

    @Test
    void policy_ofManyMacros_asksLittleAndStaysSmall() {
        var zone = new ZoneLookups();
        String macros = "%{s}.%{l}.%{o}.%{d}.%{i}.%{h}.".repeat(2_000);
        zone.withText("example.com", "v=spf1 " + ("exists:" + macros + "example.com ").repeat(20));
        var client = SpfClient.of(InetAddress.ofLiteral("192.0.2.1"), "h", "a@example.com");

        SpfVerdict verdict = SpfCheck.run(zone, client, "mx.example", () -> Instant.EPOCH);

        assertThat(verdict.result()).isEqualTo(SpfResult.PERMERROR);
        assertThat(zone.questions()).isLessThan(15);
    }

    private static void check(String text) {
        var zone = new ZoneLookups().withText("example.com", text).withText("exp.example", text);
        zone.with("192.0.2.1", "A", "192.0.2.1");
        String local = text.substring(0, Math.min(64, text.length()));
        for (String address : new String[] {"192.0.2.1", "2001:db8::1"}) {
            var client =
                    SpfClient.of(InetAddress.ofLiteral(address), local, local + "@example.com");
            SpfVerdict verdict = SpfCheck.run(zone, client, "mx.example", () -> Instant.EPOCH);
            assertThat(verdict.explanation()).hasSizeLessThanOrEqualTo(512);
            for (int i = 0; i < verdict.explanation().length(); i++) {
                assertThat(verdict.explanation().charAt(i)).isBetween(' ', '~');
            }
        }
    }
}
