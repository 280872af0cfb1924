package io.whimbrel.reception;

import io.whimbrel.header.HeaderRules;
import io.whimbrel.mail.DsnPolicy;
import io.whimbrel.mail.MailStream;
import io.whimbrel.mail.Network;
import io.whimbrel.mail.PriorityClass;
import io.whimbrel.reception.ListenSettings.Access;
import io.whimbrel.reception.ListenSettings.Entrance;
import io.whimbrel.reception.ListenSettings.Handling;
import io.whimbrel.reception.ListenSettings.Proxies;
import io.whimbrel.verification.VerificationSettings;

import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.util.List;
import java.util.Optional;

/// The terms of a listener, as the `@` lines of a dialogue make them.
final class DialogueTerms {
    private static final List<Network> LOOPBACK = TestReception.networks("127.0.0.0/8");

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
            default -> throw new AssertionError("what is this: " + String.join(" ", words));
        }
    }

    ListenSettings settings() {
        var address = new InetSocketAddress(InetAddress.getLoopbackAddress(), 0);
        return new ListenSettings(
                TestReception.HOST,
                new Entrance(address, 0600, isLmtp, new Proxies(proxies, xclients), ListenTls.NONE),
                Access.of(relayFrom),
                new Handling(
                        new MailStream("shop", "", PriorityClass.NORMAL),
                        Optional.of("X-Campaign"),
                        DsnPolicy.FULL,
                        new HeaderRules(headerMax, isSubmission, mayControl, tenantHeader),
                        Offered.DEFAULT,
                        VerificationSettings.NONE),
                TestReception.limits(size, recipients, errors));
    }
}
