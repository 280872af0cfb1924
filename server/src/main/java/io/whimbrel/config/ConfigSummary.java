package io.whimbrel.config;

import io.whimbrel.egress.SourceAddress;
import io.whimbrel.mail.IpText;
import io.whimbrel.mail.Network;
import io.whimbrel.reception.ListenSettings;

import java.util.ArrayList;
import java.util.List;
import java.util.stream.Collectors;

/// What an operator wants to see before starting a server with a configuration. Stateless.
public final class ConfigSummary {
    private ConfigSummary() {}

    /// One fact per line.
    public static List<String> lines(Config config) {
        var lines = new ArrayList<String>();
        lines.add("node " + config.node().name() + ", data in " + config.node().dataFolder());
        for (ListenSettings listen : config.listens()) {
            lines.add(line(listen));
        }
        for (SourceAddress source : config.sources()) {
            lines.add(line(source));
        }
        for (var route : config.routes()) {
            lines.add(
                    "mail for "
                            + NetworkKinds.render(route.domains())
                            + " goes to "
                            + NetworkKinds.render(route.target()));
        }
        boolean isAllRouted =
                config.routes().stream()
                        .anyMatch(route -> NetworkKinds.render(route.domains()).equals("*"));
        if (!isAllRouted) {
            lines.add(
                    (config.routes().isEmpty() ? "mail" : "other mail")
                            + " goes to the MX hosts of its domain, port "
                            + config.delivery().port());
        }
        lines.add("durability disk: no 250 before the disk sync that covers the message");
        return lines;
    }

    private static String line(ListenSettings listen) {
        var line = new StringBuilder("listens on ").append(AddressText.render(listen.address()));
        if (!listen.handling().stream().tenant().isEmpty()) {
            line.append(" for tenant ").append(listen.handling().stream().tenant());
        }
        return line.append("; may relay: ")
                .append(networks(listen.access().relayFrom()))
                .toString();
    }

    private static String networks(List<Network> networks) {
        return networks.isEmpty()
                ? "nobody"
                : networks.stream().map(AddressText::render).collect(Collectors.joining(", "));
    }

    private static String line(SourceAddress source) {
        return source.address()
                        .map(address ->
                                "sends from " + IpText.of(address) + " (" + source.name() + ")")
                        .orElse("sends from the address that the system chooses")
                + " as "
                + source.ehloName();
    }
}
