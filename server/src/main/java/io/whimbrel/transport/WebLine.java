package io.whimbrel.transport;

import java.io.IOException;
import java.net.InetSocketAddress;
import java.net.Socket;
import java.net.SocketTimeoutException;
import java.net.UnknownHostException;
import java.time.Duration;
import java.util.List;

/// A connection to the first of a web server's addresses that takes one. Used by one thread; any
/// thread may close it, which ends whatever that one waits for.
public final class WebLine implements AutoCloseable {
    /// To one address; less where there are several.
    private static final Duration CONNECT_MOST = Duration.ofSeconds(5);

    private Socket socket = new Socket();
    private boolean isClosed;

    /// Connects.
    ///
    /// @param allMost of all that is to be done on it; a share of it is for each address
    /// @throws IOException where no address takes a connection
    public void connect(List<InetSocketAddress> addresses, Duration allMost) throws IOException {
        Duration share = allMost.dividedBy(addresses.size() + 1L);
        Duration most = share.compareTo(CONNECT_MOST) < 0 ? share : CONNECT_MOST;
        IOException last = new UnknownHostException("no address");
        for (InetSocketAddress address : addresses) {
            try {
                fresh().connect(address, Math.toIntExact(most.toMillis()));
                return;
            } catch (IOException e) {
                last = e;
            }
        }
        throw last;
    }

    private synchronized Socket fresh() throws IOException {
        if (isClosed) {
            throw new SocketTimeoutException("no connection in time");
        }
        closeQuietly(socket);
        socket = new Socket();
        return socket;
    }

    public synchronized Socket socket() {
        return socket;
    }

    @Override
    public synchronized void close() {
        isClosed = true;
        closeQuietly(socket);
    }

    private static void closeQuietly(Socket socket) {
        try {
            socket.close();
        } catch (IOException _) {
            // Whoever reads from it learns of it.
        }
    }
}
