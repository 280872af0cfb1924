package io.whimbrel.socket;

import java.io.Closeable;
import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.net.InetAddress;
import java.net.Socket;
import java.nio.channels.Channels;
import java.nio.channels.SocketChannel;

/// An accepted connection. One thread reads and one writes; any thread may shut it down.
public sealed interface Link extends Closeable {

    InputStream input() throws IOException;

    OutputStream output() throws IOException;

    /// The other end.
    InetAddress peer();

    /// Makes the present read, and every later one, end.
    void shutdownInput() throws IOException;

    void shutdownOutput() throws IOException;

    /// Over TCP.
    record Tcp(Socket socket) implements Link {

        @Override
        public InputStream input() throws IOException {
            return socket.getInputStream();
        }

        @Override
        public OutputStream output() throws IOException {
            return socket.getOutputStream();
        }

        @Override
        public InetAddress peer() {
            return socket.getInetAddress();
        }

        @Override
        public void shutdownInput() throws IOException {
            socket.shutdownInput();
        }

        @Override
        public void shutdownOutput() throws IOException {
            socket.shutdownOutput();
        }

        @Override
        public void close() throws IOException {
            socket.close();
        }
    }

    /// Over a UNIX socket. Who may connect is a matter of its file's rights, so all its clients
    /// count as this machine.
    record Unix(SocketChannel channel) implements Link {

        @Override
        public InputStream input() {
            return Channels.newInputStream(channel);
        }

        @Override
        public OutputStream output() {
            return Channels.newOutputStream(channel);
        }

        @Override
        public InetAddress peer() {
            return InetAddress.ofLiteral("127.0.0.1");
        }

        @Override
        public void shutdownInput() throws IOException {
            channel.shutdownInput();
        }

        @Override
        public void shutdownOutput() throws IOException {
            channel.shutdownOutput();
        }

        @Override
        public void close() throws IOException {
            channel.close();
        }
    }
}
