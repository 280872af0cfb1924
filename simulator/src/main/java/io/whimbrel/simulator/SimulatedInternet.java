package io.whimbrel.simulator;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.ServerSocket;
import java.net.Socket;
import java.security.cert.X509Certificate;
import java.time.Duration;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Semaphore;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicLong;

import javax.net.ssl.SSLContext;

/// A small internet on loopback: one name server that knows all names, and mailbox providers on
/// addresses of their own. Thread-safe.
public final class SimulatedInternet implements AutoCloseable {
    private static final int CONNECTIONS_MAX = 20_000;
    private static final Duration CLOSE_WITHIN = Duration.ofSeconds(5);

    private final SimulatorOptions options;
    private final List<Provider> providers;
    private final X509Certificate trustAnchor;
    private final Ledger ledger;
    private final SmtpSockets smtp;
    private final DnsServer dns;
    private final ExecutorService threads =
            Executors.newThreadPerTaskExecutor(Thread.ofVirtual().name("simulator-", 1).factory());
    private final Semaphore connectionPermits = new Semaphore(CONNECTIONS_MAX);
    private final AtomicLong connections = new AtomicLong();

    private SimulatedInternet(SimulatorOptions options) throws IOException {
        this.options = options;
        CertificateAuthority authority = CertificateAuthority.create();
        this.trustAnchor = authority.certificate();
        this.providers = settle(options, authority);
        this.ledger = new Ledger(options.clock(), options.keptMessages(), options.log());
        try {
            this.smtp = SmtpSockets.bind(listening(), options.smtpPort());
        } catch (IOException e) {
            ledger.close();
            throw e;
        }
        try {
            this.dns = DnsServer.bind(options.dnsPort(), zones());
        } catch (IOException e) {
            smtp.close();
            ledger.close();
            throw e;
        }
    }

    /// Returns once DNS and all providers accept connections. Providers with a host at `::1` are
    /// left out where the machine has no IPv6. Fails if a port asked for is taken.
    public static SimulatedInternet start(SimulatorOptions options) throws IOException {
        var internet = new SimulatedInternet(options);
        internet.serve();
        return internet;
    }

    private static List<Provider> settle(SimulatorOptions options, CertificateAuthority authority)
            throws IOException {
        boolean ipv6 = hasIpv6();
        var settled = new ArrayList<Provider>();
        for (ProviderSpec spec : options.catalogue().providers()) {
            boolean needsIpv6 =
                    spec.hosts().stream().anyMatch(host -> host.kind() == MailHost.Kind.IPV6);
            if (ipv6 || !needsIpv6) {
                var desk = new Desk(spec.personality(), options.clock(), options.seed());
                var endpoints = place(spec.hosts(), settled.size() + 1);
                settled.add(new Provider(spec, endpoints, tls(spec, authority), desk));
            }
        }
        return List.copyOf(settled);
    }

    private static boolean hasIpv6() {
        try (var socket = new ServerSocket(0, 1, InetAddress.ofLiteral("::1"))) {
            return socket.isBound();
        } catch (IOException _) {
            // Whatever the reason: mail cannot be sent there either.
            return false;
        }
    }

    /// Provider `number` lives in 127.77.number.0/24.
    private static List<Provider.Endpoint> place(List<MailHost> hosts, int number) {
        var endpoints = new ArrayList<Provider.Endpoint>();
        for (MailHost host : hosts) {
            for (int i = 0; i < host.addresses(); i++) {
                int last = endpoints.size() + 1;
                if (last > 254) {
                    throw new IllegalArgumentException(
                            "a provider has 254 addresses at most; too many at " + host.name());
                }
                String address =
                        host.kind() == MailHost.Kind.IPV6 ? "::1" : "127.77." + number + "." + last;
                endpoints.add(new Provider.Endpoint(host, InetAddress.ofLiteral(address)));
            }
        }
        return endpoints;
    }

    private static Optional<SSLContext> tls(ProviderSpec spec, CertificateAuthority authority)
            throws IOException {
        List<String> names = spec.hosts().stream().map(MailHost::name).toList();
        return switch (spec.tls()) {
            case NONE, BROKEN -> Optional.empty();
            case GOOD -> Optional.of(authority.serverContext(names, false));
            case EXPIRED -> Optional.of(authority.serverContext(names, true));
            case WRONG_NAME ->
                    Optional.of(authority.serverContext(List.of("wrong.name.test"), false));
        };
    }

    private List<InetAddress> listening() {
        var addresses = new ArrayList<InetAddress>();
        for (Provider provider : providers) {
            addresses.addAll(provider.addresses());
        }
        return addresses;
    }

    private DnsZones zones() {
        var zones = new DnsZones();
        Map<String, List<InetAddress>> hosts = new HashMap<>();
        for (Provider provider : providers) {
            for (Provider.Endpoint endpoint : provider.endpoints()) {
                hosts.computeIfAbsent(endpoint.host().name(), _ -> new ArrayList<>())
                        .add(endpoint.address());
            }
        }
        hosts.forEach(zones::addHost);
        for (Provider provider : providers) {
            for (MailDomain domain : provider.spec().domains()) {
                zones.addDomain(domain, hosts);
            }
        }
        for (MailDomain stray : options.catalogue().strays()) {
            zones.addDomain(stray, hosts);
        }
        return zones;
    }

    private void serve() {
        dns.serve(threads);
        int next = 0;
        for (Provider provider : providers) {
            for (Provider.Endpoint endpoint : provider.endpoints()) {
                if (endpoint.listens()) {
                    String host = endpoint.host().name();
                    ServerSocket socket = smtp.sockets().get(next++);
                    new Acceptor(
                                    socket,
                                    connectionPermits,
                                    threads,
                                    client -> converse(provider, host, client))
                            .start();
                }
            }
        }
    }

    private void converse(Provider provider, String host, Socket client) {
        try {
            new SmtpSession(this, provider, host, client).run();
        } catch (IOException e) {
            throw new UncheckedIOException("accepted socket has no streams", e);
        }
    }

    /// The authoritative name server, UDP and TCP.
    public InetSocketAddress dnsServer() {
        return dns.address();
    }

    /// Queries that the name server has received.
    public long dnsQueries() {
        return dns.queries();
    }

    /// The port that all mail hosts listen on, each on its own address.
    public int smtpPort() {
        return smtp.port();
    }

    /// In the order of the catalogue.
    public List<Provider> providers() {
        return providers;
    }

    /// The provider of that name; fails if there is none.
    public Provider provider(String name) {
        for (Provider provider : providers) {
            if (provider.name().equals(name)) {
                return provider;
            }
        }
        throw new IllegalArgumentException("no provider is called " + name);
    }

    /// The provider that takes mail for `domain`, if any.
    public Optional<Provider> providerOf(String domain) {
        for (Provider provider : providers) {
            if (provider.hosts(domain)) {
                return Optional.of(provider);
            }
        }
        return Optional.empty();
    }

    /// What becomes of mail to `address` in the end, when each message has one recipient at the
    /// provider. For addresses with a domain, and for names of the catalogue or names that do not
    /// exist.
    public Fate fateOf(String address) {
        String domain = address.substring(address.lastIndexOf('@') + 1);
        Optional<Provider> provider = providerOf(domain);
        if (provider.isPresent()) {
            return provider.get().spec().personality().fateOf(address, options.seed());
        }
        for (MailDomain stray : options.catalogue().strays()) {
            if (Provider.covers(stray.name(), Provider.ascii(domain))) {
                return switch (stray) {
                    case MailDomain.NullMx _ -> Fate.BOUNCED;
                    case MailDomain.ServerFailure _, MailDomain.Silent _ -> Fate.DEFERRED;
                    case MailDomain.WithMx _, MailDomain.WithoutMx _, MailDomain.Alias _ ->
                            Fate.UNDECIDED;
                };
            }
        }
        return Fate.BOUNCED;
    }

    /// All providers together.
    public ProviderCounters totals() {
        ProviderCounters sum = ProviderCounters.ZERO;
        for (Provider provider : providers) {
            sum = sum.plus(provider.counters());
        }
        return sum;
    }

    /// The accepted messages that are kept ([SimulatorOptions#keptMessages]), oldest first.
    public List<KeptMessage> keptMessages() {
        return ledger.kept();
    }

    /// Waits until `recipients` were accepted since the start, at all providers together, for
    /// `most` of real time at the longest. Whether they were.
    public boolean awaitAccepted(int recipients, Duration most) throws InterruptedException {
        return ledger.awaitAccepted(recipients, most);
    }

    /// The issuer of all certificates here.
    public X509Certificate trustAnchor() {
        return trustAnchor;
    }

    SimulatorClock clock() {
        return options.clock();
    }

    Ledger ledger() {
        return ledger;
    }

    long nextConnection() {
        return connections.incrementAndGet();
    }

    /// Closes all sockets and waits for the conversations to end, 5 s at most. Counters stay
    /// readable.
    @Override
    public void close() throws IOException {
        smtp.close();
        dns.close();
        // Interrupting a virtual thread also closes the socket it waits for.
        threads.shutdownNow();
        try {
            if (!threads.awaitTermination(CLOSE_WITHIN.toMillis(), TimeUnit.MILLISECONDS)) {
                throw new IOException("conversations did not end within " + CLOSE_WITHIN);
            }
        } catch (InterruptedException _) {
            Thread.currentThread().interrupt();
        }
        ledger.close();
    }
}
