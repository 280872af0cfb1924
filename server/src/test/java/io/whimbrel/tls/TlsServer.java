package io.whimbrel.tls;

import java.io.IOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.ServerSocket;
import java.net.Socket;
import java.nio.charset.StandardCharsets;
import java.util.concurrent.BlockingQueue;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.concurrent.TimeUnit;

/// A server that shakes hands, says `220 hello`, echoes what comes (or not), and says goodbye.
/// Reads into much and little room by turns.
final class TlsServer implements AutoCloseable {
    private final ServerTls tls;
    private final boolean isEchoing;
    private final ServerSocket listener;

    /// What came of each connection: its facts, or why it failed.
    private final BlockingQueue<Object> outcomes = new LinkedBlockingQueue<>(1_000);

    TlsServer(ServerTls tls, boolean isEchoing) throws IOException {
        this.tls = tls;
        this.isEchoing = isEchoing;
        this.listener = new ServerSocket(0, 50, InetAddress.getLoopbackAddress());
        Thread.ofVirtual().start(this::accept);
    }

    InetSocketAddress address() {
        return (InetSocketAddress) listener.getLocalSocketAddress();
    }

    TlsFacts facts() throws InterruptedException {
        Object outcome = outcome();
        if (outcome instanceof TlsFacts facts) {
            return facts;
        }
        throw new AssertionError("failed: " + outcome);
    }

    String failure() throws InterruptedException {
        Object outcome = outcome();
        if (outcome instanceof String failure) {
            return failure;
        }
        throw new AssertionError("did not fail: " + outcome);
    }

    private Object outcome() throws InterruptedException {
        Object outcome = outcomes.poll(20, TimeUnit.SECONDS);
        if (outcome == null) {
            throw new AssertionError("no handshake within 20 s");
        }
        return outcome;
    }

    private void accept() {
        try {
            while (!listener.isClosed()) {
                Socket plain = listener.accept();
                plain.setTcpNoDelay(true);
                Thread.ofVirtual().start(() -> serve(plain));
            }
        } catch (IOException _) {
            // The test is over.
        }
    }

    private void serve(Socket plain) {
        boolean isShaken = false;
        try (plain) {
            TlsStream stream = tls.handshake(plain.getInputStream(), plain.getOutputStream());
            TlsFacts facts = stream.facts();
            isShaken = true;
            outcomes.add(facts);
            stream.output().write("220 hello\r\n".getBytes(StandardCharsets.US_ASCII));
            byte[] bytes = new byte[16 << 10];
            int room = 512;
            int count = isEchoing ? stream.input().read(bytes, 0, room) : -1;
            while (count >= 0) {
                stream.output().write(bytes, 0, count);
                room = room == 512 ? bytes.length : 512;
                count = stream.input().read(bytes, 0, room);
            }
            stream.endOutput();
            stream.release();
            plain.shutdownOutput();
            plain.getInputStream().skip(Long.MAX_VALUE);
        } catch (IOException e) {
            if (!isShaken || isEchoing) {
                outcomes.add(String.valueOf(e.getMessage()));
            }
        }
    }

    @Override
    public void close() throws IOException {
        listener.close();
    }
}
