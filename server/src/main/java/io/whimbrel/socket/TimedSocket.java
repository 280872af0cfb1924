package io.whimbrel.socket;

import io.whimbrel.tls.ServerTls;
import io.whimbrel.tls.TlsFacts;
import io.whimbrel.tls.TlsStream;

import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.net.InetAddress;
import java.time.Duration;
import java.time.InstantSource;
import java.util.Optional;

/// A client's socket with deadlines for reads and writes, in plain text or TLS. One thread reads,
/// writes and begins TLS; any thread may call [#endOverdue], [#stopReading] and [#close].
///
/// The listener looks about once a second for what is overdue, which costs a read or write that is
/// in time no timer, and bounds writes as well, which SO_TIMEOUT does not. A read that is cut off
/// ends like the end of the stream, so that the session can still say why. All of this happens to
/// the socket below TLS, which does not hear of it.
public final class TimedSocket extends InputStream {
    private static final long NONE = Long.MAX_VALUE;

    /// How long a handshake may take, where a command may take longer.
    private static final long HANDSHAKE_MILLIS = 30_000;

    /// How long our goodbye may take a client that reads nothing.
    private static final long GOODBYE_MILLIS = 5_000;

    private final Link link;

    /// Below TLS; the socket gives it no more once a read is cut off.
    private final InputStream plainIn;

    private InputStream in;
    private OutputStream out;
    private volatile Optional<Session> session = Optional.empty();
    private final InstantSource clock;
    private final long oldAtMillis;
    private final long sessionEndMillis;
    private boolean isBetweenTransactions = true;
    private long readTimeoutMillis;
    private final long writeTimeoutMillis;
    private volatile long readDeadlineMillis = NONE;
    private volatile long writeDeadlineMillis = NONE;
    private volatile boolean isOverdue;

    /// TLS and the only thread that may use it.
    private record Session(TlsStream tls, Thread thread) {}

    /// @param timeout of each read and write, until [#setReadTimeout]
    /// @param sessionMost after so long no other transaction begins
    public TimedSocket(Link link, Duration timeout, Duration sessionMost, InstantSource clock)
            throws IOException {
        this.link = link;
        this.plainIn = link.input();
        this.in = plainIn;
        this.out = link.output();
        this.clock = clock;
        this.oldAtMillis = clock.millis() + sessionMost.toMillis();
        this.sessionEndMillis = oldAtMillis + sessionMost.toMillis();
        this.readTimeoutMillis = timeout.toMillis();
        this.writeTimeoutMillis = timeout.toMillis();
    }

    public InetAddress address() {
        return link.peer();
    }

    /// Goes over to TLS: shakes hands, which may take 30 s, and from then on reads and writes in
    /// it. Plain text that was read before is the caller's to forget.
    ///
    /// @throws IOException where that fails: nothing more may be said then, and the socket is only
    ///   to be closed
    public TlsFacts startTls(ServerTls tls) throws IOException {
        writeDeadlineMillis = clock.millis() + Math.min(writeTimeoutMillis, HANDSHAKE_MILLIS);
        try {
            TlsStream stream = tls.handshake(in, out);
            session = Optional.of(new Session(stream, Thread.currentThread()));
            in = stream.input();
            out = stream.output();
            return stream.facts();
        } finally {
            writeDeadlineMillis = NONE;
        }
    }

    /// How long each later read may wait.
    public void setReadTimeout(Duration timeout) {
        readTimeoutMillis = timeout.toMillis();
    }

    /// Between transactions the session may last as long as its limit says. One that is under way
    /// then may go on, for as long again at most: a client that drips has no end otherwise.
    public void setBetweenTransactions(boolean isNow) {
        isBetweenTransactions = isNow;
    }

    /// Whether the session has lasted as long as it may, so that no other transaction begins.
    public boolean isOld() {
        return clock.millis() >= oldAtMillis;
    }

    /// Whether the client was too slow, so that its input counts as ended.
    public boolean isOverdue() {
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

    public void write(byte[] bytes, int from, int length) throws IOException {
        writeDeadlineMillis = clock.millis() + writeTimeoutMillis;
        try {
            out.write(bytes, from, length);
        } finally {
            writeDeadlineMillis = NONE;
        }
    }

    /// Ends our side after the last reply and reads over what the client still sends, up to
    /// `bytesMost` or `timeout`: closing with unread bytes would reset the connection, and the
    /// client would never see the reply.
    public void linger(int bytesMost, Duration timeout) throws IOException {
        sayGoodbye();
        link.shutdownOutput();
        readDeadlineMillis = clock.millis() + timeout.toMillis();
        byte[] waste = new byte[4_096];
        int total = 0;
        int count = plainIn.read(waste);
        while (count >= 0 && total < bytesMost) {
            total += count;
            count = plainIn.read(waste);
        }
    }

    private void sayGoodbye() throws IOException {
        if (session.isPresent()) {
            writeDeadlineMillis = clock.millis() + GOODBYE_MILLIS;
            try {
                session.get().tls().endOutput();
            } finally {
                writeDeadlineMillis = NONE;
            }
        }
    }

    /// Cuts off a read that waits too long, and breaks a write that does.
    public void endOverdue(long nowMillis) {
        if (nowMillis >= writeDeadlineMillis) {
            close();
        } else if (nowMillis >= readDeadlineMillis) {
            isOverdue = true;
            stopReading();
        }
    }

    /// Makes the present read, and every later one, end as if the client had closed its side.
    public void stopReading() {
        try {
            link.shutdownInput();
        } catch (IOException _) {
            // Closed already: then there is no read to stop.
        }
    }

    /// Ends everything. The thread that reads and writes takes its leave first, and gives back what
    /// TLS holds; any other only breaks off, and leaves that to it.
    @Override
    public void close() {
        Optional<Session> mine = session.filter(it -> it.thread() == Thread.currentThread());
        if (mine.isPresent()) {
            try {
                sayGoodbye();
            } catch (IOException _) {
                // The client did not wait for it.
            }
            session = Optional.empty();
            mine.get().tls().release();
        }
        try {
            link.close();
        } catch (IOException _) {
            // The peer is gone and there is nothing left to release.
        }
    }
}
