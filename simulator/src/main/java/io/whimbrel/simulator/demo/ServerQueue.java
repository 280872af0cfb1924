package io.whimbrel.simulator.demo;

import tools.jackson.core.JacksonException;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.json.JsonMapper;

import java.io.IOException;
import java.net.UnixDomainSocketAddress;
import java.nio.ByteBuffer;
import java.nio.channels.Channels;
import java.nio.channels.SocketChannel;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;

/// Asks a running server how much is queued, over its admin socket (docs/admin-socket.md).
/// Stateless.
final class ServerQueue {
    private static final int ANSWER_MAX = 4 << 20;
    private static final String QUESTION = "{\"verb\":\"queue-summary\"}\n";

    private ServerQueue() {}

    /// Recipients in the queue of the server whose data folder is `data`.
    ///
    /// @throws IOException where nobody answers, or not with a number
    static long recipients(Path data) throws IOException {
        Path socket = data.resolve("admin.sock");
        try (var channel = SocketChannel.open(UnixDomainSocketAddress.of(socket))) {
            var question = ByteBuffer.wrap(QUESTION.getBytes(StandardCharsets.US_ASCII));
            while (question.hasRemaining()) {
                channel.write(question);
            }
            byte[] answer = Channels.newInputStream(channel).readNBytes(ANSWER_MAX);
            String text = new String(answer, StandardCharsets.UTF_8);
            return recipients(text.lines().findFirst().orElse(""));
        }
    }

    private static long recipients(String line) throws IOException {
        try {
            JsonNode recipients = JsonMapper.shared().readTree(line).path("recipients");
            if (recipients.isIntegralNumber()) {
                return recipients.asLong();
            }
        } catch (JacksonException e) {
            throw new IOException("not JSON, from the admin socket: " + line, e);
        }
        throw new IOException("no number of recipients, from the admin socket: " + line);
    }
}
