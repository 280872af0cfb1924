package io.whimbrel.simulator.demo;

import java.net.InetSocketAddress;
import java.nio.file.Path;
import java.util.Map;

/// The server's configuration for the demo. Immutable.
///
/// @param listeners where each tenant's mail comes in
/// @param dns the simulated internet's name server
/// @param smtpPort of all its mail hosts
record NodeConfig(
        Path data, Map<Tenant, InetSocketAddress> listeners, InetSocketAddress dns, int smtpPort) {

    static final String CAMPAIGN_HEADER = "X-Campaign";

    /// Said in the demo's output, for nobody should take it for a default.
    static final String RETRY_TIMES = "1 s, then 1.5 times longer each, 3 s at most";

    NodeConfig {
        listeners = Map.copyOf(listeners);
    }

    /// As the text of `whimbrel.toml`.
    String toml() {
        var text = new StringBuilder();
        text.append(
                """
                # Written by "whimbrel demo".
                [node]
                name = "mx.demo.example"
                data = %s
                drain = "5s"
                """
                        .formatted(quote(data.toString())));
        for (Tenant tenant : Tenant.values()) {
            InetSocketAddress address = listeners.get(tenant);
            if (address != null) {
                text.append(listen(tenant, address));
            }
        }
        text.append(
                """

                [dns]
                servers = [%s]

                [delivery]
                port = %d
                allow-private = ["127.0.0.0/8", "::1/128"]   # where the simulated internet lives

                [[provider]]          # its hosts are nobody's: what they answer shapes nothing
                name = "default"
                limits = false
                rules = false

                [retry]               # %s; without this table 5 minutes to 4 hours
                first = "1s"
                factor = 1.5
                most = "3s"
                """
                        .formatted(quote(text(dns)), smtpPort, RETRY_TIMES));
        return text.toString();
    }

    private static String listen(Tenant tenant, InetSocketAddress address) {
        String campaign =
                tenant == Tenant.NEWS ? "campaign-header = " + quote(CAMPAIGN_HEADER) + "\n" : "";
        return """

        [[listen]]
        address = %s
        relay-from = ["127.0.0.0/8"]
        tenant = %s
        class = %s
        %sdsn = "never"         # this sender reads the event log
        """
                .formatted(
                        quote(text(address)),
                        quote(tenant.word()),
                        quote(tenant.priorityClass()),
                        campaign);
    }

    static String text(InetSocketAddress address) {
        return address.getAddress().getHostAddress() + ":" + address.getPort();
    }

    private static String quote(String text) {
        return '"' + text.replace("\\", "\\\\").replace("\"", "\\\"") + '"';
    }
}
