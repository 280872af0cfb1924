package io.whimbrel.tls;

import static org.assertj.core.api.Assertions.assertThat;

import com.code_intelligence.jazzer.junit.FuzzTest;

import org.junit.jupiter.api.Test;

import java.util.Arrays;
import java.util.Random;

class ClientHelloTest {
    @Test
    void wordsOfAClient_areUnderstood() {
        byte[] record = TlsClients.hello("MX.example.com", "TLSv1.3", "TLSv1.2");
        assertThat(ClientHello.recordLength(record, 0)).isEqualTo(record.length);
        ClientHello hello = ClientHello.parse(record, 0, record.length);
        assertThat(hello.serverName()).contains("mx.example.com");
        assertThat(hello.kinds()).contains(KeyKind.EC, KeyKind.RSA);
    }

    @Test
    void cipherSuitesOf12_limitTheKinds() {
        byte[] record = TlsClients.hello("mx.example.com", "TLSv1.2");
        assertThat(ClientHello.parse(record, 0, record.length).kinds())
                .contains(KeyKind.EC, KeyKind.RSA);
        // 0xc02b, 0xc02c, 0xcca9: ECDSA.
        for (int i = 0; i + 1 < record.length; i++) {
            int suite = (record[i] & 0xff) << 8 | (record[i + 1] & 0xff);
            if (i > 43 && i < 120 && (suite == 0xc02b || suite == 0xc02c || suite == 0xcca9)) {
                record[i + 1] = 0;
            }
        }
        assertThat(ClientHello.parse(record, 0, record.length).kinds())
                .containsExactly(KeyKind.RSA);
    }

    @Test
    void everyPartOfIt_isAnAnswer() {
        byte[] record = TlsClients.hello("mx.example.com", "TLSv1.3", "TLSv1.2");
        var random = new Random(11);
        for (int length = ClientHello.RECORD_HEADER; length < record.length; length++) {
            assertThat(ClientHello.parse(record, 0, length).kinds()).isNotNull();
            byte[] damaged = record.clone();
            damaged[length] = (byte) random.nextInt();
            check(damaged);
        }
    }

    @FuzzTest(maxDuration = "30s")
    void anyBytes_haveAnAnswer(byte[] bytes) {
        if (bytes.length >= ClientHello.RECORD_HEADER) {
            check(bytes);
            byte[] asHello = Arrays.copyOf(bytes, Math.max(bytes.length, 6));
            asHello[0] = 22;
            asHello[5] = 1;
            check(asHello);
        }
    }

    private static void check(byte[] bytes) {
        assertThat(ClientHello.recordLength(bytes, 0)).isBetween(0, 65_540);
        ClientHello hello = ClientHello.parse(bytes, 0, bytes.length);
        assertThat(hello.serverName().orElse("x")).matches("[!-~&&[^A-Z]]{1,255}");
    }
}
