package io.whimbrel.keys;

import static org.assertj.core.api.Assertions.assertThat;

import com.code_intelligence.jazzer.junit.FuzzTest;

import org.junit.jupiter.api.Test;

import java.nio.charset.StandardCharsets;
import java.util.Random;

class VaultAnswerTest {
    private static final KeyPlace.Vault PLACE = new KeyPlace.Vault("secret", "dkim/s1", "key");
    private static final int ROUNDS = 20_000;
    private static final int[] STATUSES = {200, 204, 307, 400, 403, 404, 412, 429, 473, 500, 503};

    private static final String WHOLE =
            "{\"data\":{\"data\":{\"key\":\"-----BEGIN\"},\"metadata\":{\"deletion_time\":\"\","
                    + "\"destroyed\":false,\"version\":2}},\"errors\":[\"no\"]}";

    private static VaultAnswer read(int status, String body) {
        return VaultAnswer.read(PLACE, status, body.getBytes(StandardCharsets.UTF_8));
    }

    @Test
    void secret_isFound() {
        assertThat(read(200, WHOLE)).isEqualTo(new VaultAnswer.Found("-----BEGIN"));
        assertThat(read(200, WHOLE).toString()).doesNotContain("BEGIN");
    }

    @Test
    void secretWithoutTheField_isGone_withTheRemedy() {
        assertThat(read(200, WHOLE.replace("\"key\"", "\"pem\"")))
                .isEqualTo(
                        new VaultAnswer.Gone(
                                "the secret has no field \"key\"; add it: vault kv patch"
                                        + " -mount=secret dkim/s1 key=@key.pem"));
        assertThat(read(200, WHOLE.replace("\"-----BEGIN\"", "7")))
                .isEqualTo(new VaultAnswer.Gone("field \"key\" holds no text"));
    }

    @Test
    void engineOfVersion1_isTold() {
        assertThat(read(200, "{\"data\":{\"key\":\"-----BEGIN\"}}"))
                .isEqualTo(
                        new VaultAnswer.Failed(
                                "engine secret is no KV of version 2; run: vault kv"
                                        + " enable-versioning secret"));
    }

    @Test
    void destroyedVersion_isGone() {
        assertThat(read(404, WHOLE.replace("false", "true")))
                .isEqualTo(
                        new VaultAnswer.Gone(
                                "version 2 is destroyed; write a new one: vault kv put"));
    }

    @Test
    void whatItSays_isPrintable_andShort() {
        VaultAnswer answer = read(500, "{\"errors\":[\"a\\u001b[31m" + "b".repeat(5_000) + "\"]}");
        assertThat(answer).isInstanceOf(VaultAnswer.Failed.class);
        assertThat(((VaultAnswer.Failed) answer).reason())
                .startsWith("HTTP 500: a [31m")
                .hasSizeLessThan(300);
    }

    @Test
    void pathWithData_isHintedAt() {
        var place = new KeyPlace.Vault("secret", "data/dkim", "key");
        VaultAnswer answer = VaultAnswer.read(place, 404, new byte[0]);
        assertThat(answer.toString()).contains("the path is written without data/");
    }

    @Test
    void damagedAnswers_neverThrow() {
        long seed = new Random().nextLong();
        var random = new Random(seed);
        for (int i = 0; i < ROUNDS; i++) {
            var text = new StringBuilder(WHOLE);
            for (int n = random.nextInt(4); n >= 0; n--) {
                int at = random.nextInt(text.length());
                int end = Math.min(text.length(), at + random.nextInt(20));
                text.replace(at, end, random.nextBoolean() ? "" : "null");
                if (text.isEmpty()) {
                    text.append(' ');
                }
            }
            assertThat(read(STATUSES[random.nextInt(STATUSES.length)], text.toString()))
                    .as("seed %d", seed)
                    .isNotNull();
        }
    }

    @FuzzTest(maxDuration = "30s")
    void anyBytes_giveAnAnswer(byte[] bytes) {
        for (int status : STATUSES) {
            assertThat(VaultAnswer.read(PLACE, status, bytes)).isNotNull();
        }
    }
}
