package io.whimbrel.simulator;

import org.xbill.DNS.Flags;
import org.xbill.DNS.Message;
import org.xbill.DNS.OPTRecord;

import java.io.DataInputStream;
import java.io.DataOutputStream;
import java.io.IOException;
import java.net.DatagramPacket;
import java.net.DatagramSocket;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.ServerSocket;
import java.net.Socket;
import java.util.Arrays;
import java.util.Optional;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Semaphore;
import java.util.concurrent.atomic.LongAdder;

/// An authoritative name server on 127.0.0.1, UDP and TCP on one port (RFC 1035 §4.2). Answers that
/// do not fit a datagram are truncated, so that the client comes back over TCP. Thread-safe.
final class DnsServer implements AutoCloseable {
    private static final int UDP_BYTES_WITHOUT_EDNS = 512;
    private static final int MESSAGE_BYTES_MAX = 65_535;
    private static final int TCP_CONNECTIONS_MAX = 64;
    private static final int TCP_IDLE_MILLIS = 10_000;
    private static final int PORTS_TRIED_MAX = 50;

    private final DatagramSocket udp;
    private final ServerSocket tcp;
    private final DnsZones zones;
    private final Semaphore tcpPermits = new Semaphore(TCP_CONNECTIONS_MAX);
    private final LongAdder queries = new LongAdder();

    private DnsServer(DatagramSocket udp, ServerSocket tcp, DnsZones zones) {
        this.udp = udp;
        this.tcp = tcp;
        this.zones = zones;
    }

    /// Binds `port`, or a free one if it is 0. Answers nothing before [#serve].
    static DnsServer bind(int port, DnsZones zones) throws IOException {
        InetAddress address = InetAddress.ofLiteral("127.0.0.1");
        for (int tried = 1; ; tried++) {
            var tcp = new ServerSocket(port, 128, address);
            try {
                return new DnsServer(new DatagramSocket(tcp.getLocalPort(), address), tcp, zones);
            } catch (IOException e) {
                // Free for TCP does not mean free for UDP.
                tcp.close();
                if (port != 0 || tried == PORTS_TRIED_MAX) {
                    throw e;
                }
            }
        }
    }

    InetSocketAddress address() {
        return new InetSocketAddress(tcp.getInetAddress(), tcp.getLocalPort());
    }

    /// Queries received so far, over UDP and TCP.
    long queries() {
        return queries.sum();
    }

    void serve(ExecutorService threads) {
        threads.execute(this::serveUdp);
        new Acceptor(tcp, tcpPermits, threads, this::serve).start();
    }

    private void serveUdp() {
        var packet = new DatagramPacket(new byte[MESSAGE_BYTES_MAX], MESSAGE_BYTES_MAX);
        while (!udp.isClosed()) {
            try {
                packet.setLength(MESSAGE_BYTES_MAX);
                udp.receive(packet);
                Optional<byte[]> answer =
                        answer(Arrays.copyOf(packet.getData(), packet.getLength()), true);
                if (answer.isPresent()) {
                    udp.send(
                            new DatagramPacket(
                                    answer.get(), answer.get().length, packet.getSocketAddress()));
                }
            } catch (IOException _) {
                // Closed, which the loop sees; or one answer could not be sent, which UDP allows.
            }
        }
    }

    private void serve(Socket client) {
        try {
            client.setSoTimeout(TCP_IDLE_MILLIS);
            var in = new DataInputStream(client.getInputStream());
            var out = new DataOutputStream(client.getOutputStream());
            while (true) {
                byte[] query = in.readNBytes(in.readUnsignedShort());
                Optional<byte[]> answer = answer(query, false);
                if (answer.isPresent()) {
                    var framed = new byte[answer.get().length + 2];
                    framed[0] = (byte) (answer.get().length >> 8);
                    framed[1] = (byte) answer.get().length;
                    System.arraycopy(answer.get(), 0, framed, 2, answer.get().length);
                    out.write(framed);
                }
            }
        } catch (IOException _) {
            // The client has left or idles: both end the connection.
        }
    }

    /// Empty for what is no query, and where silence is the answer.
    Optional<byte[]> answer(byte[] wire, boolean overUdp) {
        queries.increment();
        try {
            var query = new Message(wire);
            if (query.getHeader().getFlag(Flags.QR)) {
                return Optional.empty();
            }
            int bytesMax = overUdp ? udpBytesMax(query) : MESSAGE_BYTES_MAX;
            return zones.answer(query).map(answer -> answer.toWire(bytesMax));
        } catch (IOException | IllegalArgumentException _) {
            // dnsjava's two ways to say that a packet makes no sense; name servers drop garbage.
            return Optional.empty();
        }
    }

    private static int udpBytesMax(Message query) {
        OPTRecord edns = query.getOPT();
        int offered = edns == null ? 0 : edns.getPayloadSize();
        return Math.clamp(offered, UDP_BYTES_WITHOUT_EDNS, DnsZones.UDP_BYTES_MAX);
    }

    @Override
    public void close() throws IOException {
        udp.close();
        tcp.close();
    }
}
