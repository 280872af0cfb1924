package io.whimbrel.delivery;

import java.io.DataInputStream;
import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.net.ConnectException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.ServerSocket;
import java.net.Socket;
import java.nio.charset.StandardCharsets;
import java.util.Optional;
import java.util.concurrent.atomic.AtomicInteger;

/// A SOCKS 5 proxy on loopback that knows CONNECT, and user and password.
final class SocksServer implements AutoCloseable {
    private final ServerSocket server = new ServerSocket(0, 50, ScriptedPeer.loopback());
    private final Optional<String> login;
    private final InetAddress outgoing;
    private final AtomicInteger connections = new AtomicInteger();

    /// @param login `user:password`
    /// @param outgoing where it connects from
    SocksServer(Optional<String> login, String outgoing) throws IOException {
        this.login = login;
        this.outgoing = InetAddress.ofLiteral(outgoing);
        Thread.ofVirtual().start(this::acceptAll);
    }

    InetSocketAddress address() {
        return (InetSocketAddress) server.getLocalSocketAddress();
    }

    int connections() {
        return connections.get();
    }

    private void acceptAll() {
        try {
            while (true) {
                Socket client = server.accept();
                connections.incrementAndGet();
                Thread.ofVirtual().start(() -> serve(client));
            }
        } catch (IOException _) {
            // Closed.
        }
    }

    private void serve(Socket client) {
        try (client) {
            var in = new DataInputStream(client.getInputStream());
            OutputStream out = client.getOutputStream();
            in.readByte();
            byte[] methods = in.readNBytes(in.readUnsignedByte());
            boolean offersLogin = new String(methods, StandardCharsets.ISO_8859_1).contains("\2");
            if (login.isPresent() && !offersLogin) {
                out.write(new byte[] {5, (byte) 0xff});
                return;
            }
            out.write(new byte[] {5, (byte) (login.isPresent() ? 2 : 0)});
            if (login.isPresent() && !isLoginGood(in, out)) {
                return;
            }
            in.skipNBytes(3);
            byte[] address = in.readNBytes(in.readByte() == 1 ? 4 : 16);
            connect(in, out, new InetSocketAddress(InetAddress.getByAddress(address), port(in)));
        } catch (IOException _) {
            // The client went.
        }
    }

    private static int port(DataInputStream in) throws IOException {
        return in.readUnsignedShort();
    }

    private boolean isLoginGood(DataInputStream in, OutputStream out) throws IOException {
        in.readByte();
        String user = new String(in.readNBytes(in.readUnsignedByte()), StandardCharsets.UTF_8);
        String password = new String(in.readNBytes(in.readUnsignedByte()), StandardCharsets.UTF_8);
        boolean isGood = login.orElseThrow().equals(user + ":" + password);
        out.write(new byte[] {1, (byte) (isGood ? 0 : 1)});
        return isGood;
    }

    private void connect(InputStream in, OutputStream out, InetSocketAddress host)
            throws IOException {
        try (var socket = new Socket()) {
            socket.bind(new InetSocketAddress(outgoing, 0));
            socket.connect(host);
            out.write(new byte[] {5, 0, 0, 1, 127, 0, 0, 1, 0, 25});
            OutputStream toHost = socket.getOutputStream();
            Thread.ofVirtual().start(() -> copy(in, toHost));
            socket.getInputStream().transferTo(out);
        } catch (ConnectException _) {
            out.write(new byte[] {5, 5, 0, 1, 0, 0, 0, 0, 0, 0});
        }
    }

    private static void copy(InputStream from, OutputStream to) {
        try {
            from.transferTo(to);
        } catch (IOException _) {
            // One side went.
        }
    }

    @Override
    public void close() throws IOException {
        server.close();
    }
}
