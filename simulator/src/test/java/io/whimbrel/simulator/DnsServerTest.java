package io.whimbrel.simulator;

import static org.assertj.core.api.Assertions.assertThat;

import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.xbill.DNS.DClass;
import org.xbill.DNS.Flags;
import org.xbill.DNS.Message;
import org.xbill.DNS.Name;
import org.xbill.DNS.Rcode;
import org.xbill.DNS.Record;
import org.xbill.DNS.Section;
import org.xbill.DNS.SimpleResolver;
import org.xbill.DNS.Type;

import java.io.IOException;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Random;

class DnsServerTest {
    private static SimulatedInternet internet;

    @BeforeAll
    static void start() throws IOException {
        internet = SimulatedInternet.start(SimulatorOptions.of(Catalogue.standard(100)));
    }

    @AfterAll
    static void stop() throws IOException {
        internet.close();
    }

    private static Message query(String name, int type) throws IOException {
        return Message.newQuery(
                Record.newRecord(Name.fromString(name, Name.root), type, DClass.IN));
    }

    private static SimpleResolver resolver() {
        var resolver = new SimpleResolver(internet.dnsServer());
        resolver.setTimeout(Duration.ofSeconds(10));
        return resolver;
    }

    private static Message ask(String name, int type) throws IOException {
        return resolver().send(query(name, type));
    }

    private static List<String> answers(Message message) {
        var answers = new ArrayList<String>();
        for (Record record : message.getSection(Section.ANSWER)) {
            answers.add(
                    record.getName()
                            + " "
                            + Type.string(record.getType())
                            + " "
                            + record.rdataToString());
        }
        return answers;
    }

    @Test
    void mx_isAnsweredWithAuthority() throws IOException {
        Message answer = ask("GMAIL.example", Type.MX);
        assertThat(answer.getHeader().getFlag(Flags.AA)).isTrue();
        assertThat(answers(answer))
                .containsExactly(
                        "GMAIL.example. MX 5 gmail-smtp-in.l.google.example.",
                        "GMAIL.example. MX 10 alt1.gmail-smtp-in.l.google.example.",
                        "GMAIL.example. MX 20 alt2.gmail-smtp-in.l.google.example.",
                        "GMAIL.example. MX 30 alt3.gmail-smtp-in.l.google.example.",
                        "GMAIL.example. MX 40 alt4.gmail-smtp-in.l.google.example.");
    }

    @Test
    void host_hasItsAddressesAndReverseName() throws IOException {
        String host = "outlook-example.olc.protection.outlook.example";
        assertThat(answers(ask(host, Type.A)))
                .containsExactly(host + ". A 127.77.2.1", host + ". A 127.77.2.2");
        assertThat(answers(ask("1.2.77.127.in-addr.arpa", Type.PTR)))
                .containsExactly("1.2.77.127.in-addr.arpa. PTR " + host + ".");
    }

    @Test
    void unknownName_isNxdomainWithSoa() throws IOException {
        Message answer = ask("absent.gmail.example", Type.MX);
        assertThat(answer.getRcode()).isEqualTo(Rcode.NXDOMAIN);
        assertThat(answer.getSection(Section.AUTHORITY)).hasSize(1);
        assertThat(answer.getSection(Section.AUTHORITY).getFirst().getName())
                .hasToString("gmail.example.");
        assertThat(ask("nowhere.invalid", Type.A).getRcode()).isEqualTo(Rcode.NXDOMAIN);
    }

    @Test
    void knownName_withoutTheType_isEmptyWithSoa() throws IOException {
        Message answer = ask("gmail.example", Type.A);
        assertThat(answer.getRcode()).isEqualTo(Rcode.NOERROR);
        assertThat(answers(answer)).isEmpty();
        assertThat(answer.getSection(Section.AUTHORITY).getFirst().getType()).isEqualTo(Type.SOA);
        assertThat(ask("l.google.example", Type.MX).getRcode()).isEqualTo(Rcode.NOERROR);
    }

    @Test
    void alias_isFollowed() throws IOException {
        assertThat(answers(ask("alias.example", Type.MX)))
                .containsExactly(
                        "alias.example. CNAME canonical.example.",
                        "canonical.example. MX 10 mx.canonical.example.");
    }

    @Test
    void aliasLoop_endsWithoutRecords() throws IOException {
        Message answer = ask("loop-a.example", Type.MX);
        assertThat(answer.getRcode()).isEqualTo(Rcode.NOERROR);
        assertThat(answers(answer)).allMatch(record -> record.contains(" CNAME "));
    }

    @Test
    void wildcard_coversNamesBelow() throws IOException {
        assertThat(answers(ask("d4711.many.example", Type.MX)))
                .containsExactly("d4711.many.example. MX 10 mx.mailhost.example.");
        assertThat(ask("many.example", Type.MX).getRcode()).isEqualTo(Rcode.NOERROR);
        assertThat(answers(ask("d4711.many.example", Type.A))).isEmpty();
    }

    @Test
    void oddDomains_answerAsDescribed() throws IOException {
        assertThat(answers(ask("nullmx.example", Type.MX)))
                .containsExactly("nullmx.example. MX 0 .");
        assertThat(ask("servfail.example", Type.MX).getRcode()).isEqualTo(Rcode.SERVFAIL);
        assertThat(ask("mx.servfail.example", Type.A).getRcode()).isEqualTo(Rcode.SERVFAIL);
        assertThat(answers(ask("no-mx.example", Type.MX))).isEmpty();
        assertThat(answers(ask("no-mx.example", Type.A))).hasSize(1);
    }

    @Test
    void silentDomain_isNotAnswered() throws IOException {
        try (var dns = DnsServer.bind(0, silentZones())) {
            assertThat(dns.answer(query("silent.example", Type.MX).toWire(), true)).isEmpty();
            assertThat(dns.answer(query("mx.silent.example", Type.A).toWire(), false)).isEmpty();
            assertThat(dns.answer(query("else.example", Type.A).toWire(), true)).isPresent();
        }
    }

    private static DnsZones silentZones() {
        var zones = new DnsZones();
        zones.addDomain(new MailDomain.Silent("silent.example"), Map.of());
        return zones;
    }

    @Test
    void ipv6Host_hasAaaaOnly() throws IOException {
        assertThat(answers(ask("ipv6.example", Type.MX)).isEmpty())
                .isEqualTo(internet.providerOf("ipv6.example").isEmpty());
        if (internet.providerOf("ipv6.example").isPresent()) {
            assertThat(answers(ask("mx.ipv6.example", Type.AAAA)))
                    .containsExactly("mx.ipv6.example. AAAA 0:0:0:0:0:0:0:1");
            assertThat(answers(ask("mx.ipv6.example", Type.A))).isEmpty();
        }
    }

    @Test
    void answerTooBigForUdp_isTruncatedAndCompleteOverTcp() throws IOException {
        var udpOnly = resolver();
        udpOnly.setIgnoreTruncation(true);
        Message truncated = udpOnly.send(query("crowded.example", Type.MX));
        assertThat(truncated.getHeader().getFlag(Flags.TC)).isTrue();
        assertThat(truncated.numBytes()).isLessThanOrEqualTo(1_232);
        var withoutEdns = resolver();
        withoutEdns.setIgnoreTruncation(true);
        withoutEdns.setEDNS(-1);
        Message small = withoutEdns.send(query("crowded.example", Type.MX));
        assertThat(small.numBytes()).isLessThanOrEqualTo(512);
        assertThat(answers(ask("crowded.example", Type.MX))).hasSize(60);
    }

    @Test
    void garbage_isDropped() throws IOException {
        long seed = 20260101;
        var random = new Random(seed);
        byte[] valid = query("gmail.example", Type.MX).toWire();
        try (var dns = DnsServer.bind(0, silentZones())) {
            for (int round = 0; round < 20_000; round++) {
                byte[] packet = random.nextBoolean() ? valid.clone() : bytes(random);
                for (int flips = random.nextInt(4); flips > 0 && packet.length > 0; flips--) {
                    packet[random.nextInt(packet.length)] = (byte) random.nextInt();
                }
                dns.answer(packet, random.nextBoolean())
                        .ifPresent(answer ->
                                assertThat(answer.length)
                                        .as("seed %d", seed)
                                        .isGreaterThanOrEqualTo(12));
            }
        }
    }

    private static byte[] bytes(Random random) {
        var bytes = new byte[random.nextInt(80)];
        random.nextBytes(bytes);
        return bytes;
    }
}
