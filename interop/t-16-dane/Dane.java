import io.whimbrel.dns.AddressAnswer;
import io.whimbrel.dns.DnsSettings;
import io.whimbrel.dns.MxAnswer;
import io.whimbrel.dns.Resolver;
import io.whimbrel.transport.DaneRecords;
import io.whimbrel.transport.DaneTarget;
import io.whimbrel.transport.DaneTrust;

import java.io.BufferedReader;
import java.io.IOException;
import java.io.InputStreamReader;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.Socket;
import java.nio.charset.StandardCharsets;
import java.security.GeneralSecurityException;
import java.security.cert.X509Certificate;
import java.time.Duration;
import java.time.Instant;
import java.util.Arrays;
import java.util.List;

import javax.net.ssl.SSLContext;
import javax.net.ssl.SSLSocket;
import javax.net.ssl.TrustManager;
import javax.net.ssl.X509TrustManager;

/// Says what Whimbrel's resolver and DANE make of domains, one line for each host; where there are
/// records that can be used, shakes hands with the host by STARTTLS and checks its chain.
///
/// Arguments: port of the resolver, port of the hosts, `ad` or `off`, domains. Lines: domain, MX
/// (`secure`, `insecure`, `failed`), host, its final name, DANE (`Usable` ...), base domain, verdict.
public final class Dane {
    private static final InetAddress LOOPBACK = InetAddress.ofLiteral("127.0.0.1");

    private Dane() {}

    public static void main(String[] words) throws Exception {
        var server = new InetSocketAddress(LOOPBACK, Integer.parseInt(words[0]));
        int port = Integer.parseInt(words[1]);
        var dnssec = words[2].equals("ad") ? DnsSettings.Dnssec.AD : DnsSettings.Dnssec.OFF;
        var settings =
                new DnsSettings(
                        List.of(server),
                        Duration.ofSeconds(3),
                        1 << 20,
                        10,
                        Duration.ofHours(1),
                        dnssec,
                        List.of());
        var resolver = new Resolver(settings, Instant::now);
        for (String domain : Arrays.asList(words).subList(3, words.length)) {
            switch (resolver.mx(domain)) {
                case MxAnswer.Hosts found -> {
                    for (MxAnswer.MxHost host : found.hosts()) {
                        tell(resolver, domain, found, host.host(), port);
                    }
                }
                case MxAnswer other -> say(domain, "failed", other.toString());
            }
        }
    }

    private static void tell(
            Resolver resolver, String domain, MxAnswer.Hosts mx, String host, int port)
            throws IOException, GeneralSecurityException {
        String last =
                resolver.ipv4(host) instanceof AddressAnswer.Addresses found
                        ? found.canonicalName() + (found.isSecure() ? "/secure" : "/insecure")
                        : "-";
        String secure = mx.isSecure() ? "secure" : "insecure";
        var target = DaneTarget.of(host, port, domain, mx);
        switch (DaneRecords.find(resolver, target)) {
            case DaneRecords.NotUsed(String why) -> say(domain, secure, host, last, "NotUsed", why);
            case DaneRecords.Failed(String text) -> say(domain, secure, host, last, "Failed", text);
            case DaneRecords.Unusable unusable ->
                    say(domain, secure, host, last, "Unusable", unusable.baseDomain());
            case DaneRecords.Usable usable -> {
                String verdict =
                        DaneTrust.verify(chain(port), usable, Instant.now()).orElse("authenticated");
                say(domain, secure, host, last, "Usable", usable.baseDomain(), verdict);
            }
        }
    }

    private static void say(String... words) {
        System.out.println(String.join("\t", words));
    }

    private static List<X509Certificate> chain(int port)
            throws IOException, GeneralSecurityException {
        var context = SSLContext.getInstance("TLS");
        context.init(null, new TrustManager[] {new Any()}, null);
        try (var plain = new Socket(LOOPBACK, port)) {
            plain.setSoTimeout(20_000);
            var in =
                    new BufferedReader(
                            new InputStreamReader(plain.getInputStream(), StandardCharsets.UTF_8));
            read(in);
            send(plain, in, "EHLO client.test\r\n");
            send(plain, in, "STARTTLS\r\n");
            var tls = (SSLSocket) context.getSocketFactory().createSocket(plain, "mx", port, true);
            tls.startHandshake();
            return Arrays.stream(tls.getSession().getPeerCertificates())
                    .map(X509Certificate.class::cast)
                    .toList();
        }
    }

    private static void send(Socket socket, BufferedReader in, String line) throws IOException {
        socket.getOutputStream().write(line.getBytes(StandardCharsets.UTF_8));
        read(in);
    }

    private static void read(BufferedReader in) throws IOException {
        String line;
        do {
            line = in.readLine();
            if (line == null || !line.startsWith("2")) {
                throw new IOException("the host said " + line);
            }
        } while (line.charAt(3) == '-');
    }

    private static final class Any implements X509TrustManager {
        @Override
        public void checkClientTrusted(X509Certificate[] chain, String type) {}

        @Override
        public void checkServerTrusted(X509Certificate[] chain, String type) {}

        @Override
        public X509Certificate[] getAcceptedIssuers() {
            return new X509Certificate[0];
        }
    }
}
