package io.whimbrel.simulator;

import java.io.IOException;
import java.net.InetAddress;
import java.net.ServerSocket;
import java.util.ArrayList;
import java.util.List;

/// Listening sockets of all mail hosts, each on its own address, all on one port.
record SmtpSockets(int port, List<ServerSocket> sockets) implements AutoCloseable {
    private static final int BACKLOG = 1_024;
    private static final int PORTS_TRIED_MAX = 50;

    /// Binds `port` on all addresses; 0 stands for a port that is free on all of them. The sockets
    /// come in the order of the addresses.
    static SmtpSockets bind(List<InetAddress> addresses, int port) throws IOException {
        for (int tried = 1; ; tried++) {
            var sockets = new ArrayList<ServerSocket>();
            int common = port;
            try {
                for (InetAddress address : addresses) {
                    var socket = new ServerSocket(common, BACKLOG, address);
                    sockets.add(socket);
                    common = socket.getLocalPort();
                }
                return new SmtpSockets(common, List.copyOf(sockets));
            } catch (IOException e) {
                // Free on the first address does not mean free on the others.
                closeAll(sockets);
                if (port != 0 || tried == PORTS_TRIED_MAX) {
                    throw new IOException(
                            "cannot listen on port " + common + " of all mail hosts; try another",
                            e);
                }
            }
        }
    }

    private static void closeAll(List<ServerSocket> sockets) throws IOException {
        for (ServerSocket socket : sockets) {
            socket.close();
        }
    }

    @Override
    public void close() throws IOException {
        closeAll(sockets);
    }
}
