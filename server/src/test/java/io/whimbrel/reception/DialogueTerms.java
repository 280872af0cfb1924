package io.whimbrel.reception;

import io.whimbrel.auth.AuthSettings;
import io.whimbrel.header.HeaderRules;
import io.whimbrel.mail.DomainPattern;
import io.whimbrel.mail.DsnPolicy;
import io.whimbrel.mail.MailStream;
import io.whimbrel.mail.Network;
import io.whimbrel.mail.PriorityClass;
import io.whimbrel.mail.Rate;
import io.whimbrel.policy.DoorCount;
import io.whimbrel.policy.DoorLimits;
import io.whimbrel.policy.DoorSettings;
import io.whimbrel.policy.InboundSettings;
import io.whimbrel.reception.ListenSettings.Access;
import io.whimbrel.reception.ListenSettings.Entrance;
import io.whimbrel.reception.ListenSettings.Handling;
import io.whimbrel.reception.ListenSettings.Proxies;
import io.whimbrel.tls.ServerTlsSettings;
import io.whimbrel.verification.VerificationSettings;

import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.time.Duration;
import java.util.ArrayList;
import java.util.EnumMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;
import java.util.Set;

/// The terms of a reception, as the `@` lines of a dialogue make them. Confined to one thread.
final class DialogueTerms {
    private static final List<Network> LOOPBACK = TestReception.networks("127.0.0.0/8");

    /// Shared by all dialogues, for certificates take time.
    private static final TestFiles FILES = TestFiles.temporary();

    private long size = 1 << 20;
    private int recipients = 100;
    private int errors = 20;
    private List<Network> relayFrom = LOOPBACK;
    private boolean isLmtp;
    private List<Network> proxies = List.of();
    private List<Network> xclients = List.of();
    private boolean isSubmission;
    private boolean mayControl;
    private int headerMax = HeaderRules.DEFAULT.bytesMax();
    private Optional<String> tenantHeader = Optional.empty();
    private TlsMode tls = TlsMode.NONE;
    private AuthSettings.Mode auth = AuthSettings.Mode.NONE;
    private Offered offered = Offered.DEFAULT;
    private Duration ban = Duration.ZERO;
    private boolean bansTrusted;
    private final Map<DoorCount, Rate> clientRates = new EnumMap<>(DoorCount.class);
    private final List<TenantTerms> tenants = new ArrayList<>();
    private final List<InboundSettings> inbound = new ArrayList<>();

    void add(String[] words) {
        switch (words[0]) {
            case "size" -> size = Long.parseLong(words[1]);
            case "recipients" -> recipients = Integer.parseInt(words[1]);
            case "errors" -> errors = Integer.parseInt(words[1]);
            case "stranger" -> relayFrom = List.of();
            case "relay-from" -> relayFrom = TestReception.networks(words[1]);
            case "lmtp" -> isLmtp = true;
            case "proxy" -> proxies = LOOPBACK;
            case "xclient" -> xclients = LOOPBACK;
            case "submission" -> isSubmission = true;
            case "control" -> mayControl = true;
            case "header" -> headerMax = Integer.parseInt(words[1]);
            case "tenant-header" -> tenantHeader = Optional.of("X-Tenant");
            case "tls" -> tls = TlsMode.valueOf(words[1].toUpperCase(Locale.ROOT));
            case "auth" -> auth = AuthSettings.Mode.valueOf(words[1].toUpperCase(Locale.ROOT));
            case "hold" -> offered = offered(Duration.ofSeconds(Long.parseLong(words[1])));
            case "offer-nothing" -> offered = Offered.NONE;
            case "deliver-by" -> offered = deliverBy(Long.parseLong(words[1]));
            default -> addPolicy(words);
        }
    }

    private void addPolicy(String[] words) {
        switch (words[0]) {
            case "tenant" -> tenants.add(new TenantTerms(words[1]));
            case "inbound" ->
                    inbound.add(new InboundSettings(DomainPattern.parse(words[1]).orElseThrow()));
            case "ban" -> ban = Duration.ofSeconds(Long.parseLong(words[1]));
            case "bans-trusted" -> bansTrusted = true;
            case "client-errors" -> rate(DoorCount.ERRORS, words[1]);
            case "client-unknown" -> rate(DoorCount.REFUSED_RECIPIENTS, words[1]);
            case "client-connections" -> rate(DoorCount.CONNECTIONS, words[1]);
            case "client-messages" -> rate(DoorCount.MESSAGES, words[1]);
            case "client-recipients" -> rate(DoorCount.RECIPIENTS, words[1]);
            // What else there is belongs to the tenant named last.
            default -> tenants.getLast().add(words);
        }
    }

    private void rate(DoorCount kind, String text) {
        clientRates.put(kind, Rate.parse(text).orElseThrow());
    }

    private Offered offered(Duration most) {
        return new Offered(false, Optional.of(most), true, offered.deliverBy());
    }

    private Offered deliverBy(long seconds) {
        return new Offered(
                false, offered.futureRelease(), true, Optional.of(Duration.ofSeconds(seconds)));
    }

    ReceptionSettings settings() {
        return new ReceptionSettings(
                List.of(listen()),
                tenants.stream().map(TenantTerms::settings).toList(),
                inbound,
                Set.of("p1", "vmta1"));
    }

    private ListenSettings listen() {
        var address = new InetSocketAddress(InetAddress.getLoopbackAddress(), 0);
        return new ListenSettings(
                TestReception.HOST,
                new Entrance(address, 0600, isLmtp, new Proxies(proxies, xclients), tls()),
                new Access(relayFrom, auth(), List.of(), door()),
                new Handling(
                        new MailStream("shop", "", PriorityClass.NORMAL),
                        Optional.of("X-Campaign"),
                        DsnPolicy.FULL,
                        new HeaderRules(headerMax, isSubmission, mayControl, tenantHeader),
                        offered,
                        VerificationSettings.NONE),
                TestReception.limits(size, recipients, errors));
    }

    private ListenTls tls() {
        return tls == TlsMode.NONE
                ? ListenTls.NONE
                : new ListenTls(tls, Optional.of(ServerTlsSettings.of(FILES.certificate("mx"))));
    }

    private AuthSettings auth() {
        return auth == AuthSettings.Mode.NONE
                ? AuthSettings.NONE
                : TestReception.auth(auth, FILES.users());
    }

    private DoorSettings door() {
        var limits =
                new DoorLimits(
                        clientRates,
                        Map.of(),
                        Map.of(),
                        Duration.ZERO,
                        ban,
                        bansTrusted,
                        List.of());
        return new DoorSettings(limits, List.of(), false, false);
    }
}
