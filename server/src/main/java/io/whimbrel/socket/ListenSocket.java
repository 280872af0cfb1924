package io.whimbrel.socket;

import java.io.Closeable;
import java.io.IOException;
import java.net.InetSocketAddress;
import java.net.ServerSocket;
import java.net.Socket;
import java.net.SocketAddress;
import java.net.StandardProtocolFamily;
import java.net.UnixDomainSocketAddress;
import java.nio.channels.ServerSocketChannel;
import java.nio.channels.SocketChannel;
import java.nio.file.Files;
import java.nio.file.LinkOption;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermission;
import java.util.EnumSet;
import java.util.Set;

/// Where connections come in. Any thread may close it, which ends a waiting [#accept].
public sealed interface ListenSocket extends Closeable {
    /// Clients that wait in the kernel while permits are in use; the kernel may allow fewer.
    int BACKLOG = 4_096;

    /// Waits for the next connection.
    Link accept() throws IOException;

    boolean isClosed();

    /// With the actual port where 0 was asked for.
    SocketAddress address();

    /// Binds it.
    ///
    /// @param address an [InetSocketAddress] or a [UnixDomainSocketAddress]
    /// @param mode rights of the file of a UNIX socket
    /// @throws IOException where that fails; the message names the address and the remedy
    static ListenSocket bind(SocketAddress address, int mode) throws IOException {
        return switch (address) {
            case InetSocketAddress tcp -> Tcp.bind(tcp);
            case UnixDomainSocketAddress unix -> Unix.bind(unix, mode);
            default -> throw new IllegalArgumentException("no address of ours: " + address);
        };
    }

    /// On a TCP port.
    record Tcp(ServerSocket socket) implements ListenSocket {

        private static Tcp bind(InetSocketAddress address) throws IOException {
            var socket = new ServerSocket();
            try {
                socket.setReuseAddress(true);
                socket.bind(address, BACKLOG);
                return new Tcp(socket);
            } catch (IOException e) {
                socket.close();
                String cause = String.valueOf(e.getMessage());
                throw new IOException(
                        "cannot listen on "
                                + address.getAddress().getHostAddress()
                                + ":"
                                + address.getPort()
                                + ": "
                                + cause
                                + remedy(cause),
                        e);
            }
        }

        private static String remedy(String cause) {
            if (cause.contains("in use")) {
                return "; stop the other program, or choose another address in [[listen]]";
            }
            if (cause.contains("denied")) {
                return "; ports below 1024 need root or the capability CAP_NET_BIND_SERVICE";
            }
            if (cause.contains("assign")) {
                return "; this machine does not have the address: correct it in [[listen]]";
            }
            return "; correct the address in [[listen]]";
        }

        @Override
        public Link accept() throws IOException {
            Socket accepted = socket.accept();
            try {
                accepted.setTcpNoDelay(true);
                return new Link.Tcp(accepted);
            } catch (IOException e) {
                accepted.close();
                throw e;
            }
        }

        @Override
        public boolean isClosed() {
            return socket.isClosed();
        }

        @Override
        public SocketAddress address() {
            return new InetSocketAddress(socket.getInetAddress(), socket.getLocalPort());
        }

        @Override
        public void close() throws IOException {
            socket.close();
        }
    }

    /// On a UNIX socket. Its file goes with it.
    record Unix(ServerSocketChannel channel, UnixDomainSocketAddress address)
            implements ListenSocket {

        private static Unix bind(UnixDomainSocketAddress address, int mode) throws IOException {
            Path file = address.getPath();
            removeStale(address);
            var channel = ServerSocketChannel.open(StandardProtocolFamily.UNIX);
            try {
                channel.bind(address, BACKLOG);
                Files.setPosixFilePermissions(file, permissions(mode));
                return new Unix(channel, address);
            } catch (IOException e) {
                channel.close();
                throw new IOException(
                        "cannot listen on the UNIX socket "
                                + file
                                + ": "
                                + e.getMessage()
                                + "; its folder must be there, and the server must be able to"
                                + " write to it",
                        e);
            }
        }

        /// What a server left that was killed. A socket on which one listens stays, and so does
        /// what is no socket.
        private static void removeStale(UnixDomainSocketAddress address) throws IOException {
            Path file = address.getPath();
            if (!Files.exists(file, LinkOption.NOFOLLOW_LINKS)) {
                return;
            }
            boolean isSocket =
                    Files.getAttribute(file, "unix:mode", LinkOption.NOFOLLOW_LINKS)
                                    instanceof Integer mode
                            && (mode & 0170000) == 0140000;
            if (!isSocket) {
                throw new IOException(
                        "cannot listen on the UNIX socket "
                                + file
                                + ": there is a file that is no socket; move it away");
            }
            try (var probe = SocketChannel.open(address)) {
                throw new IOException(
                        "cannot listen on the UNIX socket "
                                + file
                                + ": another program listens there; stop it (connected as "
                                + probe.getLocalAddress()
                                + ")");
            } catch (java.net.ConnectException _) {
                Files.delete(file);
            }
        }

        private static Set<PosixFilePermission> permissions(int mode) {
            var all = EnumSet.noneOf(PosixFilePermission.class);
            PosixFilePermission[] bits = PosixFilePermission.values();
            for (int i = 0; i < bits.length; i++) {
                // Owner's read is the highest of nine bits.
                if ((mode & (1 << (bits.length - 1 - i))) != 0) {
                    all.add(bits[i]);
                }
            }
            return all;
        }

        @Override
        public Link accept() throws IOException {
            return new Link.Unix(channel.accept());
        }

        @Override
        public boolean isClosed() {
            return !channel.isOpen();
        }

        @Override
        public void close() throws IOException {
            if (channel.isOpen()) {
                channel.close();
                Files.deleteIfExists(address.getPath());
            }
        }
    }
}
