package io.whimbrel.reception;

import java.io.IOException;
import java.io.InputStream;
import java.net.InetAddress;
import java.net.Socket;
import java.time.Duration;
import java.time.InstantSource;

/// A client's socket with deadlines for reads and writes. One thread reads and writes; any thread
/// may call [#endOverdue], [#stopReading] and [#close].
///
/// The listener looks about once a second for what is overdue, which costs a read or write that is
/// in time no timer, and bounds writes as well, which SO_TIMEOUT does not. A read that is cut off
/// ends like the end of the stream, so that the session can still say why.
final class TimedSocket extends InputStream {
    private static final long NONE = Long.MAX_VALUE;

    private final Socket socket;
    private final InputStream in;
    private final InstantSource clock;
    private final long oldAtMillis;
    private final long sessionEndMillis;
    private boolean isBetweenTransactions = true;
    private long readTimeoutMillis;
    private final long writeTimeoutMillis;
    private volatile long readDeadlineMillis = NONE;
    private volatile long writeDeadlineMillis = NONE;
    private volatile boolean isOverdue;

    TimedSocket(Socket socket, SessionLimits limits, InstantSource clock) throws IOException {
        this.socket = socket;
        this.in = socket.getInputStream();
        this.clock = clock;
        this.oldAtMillis = clock.millis() + limits.sessionMost().toMillis();
        this.sessionEndMillis = oldAtMillis + limits.sessionMost().toMillis();
        this.readTimeoutMillis = limits.commandTimeout().toMillis();
        this.writeTimeoutMillis = limits.commandTimeout().toMillis();
    }

    InetAddress address() {
        return socket.getInetAddress();
    }

    /// How long each later read may wait.
    void setReadTimeout(Duration timeout) {
        readTimeoutMillis = timeout.toMillis();
    }

    /// Between transactions the session may last as long as its limit says. One that is under way
    /// then may go on, for as long again at most: a client that drips has no end otherwise.
    void setBetweenTransactions(boolean isNow) {
        isBetweenTransactions = isNow;
    }

    /// Whether the session has lasted as long as it may, so that no other transaction begins.
    boolean isOld() {
        return clock.millis() >= oldAtMillis;
    }

    /// Whether the client was too slow, so that its input counts as ended.
    boolean isOverdue() {
        return isOverdue;
    }

    @Override
    public int read() throws IOException {
        byte[] one = new byte[1];
        return read(one, 0, 1) < 0 ? -1 : one[0] & 0xff;
    }

    @Override
    public int read(byte[] bytes, int from, int length) throws IOException {
        long now = clock.millis();
        long end = isBetweenTransactions ? oldAtMillis : sessionEndMillis;
        if (now >= end) {
            isOverdue = true;
        }
        if (isOverdue) {
            return -1;
        }
        readDeadlineMillis = Math.min(now + readTimeoutMillis, end);
        try {
            return in.read(bytes, from, length);
        } finally {
            readDeadlineMillis = NONE;
        }
    }

    void write(byte[] bytes, int from, int length) throws IOException {
        writeDeadlineMillis = clock.millis() + writeTimeoutMillis;
        try {
            socket.getOutputStream().write(bytes, from, length);
        } finally {
            writeDeadlineMillis = NONE;
        }
    }

    /// Ends our side after the last reply and reads over what the client still sends, up to
    /// `bytesMost` or `timeout`: closing with unread bytes would reset the connection, and the
    /// client would never see the reply.
    void linger(int bytesMost, Duration timeout) throws IOException {
        socket.shutdownOutput();
        readDeadlineMillis = clock.millis() + timeout.toMillis();
        byte[] waste = new byte[4_096];
        int total = 0;
        int count = in.read(waste);
        while (count >= 0 && total < bytesMost) {
            total += count;
            count = in.read(waste);
        }
    }

    /// Cuts off a read that waits too long, and breaks a write that does.
    void endOverdue(long nowMillis) {
        if (nowMillis >= writeDeadlineMillis) {
            close();
        } else if (nowMillis >= readDeadlineMillis) {
            isOverdue = true;
            stopReading();
        }
    }

    /// Makes the present read, and every later one, end as if the client had closed its side.
    void stopReading() {
        try {
            socket.shutdownInput();
        } catch (IOException _) {
            // Closed already: then there is no read to stop.
        }
    }

    @Override
    public void close() {
        try {
            socket.close();
        } catch (IOException _) {
            // The peer is gone and there is nothing left to release.
        }
    }
}
