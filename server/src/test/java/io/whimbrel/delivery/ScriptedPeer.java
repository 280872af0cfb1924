package io.whimbrel.delivery;

import io.whimbrel.routing.HostAddress;

import java.io.BufferedInputStream;
import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.ServerSocket;
import java.net.Socket;
import java.nio.charset.StandardCharsets;
import java.security.NoSuchAlgorithmException;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Queue;
import java.util.concurrent.ConcurrentLinkedQueue;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.function.BooleanSupplier;

import javax.net.ssl.ExtendedSSLSession;
import javax.net.ssl.SNIHostName;
import javax.net.ssl.SNIServerName;
import javax.net.ssl.SSLContext;
import javax.net.ssl.SSLSocket;

/// A host on loopback that says what its script says, one script for each connection in turn; the
/// last one for all that follow. Lines of a script:
///
/// ```
/// S: 250 text     say this line
/// C: MAIL FROM    read a line, which must begin so
/// D:              read a text up to its dot, undone of dots, and keep it
/// X:              close the connection;      XRST: reset it
/// WAIT:           say nothing until the client goes
/// DRIP: text      say it byte by byte, ten in a second, without end of line, for ever
/// RAW: 250 a~     say this, line ends only where there is a ~
/// TLS:            shake hands;               FLOOD: n   say n bytes without a line end
/// TLSASK:         shake hands, and want a certificate of the client
/// SERVE:          from here on take everything, up to QUIT
/// GATE:           say nothing until the test opens the gate
/// STOP:           read no more, so that the client's writes stop, until it goes
/// ```
final class ScriptedPeer implements AutoCloseable {
    private final ServerSocket server;
    private final List<List<String>> scripts = new ArrayList<>();
    private final Queue<Socket> sockets = new ConcurrentLinkedQueue<>();
    private final Queue<Throwable> failures = new ConcurrentLinkedQueue<>();
    private final Queue<String> texts = new ConcurrentLinkedQueue<>();
    private final Queue<String> heard = new ConcurrentLinkedQueue<>();
    private final Queue<String> serverNames = new ConcurrentLinkedQueue<>();
    private final AtomicInteger connections = new AtomicInteger();
    private final CountDownLatch closed = new CountDownLatch(1);
    private final CountDownLatch gate = new CountDownLatch(1);
    private SSLContext tls;

    ScriptedPeer(String... scripts) {
        this(loopback(), scripts);
    }

    ScriptedPeer(InetAddress address, String... scripts) {
        this(new InetSocketAddress(address, 0), scripts);
    }

    ScriptedPeer(InetSocketAddress address, String... scripts) {
        try {
            server = new ServerSocket();
            server.setReceiveBufferSize(16 * 1024);
            server.bind(address, 200);
            tls = SSLContext.getDefault();
        } catch (IOException | NoSuchAlgorithmException e) {
            throw new IllegalStateException(e);
        }
        for (String script : scripts) {
            this.scripts.add(script.strip().lines().map(String::strip).toList());
        }
        Thread.ofVirtual().start(this::acceptAll);
    }

    ScriptedPeer tls(SSLContext context) {
        tls = context;
        return this;
    }

    /// What clients took it for, in TLS.
    List<String> serverNames() {
        return List.copyOf(serverNames);
    }

    /// Waits until the client has said `command`.
    void awaitHeard(String command) {
        await(() -> heard.contains(command));
    }

    void awaitText() {
        awaitTexts(1);
    }

    void awaitTexts(int count) {
        await(() -> texts.size() >= count);
    }

    void awaitConnection() {
        await(() -> connections.get() > 0);
    }

    void await(BooleanSupplier condition) {
        try {
            for (int i = 0; i < 2_000 && !condition.getAsBoolean(); i++) {
                closed.await(10, TimeUnit.MILLISECONDS);
            }
        } catch (InterruptedException e) {
            throw new AssertionError(e);
        }
        if (!condition.getAsBoolean()) {
            throw new AssertionError("the client never came that far");
        }
    }

    void openGate() {
        gate.countDown();
    }

    int port() {
        return server.getLocalPort();
    }

    HostAddress host() {
        return new HostAddress("mx.test", server.getInetAddress(), port());
    }

    int connections() {
        return connections.get();
    }

    /// Addresses that connections came from.
    List<String> clients() {
        return sockets.stream().map(socket -> socket.getInetAddress().getHostAddress()).toList();
    }

    /// Texts of messages, as they were before they were dot-stuffed.
    List<String> texts() {
        return List.copyOf(texts);
    }

    /// Commands.
    List<String> heard() {
        return List.copyOf(heard);
    }

    /// Fails where the client did not follow a script.
    void verify() {
        for (Throwable failure : failures) {
            throw new AssertionError("peer: " + failure.getMessage(), failure);
        }
    }

    @Override
    public void close() {
        closed.countDown();
        gate.countDown();
        closeQuietly(server);
        sockets.forEach(ScriptedPeer::closeQuietly);
    }

    private void acceptAll() {
        try {
            while (true) {
                Socket socket = server.accept();
                socket.setTcpNoDelay(true);
                sockets.add(socket);
                int number = connections.getAndIncrement();
                List<String> script = scripts.get(Math.min(number, scripts.size() - 1));
                Thread.ofVirtual().start(() -> play(socket, script));
            }
        } catch (IOException _) {
            // Closed.
        }
    }

    private void play(Socket socket, List<String> script) {
        try (socket) {
            var talk = new Talk(socket);
            for (String line : script) {
                if (!talk.play(line)) {
                    return;
                }
            }
            talk.waitForQuit();
        } catch (IOException e) {
            if (closed.getCount() > 0) {
                failures.add(e);
            }
        } catch (AssertionError | RuntimeException e) {
            failures.add(e);
        }
    }

    private final class Talk {
        private Socket socket;
        private InputStream in;
        private OutputStream out;

        Talk(Socket socket) throws IOException {
            use(socket);
        }

        private void use(Socket other) throws IOException {
            socket = other;
            in = new BufferedInputStream(other.getInputStream());
            out = other.getOutputStream();
        }

        /// Whether to go on.
        boolean play(String line) throws IOException {
            int colon = line.indexOf(':');
            String what = line.substring(0, colon);
            String rest = line.substring(colon + 1).strip();
            switch (what) {
                case "S" -> say(rest + "\r\n");
                case "RAW" -> say(rest.replace("~", "\r\n"));
                case "C" -> hear(rest);
                case "D" -> texts.add(readText());
                case "X" -> {
                    return false;
                }
                case "XRST" -> {
                    socket.setSoLinger(true, 0);
                    return false;
                }
                case "WAIT" -> waitForEnd();
                case "DRIP" -> drip(rest);
                case "FLOOD" -> flood(Integer.parseInt(rest));
                case "TLS" -> shakeHands(false);
                case "TLSASK" -> shakeHands(true);
                case "SERVE" -> serve();
                case "GATE" -> awaitOpen(gate);
                case "STOP" -> awaitOpen(closed);
                default -> throw new AssertionError("bad script line " + line);
            }
            return true;
        }

        private void say(String text) throws IOException {
            out.write(text.getBytes(StandardCharsets.UTF_8));
        }

        private void hear(String start) throws IOException {
            String line = readLine();
            heard.add(line);
            if (!line.startsWith(start)) {
                throw new AssertionError("expected " + start + ", heard " + line);
            }
        }

        private void drip(String text) {
            try {
                byte[] bytes = text.getBytes(StandardCharsets.UTF_8);
                for (int i = 0; !closed.await(100, TimeUnit.MILLISECONDS); i++) {
                    out.write(bytes[i % bytes.length]);
                }
            } catch (IOException _) {
                // The client is gone, as it should.
            } catch (InterruptedException e) {
                throw new AssertionError(e);
            }
        }

        private void flood(int bytes) {
            var chunk = new byte[1000];
            Arrays.fill(chunk, (byte) '2');
            try {
                for (int sent = 0; sent < bytes; sent += chunk.length) {
                    out.write(chunk);
                }
            } catch (IOException _) {
                // The client is gone, as it should.
            }
        }

        private void shakeHands(boolean asks) throws IOException {
            var secure =
                    (SSLSocket)
                            tls.getSocketFactory()
                                    .createSocket(socket, null, socket.getPort(), true);
            secure.setUseClientMode(false);
            secure.setNeedClientAuth(asks);
            secure.startHandshake();
            if (secure.getSession() instanceof ExtendedSSLSession session) {
                for (SNIServerName name : session.getRequestedServerNames()) {
                    serverNames.add(new SNIHostName(name.getEncoded()).getAsciiName());
                }
            }
            use(secure);
        }

        private void serve() throws IOException {
            String line = readLine();
            while (!line.equals("QUIT")) {
                heard.add(line);
                if (line.equals("DATA")) {
                    say("354 go\r\n");
                    texts.add(readText());
                    say("250 taken\r\n");
                } else if (line.startsWith("EHLO")) {
                    say("250-mx.test\r\n250 PIPELINING\r\n");
                } else {
                    say("250 ok\r\n");
                }
                line = readLine();
            }
            heard.add(line);
            say("221 bye\r\n");
        }

        private void awaitOpen(CountDownLatch latch) {
            try {
                latch.await();
            } catch (InterruptedException e) {
                throw new AssertionError(e);
            }
        }

        /// A script that says nothing of QUIT lets nobody wait for its answer.
        void waitForQuit() {
            try {
                while (!readLine().equals("QUIT")) {
                    // What else comes now is of no interest.
                }
            } catch (IOException | AssertionError _) {
                // Gone.
            }
        }

        void waitForEnd() {
            try {
                while (in.read() >= 0) {
                    // What comes now is of no interest.
                }
            } catch (IOException _) {
                // Gone.
            }
        }

        private String readText() throws IOException {
            var text = new StringBuilder();
            String line = readLine();
            while (!line.equals(".")) {
                text.append(line.startsWith(".") ? line.substring(1) : line).append("\r\n");
                line = readLine();
            }
            return text.toString();
        }

        private String readLine() throws IOException {
            var line = new StringBuilder();
            int b = in.read();
            while (b != '\n') {
                if (b < 0) {
                    throw new IOException("the client hung up behind \"" + line + "\"");
                }
                line.append((char) b);
                b = in.read();
            }
            if (line.isEmpty() || line.charAt(line.length() - 1) != '\r') {
                throw new AssertionError("a line without CRLF: " + line);
            }
            line.setLength(line.length() - 1);
            return line.toString();
        }
    }

    /// A port where nobody listens.
    static int deafPort() {
        try (var socket = new ServerSocket(0, 1, loopback())) {
            return socket.getLocalPort();
        } catch (IOException e) {
            throw new IllegalStateException(e);
        }
    }

    static InetAddress loopback() {
        return InetAddress.ofLiteral("127.0.0.1");
    }

    private static void closeQuietly(AutoCloseable closeable) {
        try {
            closeable.close();
        } catch (Exception _) {
            // The test is over.
        }
    }
}
