package io.whimbrel.dns;

import org.xbill.DNS.DClass;
import org.xbill.DNS.Flags;
import org.xbill.DNS.Message;
import org.xbill.DNS.Name;
import org.xbill.DNS.Rcode;
import org.xbill.DNS.Record;
import org.xbill.DNS.SOARecord;
import org.xbill.DNS.Section;
import org.xbill.DNS.TextParseException;
import org.xbill.DNS.Type;

import java.io.DataInputStream;
import java.io.DataOutputStream;
import java.io.IOException;
import java.net.DatagramPacket;
import java.net.DatagramSocket;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.ServerSocket;
import java.net.Socket;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.atomic.AtomicInteger;

/// A name server on loopback, by UDP and TCP, that knows what it is told. Names that nobody has
/// told it about do not exist.
public final class TestNameServer implements AutoCloseable {
    private static final int NEGATIVE_SECONDS = 120;

    private final DatagramSocket udp;
    private final ServerSocket tcp;
    private final Map<Name, List<Record>> zone = new ConcurrentHashMap<>();
    private final AtomicInteger questions = new AtomicInteger();
    private final AtomicInteger tcpQuestions = new AtomicInteger();
    private final Set<Name> insecure = ConcurrentHashMap.newKeySet();
    private final Set<Name> failing = ConcurrentHashMap.newKeySet();
    private final Set<Name> silent = ConcurrentHashMap.newKeySet();
    private volatile boolean isValidating;
    private volatile CountDownLatch gate = new CountDownLatch(0);
    private volatile Mood mood = Mood.WELL;

    /// How the server behaves.
    public enum Mood {
        WELL,
        SERVFAIL,
        /// Names the servers of the root, as one does that is no resolver.
        REFERS,
        SILENT,
        /// Answers by UDP are cut.
        TRUNCATES,
        /// Knows no EDNS.
        OLD
    }

    public TestNameServer() {
        try {
            InetAddress loopback = InetAddress.ofLiteral("127.0.0.1");
            tcp = new ServerSocket(0, 50, loopback);
            udp = new DatagramSocket(tcp.getLocalPort(), loopback);
        } catch (IOException e) {
            throw new IllegalStateException(e);
        }
        Thread.ofVirtual().start(this::serveUdp);
        Thread.ofVirtual().start(this::serveTcp);
    }

    /// Adds a record as a zone file has it: `example.test. 300 IN MX 10 mx.example.test.`.
    public TestNameServer with(String line) {
        String[] words = line.split(" +", 5);
        try {
            Name name = Name.fromString(words[0]);
            int type = Type.value(words[3]);
            Record record =
                    Record.fromString(
                            name, type, DClass.IN, Long.parseLong(words[1]), words[4], Name.root);
            zone.computeIfAbsent(name, _ -> new ArrayList<>()).add(record);
        } catch (IOException e) {
            throw new IllegalArgumentException(line, e);
        }
        return this;
    }

    /// The name exists, with nothing at it.
    public TestNameServer withEmpty(String name) {
        zone.put(name(name), new ArrayList<>());
        return this;
    }

    /// From now on answers say that they were validated, where the question asks for that.
    public TestNameServer validating() {
        isValidating = true;
        return this;
    }

    /// The name is in a zone without signatures.
    public TestNameServer insecure(String name) {
        insecure.add(name(name));
        return this;
    }

    /// The name is in a zone with wrong signatures.
    public TestNameServer bogus(String name) {
        failing.add(name(name));
        return this;
    }

    /// The name is in a zone whose servers are dead: nothing is answered about it.
    public TestNameServer silent(String name) {
        silent.add(name(name));
        return this;
    }

    /// Nothing is answered until the latch is open.
    public void gate(CountDownLatch latch) {
        gate = latch;
    }

    public void forget(String name) {
        zone.remove(name(name));
    }

    public void mood(Mood newMood) {
        mood = newMood;
    }

    public int questions() {
        return questions.get();
    }

    public int tcpQuestions() {
        return tcpQuestions.get();
    }

    /// Settings that ask this server.
    public DnsSettings settings() {
        var address = new InetSocketAddress(tcp.getInetAddress(), tcp.getLocalPort());
        return new DnsSettings(List.of(address), Duration.ofMillis(500));
    }

    /// Settings that ask this server and believe that it validates.
    public DnsSettings trusting() {
        DnsSettings plain = settings();
        return new DnsSettings(
                plain.servers(),
                plain.timeout(),
                plain.cacheBytesMax(),
                plain.questionsMax(),
                plain.serveStale(),
                DnsSettings.Dnssec.AD,
                List.of());
    }

    @Override
    public void close() {
        udp.close();
        try {
            tcp.close();
        } catch (IOException _) {
            // The test is over.
        }
    }

    private void serveUdp() {
        try {
            while (true) {
                var packet = new DatagramPacket(new byte[4096], 4096);
                udp.receive(packet);
                var bytes = Arrays.copyOf(packet.getData(), packet.getLength());
                byte[] answer = answer(bytes, true);
                if (answer.length > 0) {
                    udp.send(new DatagramPacket(answer, answer.length, packet.getSocketAddress()));
                }
            }
        } catch (IOException _) {
            // Closed.
        }
    }

    private void serveTcp() {
        try {
            while (true) {
                Socket socket = tcp.accept();
                Thread.ofVirtual().start(() -> serveTcp(socket));
            }
        } catch (IOException _) {
            // Closed.
        }
    }

    private void serveTcp(Socket socket) {
        try (socket) {
            var in = new DataInputStream(socket.getInputStream());
            var out = new DataOutputStream(socket.getOutputStream());
            while (true) {
                var bytes = new byte[in.readUnsignedShort()];
                in.readFully(bytes);
                tcpQuestions.incrementAndGet();
                byte[] answer = answer(bytes, false);
                out.writeShort(answer.length);
                out.write(answer);
                out.flush();
            }
        } catch (IOException _) {
            // The client is done.
        }
    }

    private byte[] answer(byte[] bytes, boolean isUdp) throws IOException {
        questions.incrementAndGet();
        try {
            gate.await();
        } catch (InterruptedException e) {
            throw new IOException(e);
        }
        var query = new Message(bytes);
        if (silent.contains(query.getQuestion().getName())) {
            return new byte[0];
        }
        var answer = new Message(query.getHeader().getID());
        answer.getHeader().setFlag(Flags.QR);
        answer.getHeader().setFlag(Flags.RA);
        answer.addRecord(query.getQuestion(), Section.QUESTION);
        switch (mood) {
            case SILENT -> {
                return new byte[0];
            }
            case REFERS ->
                    answer.addRecord(
                            Record.fromString(
                                    Name.root,
                                    Type.NS,
                                    DClass.IN,
                                    300,
                                    "a.root-servers.net.",
                                    Name.root),
                            Section.AUTHORITY);
            case SERVFAIL -> answer.getHeader().setRcode(Rcode.SERVFAIL);
            case TRUNCATES -> {
                if (isUdp) {
                    answer.getHeader().setFlag(Flags.TC);
                } else {
                    fill(answer, query.getQuestion());
                }
            }
            case OLD -> {
                if (query.getOPT() != null) {
                    answer.getHeader().setRcode(Rcode.FORMERR);
                } else {
                    fill(answer, query.getQuestion());
                }
            }
            case WELL -> fill(answer, query.getQuestion());
        }
        boolean isAsked = query.getHeader().getFlag(Flags.AD);
        if (isValidating && isAsked && !insecure.contains(query.getQuestion().getName())) {
            answer.getHeader().setFlag(Flags.AD);
        }
        return answer.toWire();
    }

    private void fill(Message answer, Record question) {
        Name name = question.getName();
        if (failing.contains(name)) {
            answer.getHeader().setRcode(Rcode.SERVFAIL);
            return;
        }
        if (!zone.containsKey(name)) {
            answer.getHeader().setRcode(Rcode.NXDOMAIN);
        }
        boolean isFound = false;
        for (Record record : zone.getOrDefault(name, List.of())) {
            if (record.getType() == question.getType() || record.getType() == Type.CNAME) {
                answer.addRecord(record, Section.ANSWER);
                isFound = true;
            }
        }
        if (!isFound) {
            answer.addRecord(soa(), Section.AUTHORITY);
        }
    }

    private static Record soa() {
        return new SOARecord(
                Name.root,
                DClass.IN,
                3600,
                name("ns.test."),
                name("hostmaster.test."),
                1,
                3600,
                600,
                86_400,
                NEGATIVE_SECONDS);
    }

    private static Name name(String text) {
        try {
            return Name.fromString(text);
        } catch (TextParseException e) {
            throw new IllegalArgumentException(text, e);
        }
    }
}
