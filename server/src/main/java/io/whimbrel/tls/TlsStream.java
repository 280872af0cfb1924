package io.whimbrel.tls;

import java.io.EOFException;
import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.nio.ByteBuffer;
import java.security.GeneralSecurityException;
import java.security.cert.Certificate;
import java.security.cert.X509Certificate;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Locale;
import java.util.Optional;

import javax.net.ssl.SSLEngine;
import javax.net.ssl.SSLEngineResult;
import javax.net.ssl.SSLEngineResult.HandshakeStatus;
import javax.net.ssl.SSLException;
import javax.net.ssl.SSLPeerUnverifiedException;

/// The server's side of one TLS connection over a pair of plain streams. Confined to one thread.
///
/// Whoever owns the plain streams may end them from another thread: the end of the input is the end
/// of what is read here, and is not told to TLS, so that a last reply can still be written. That
/// the peer said no goodbye before its end is not reported: what ends halfway in SMTP is dropped.
///
/// An idle connection holds 512 bytes beside the provider's own state. Buffers of a record are
/// taken from [RecordBuffers] for what is larger.
public final class TlsStream {
    private static final int IDLE_BYTES = 512;
    private static final String BORINGSSL_MARK = "OPENSSL_internal:";
    private static final byte[] NOTHING = {};

    private final InputStream in;
    private final OutputStream out;
    private final TlsContext context;
    private final SSLEngine engine;
    private final Optional<String> serverName;
    private final RecordBuffers buffers;

    /// What came and is not decrypted: `net[position, limit)`.
    private byte[] net;

    private int position;
    private int limit;

    /// What is decrypted and had no room where it was to go: `plain[plainPosition, plainLimit)`.
    private byte[] plain = NOTHING;

    private int plainPosition;
    private int plainLimit;
    private boolean hasEnded;
    private boolean isOpen;

    private TlsStream(
            FirstRecord first, TlsContext context, OutputStream out, RecordBuffers buffers) {
        this.in = first.in();
        this.out = out;
        this.context = context;
        this.engine = context.engine();
        this.serverName = first.hello().serverName();
        this.buffers = buffers;
        this.net = first.bytes();
        this.limit = first.length();
    }

    /// Shakes hands; waits for the client.
    ///
    /// @throws IOException where it fails; the client has been told, and the plain streams are of
    ///   no use for SMTP any more
    static TlsStream open(
            InputStream in, OutputStream out, TlsContexts contexts, RecordBuffers buffers)
            throws IOException {
        FirstRecord first = FirstRecord.read(in, buffers.take());
        var stream = new TlsStream(first, contexts.choose(first.hello()), out, buffers);
        try {
            stream.handshake();
            return stream;
        } catch (IOException | RuntimeException e) {
            stream.release();
            throw e;
        }
    }

    /// Input that ends with the client's goodbye or the end of the plain stream.
    public InputStream input() {
        return new Input();
    }

    /// Output that is sent at once.
    public OutputStream output() {
        return new Output();
    }

    /// Says goodbye (close_notify), after which nothing is written. Does nothing a second time.
    public void endOutput() throws IOException {
        if (isOpen) {
            isOpen = false;
            engine.closeOutbound();
            send();
        }
    }

    /// Gives back buffers and native memory; neither stream may be used after it.
    public void release() {
        isOpen = false;
        hasEnded = true;
        engine.closeOutbound();
        context.provider().release(engine);
        buffers.giveBack(net);
        buffers.giveBack(plain);
        net = NOTHING;
        plain = NOTHING;
        position = limit = plainPosition = plainLimit = 0;
    }

    private void handshake() throws IOException {
        try {
            engine.beginHandshake();
            settle();
            while (engine.getHandshakeStatus() != HandshakeStatus.NOT_HANDSHAKING) {
                shakeOn();
            }
            isOpen = true;
            checkClient();
        } catch (SSLException e) {
            tellFailure();
            throw new SSLException(reason(e), e);
        }
    }

    /// In one line. BoringSSL's messages have several, with addresses of memory; what counts stands
    /// in capitals behind the last mark.
    private static String reason(SSLException failure) {
        String message = String.valueOf(failure.getMessage());
        int mark = message.lastIndexOf(BORINGSSL_MARK);
        if (mark >= 0) {
            String words = message.substring(mark + BORINGSSL_MARK.length());
            int end = words.indexOf(' ');
            return words.substring(0, end < 0 ? words.length() : end)
                    .toLowerCase(Locale.ROOT)
                    .replace('_', ' ');
        }
        return message.lines().findFirst().orElse("");
    }

    private void shakeOn() throws IOException {
        SSLEngineResult result = unwrap(ByteBuffer.wrap(NOTHING));
        if (result.getStatus() == SSLEngineResult.Status.BUFFER_UNDERFLOW && !fill(true)) {
            throw new EOFException("the client went away during the TLS handshake");
        }
        if (result.getStatus() == SSLEngineResult.Status.CLOSED) {
            throw new EOFException("the client has broken the TLS handshake off");
        }
        settle();
    }

    private void checkClient() throws SSLException {
        if (context.trust().isRequired() && !context.trust().believes(peer())) {
            throw new SSLException("the client certificate is not from an authority of ours");
        }
    }

    private void tellFailure() {
        try {
            engine.closeOutbound();
            send();
        } catch (IOException _) {
            // The first failure says more.
        }
    }

    /// Runs and sends what the engine wants, until it waits for the client or for nothing.
    private void settle() throws IOException {
        HandshakeStatus status = engine.getHandshakeStatus();
        while (status == HandshakeStatus.NEED_TASK || status == HandshakeStatus.NEED_WRAP) {
            if (status == HandshakeStatus.NEED_WRAP) {
                if (!send()) {
                    return;
                }
            } else {
                runTasks();
            }
            status = engine.getHandshakeStatus();
        }
    }

    private void runTasks() {
        Runnable task = engine.getDelegatedTask();
        while (task != null) {
            task.run();
            task = engine.getDelegatedTask();
        }
    }

    /// Sends what the engine itself has to say, the records of one flight together.
    ///
    /// @return false where it has nothing more to say, ever
    private boolean send() throws IOException {
        byte[] flight = new byte[2 * RecordBuffers.SIZE];
        ByteBuffer target = ByteBuffer.wrap(flight);
        boolean isGoingOn = true;
        boolean isSpeaking = true;
        while (isSpeaking) {
            SSLEngineResult result = engine.wrap(ByteBuffer.wrap(NOTHING), target);
            if (result.getStatus() == SSLEngineResult.Status.BUFFER_OVERFLOW) {
                if (target.position() == 0) {
                    throw new SSLException("a record too large to be sent");
                }
                flush(flight, target);
            } else if (result.getStatus() == SSLEngineResult.Status.CLOSED) {
                isGoingOn = false;
                isSpeaking = result.bytesProduced() > 0 && !engine.isOutboundDone();
            } else {
                isSpeaking = engine.getHandshakeStatus() == HandshakeStatus.NEED_WRAP;
            }
        }
        flush(flight, target);
        return isGoingOn;
    }

    private void flush(byte[] flight, ByteBuffer target) throws IOException {
        if (target.position() > 0) {
            out.write(flight, 0, target.position());
            target.clear();
        }
    }

    private int read(byte[] bytes, int from, int length) throws IOException {
        if (plainPosition == plainLimit && length > 0) {
            int direct = readRecord(bytes, from, length);
            if (direct != 0) {
                return direct;
            }
        }
        int count = Math.min(length, plainLimit - plainPosition);
        System.arraycopy(plain, plainPosition, bytes, from, count);
        plainPosition += count;
        if (plainPosition == plainLimit) {
            buffers.giveBack(plain);
            plain = NOTHING;
            plainPosition = plainLimit = 0;
        }
        return count;
    }

    /// Waits for data.
    ///
    /// @return how much lies at `bytes`; 0 where it did not fit and lies in `plain`; -1 at the end
    private int readRecord(byte[] bytes, int from, int length) throws IOException {
        ByteBuffer target = ByteBuffer.wrap(bytes, from, length);
        while (!hasEnded) {
            boolean isAside = plain.length > 0;
            SSLEngineResult result = unwrap(target);
            int count = result.bytesProduced();
            switch (result.getStatus()) {
                case BUFFER_UNDERFLOW -> {
                    if (!fill(length > IDLE_BYTES)) {
                        return -1;
                    }
                }
                case BUFFER_OVERFLOW -> {
                    // Conscrypt fills the target, and keeps the rest; JSSE gives nothing of it.
                    if (count == 0) {
                        if (isAside) {
                            throw new SSLException("a record too large to be received");
                        }
                        plain = buffers.take();
                        target = ByteBuffer.wrap(plain);
                    }
                }
                case CLOSED -> hasEnded = true;
                case OK -> afterRecord();
            }
            if (count > 0 && isAside) {
                plainLimit = count;
                return 0;
            }
            if (count > 0) {
                return count;
            }
        }
        return -1;
    }

    /// In TLS 1.3 tickets and new keys go on at any time. A handshake in 1.2 is a client that wants
    /// to negotiate again, at whose cost we do not ask.
    private void afterRecord() throws IOException {
        if (engine.getHandshakeStatus() == HandshakeStatus.NOT_HANDSHAKING) {
            return;
        }
        if (engine.getSession().getProtocol().equals("TLSv1.2") && !engine.isInboundDone()) {
            throw new SSLException("the client negotiates again");
        }
        settle();
    }

    private SSLEngineResult unwrap(ByteBuffer target) throws SSLException {
        SSLEngineResult result =
                engine.unwrap(ByteBuffer.wrap(net, position, limit - position), target);
        position += result.bytesConsumed();
        return result;
    }

    /// Waits for more of the plain stream.
    ///
    /// @param isMuch whether more is expected than a command
    /// @return false at its end
    private boolean fill(boolean isMuch) throws IOException {
        if (position == limit) {
            position = limit = 0;
            if (!isMuch && net.length > IDLE_BYTES) {
                buffers.giveBack(net);
                net = new byte[IDLE_BYTES];
            } else if (isMuch && net.length <= IDLE_BYTES) {
                net = buffers.take();
            }
        } else if (position > 0) {
            System.arraycopy(net, position, net, 0, limit - position);
            limit -= position;
            position = 0;
        }
        if (limit == net.length) {
            if (net.length >= RecordBuffers.SIZE) {
                throw new SSLException("a record too large to be received");
            }
            byte[] next = buffers.take();
            System.arraycopy(net, 0, next, 0, limit);
            net = next;
        }
        int count = in.read(net, limit, net.length - limit);
        limit += Math.max(0, count);
        return count > 0;
    }

    private void write(byte[] bytes, int from, int length) throws IOException {
        ByteBuffer source = ByteBuffer.wrap(bytes, from, length);
        byte[] record = buffers.take();
        try {
            while (source.hasRemaining()) {
                SSLEngineResult result = engine.wrap(source, ByteBuffer.wrap(record));
                if (result.getStatus() != SSLEngineResult.Status.OK) {
                    throw new SSLException("the TLS connection is closed");
                }
                out.write(record, 0, result.bytesProduced());
            }
        } finally {
            buffers.giveBack(record);
        }
    }

    /// What the handshake ended with.
    public TlsFacts facts() throws IOException {
        String protocol = engine.getSession().getProtocol();
        var bindings = new ArrayList<ChannelBinding>();
        if (protocol.equals("TLSv1.3")) {
            // In 1.2 it is sound only with an extension that neither provider tells of.
            bindings.add(new ChannelBinding("tls-exporter", context.provider().exporter(engine)));
        }
        bindings.addAll(context.endPoint());
        return new TlsFacts(
                protocol,
                engine.getSession().getCipherSuite(),
                context.provider().group(engine),
                serverName,
                clientCertificate(),
                bindings);
    }

    private Optional<ClientCertificate> clientCertificate() throws IOException {
        X509Certificate[] chain = peer();
        if (chain.length == 0) {
            return Optional.empty();
        }
        try {
            boolean isVerified = context.trust().believes(chain);
            return Optional.of(ClientCertificate.of(chain[0], isVerified));
        } catch (GeneralSecurityException e) {
            throw new IOException("a client certificate that cannot be read", e);
        }
    }

    private X509Certificate[] peer() {
        try {
            List<Certificate> chain = Arrays.asList(engine.getSession().getPeerCertificates());
            return chain.stream()
                    .filter(X509Certificate.class::isInstance)
                    .toArray(X509Certificate[]::new);
        } catch (SSLPeerUnverifiedException _) {
            return new X509Certificate[0];
        }
    }

    private final class Input extends InputStream {
        @Override
        public int read() throws IOException {
            byte[] one = new byte[1];
            return read(one, 0, 1) < 0 ? -1 : one[0] & 0xff;
        }

        @Override
        public int read(byte[] bytes, int from, int length) throws IOException {
            return TlsStream.this.read(bytes, from, length);
        }
    }

    private final class Output extends OutputStream {
        @Override
        public void write(int b) throws IOException {
            write(new byte[] {(byte) b}, 0, 1);
        }

        @Override
        public void write(byte[] bytes, int from, int length) throws IOException {
            TlsStream.this.write(bytes, from, length);
        }
    }
}
