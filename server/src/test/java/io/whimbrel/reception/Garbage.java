package io.whimbrel.reception;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.net.SocketException;

/// Sends bytes that are no conversation, and waits for the server to end it.
final class Garbage {

    private Garbage() {}

    static void send(TestReception reception, byte[] bytes) throws IOException {
        try (var talk = reception.connect()) {
            try {
                talk.send(bytes);
                talk.shutdownOutput();
                String last = "";
                while (!last.endsWith("<closed>")) {
                    last = talk.readReply().getLast();
                }
            } catch (SocketException _) {
                // It was broken off while we were still sending.
            }
        }
        assertThat(reception.metrics.bugs.get()).isZero();
    }
}
