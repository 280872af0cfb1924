package io.whimbrel.config;

import io.whimbrel.auth.AuthSettings;
import io.whimbrel.egress.ClassSettings;
import io.whimbrel.egress.EgressSettings;
import io.whimbrel.egress.PoolSettings;
import io.whimbrel.egress.SourceAddress;
import io.whimbrel.mail.DomainPattern;
import io.whimbrel.mail.IpText;
import io.whimbrel.mail.Network;
import io.whimbrel.reception.ListenSettings;
import io.whimbrel.reception.ReceptionSettings;
import io.whimbrel.routing.RouteConditions;
import io.whimbrel.routing.RouteSettings;
import io.whimbrel.routing.RouteTable;
import io.whimbrel.routing.RouteTarget;
import io.whimbrel.tls.ClientCertificates;
import io.whimbrel.toml.AddressText;
import io.whimbrel.toml.Kinds;

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
        lines.addAll(guests(config.reception()));
        for (SourceAddress source : config.sources()) {
            lines.add(line(source));
        }
        lines.addAll(pools(config.egress()));
        boolean isAllRouted = false;
        for (RouteSettings route : new RouteTable(config.routes()).routes()) {
            lines.add(line(route));
            isAllRouted |= isForAll(route.conditions());
        }
        if (!isAllRouted) {
            lines.add(
                    (config.routes().isEmpty() ? "mail" : "other mail")
                            + " goes to the MX hosts of its domain, port "
                            + config.delivery().port());
        }
        lines.add("durability disk: no 250 before the disk sync that covers the message");
        return lines;
    }

    private static String line(RouteSettings route) {
        RouteConditions conditions = route.conditions();
        var line = new StringBuilder("mail");
        conditions.tenant().ifPresent(it -> line.append(" of tenant ").append(it));
        conditions.campaign().ifPresent(it -> line.append(" of campaign ").append(it));
        line.append(" for ");
        conditions.recipient().ifPresent(it -> line.append(it).append(" in "));
        List<String> domains =
                conditions.domains().isEmpty()
                        ? List.of("*")
                        : conditions.domains().stream().map(DomainPattern::text).toList();
        line.append(String.join(", ", domains)).append(" goes to ");
        line.append(String.join(", ", route.targets().stream().map(RouteTarget::text).toList()));
        return line.toString();
    }

    private static boolean isForAll(RouteConditions conditions) {
        return conditions.isDomainOnly()
                && (conditions.domains().isEmpty()
                        || conditions.domains().contains(new DomainPattern.Every()));
    }

    private static String line(ListenSettings listen) {
        var line = new StringBuilder("listens on ").append(AddressText.render(listen.address()));
        if (!listen.handling().stream().tenant().isEmpty()) {
            line.append(" for tenant ").append(listen.handling().stream().tenant());
        }
        if (listen.isLmtp()) {
            line.append("; LMTP");
        }
        line.append(
                switch (listen.entrance().tls().mode()) {
                    case NONE -> "";
                    case STARTTLS -> "; TLS offered";
                    case REQUIRED -> "; TLS required";
                    case IMPLICIT -> "; TLS from the first octet";
                });
        boolean isLoginAsked = listen.access().auth().mode() != AuthSettings.Mode.NONE;
        line.append(
                switch (listen.access().auth().mode()) {
                    case NONE -> "";
                    case OPTIONAL -> "; AUTH offered";
                    case REQUIRED -> "; AUTH required";
                });
        List<Network> relayFrom = listen.access().relayFrom();
        line.append("; may relay: ").append(isLoginAsked ? "who logs in" : "");
        if (!isLoginAsked || !relayFrom.isEmpty()) {
            line.append(isLoginAsked ? ", " : "").append(networks(relayFrom));
        }
        boolean asksCertificates =
                listen.entrance()
                        .tls()
                        .settings()
                        .filter(tls -> tls.clientCertificates() != ClientCertificates.NONE)
                        .isPresent();
        return line.append(asksCertificates ? ", who has a tenant's certificate" : "").toString();
    }

    /// Tenants and domains of ours, where there are any.
    private static List<String> guests(ReceptionSettings reception) {
        var lines = new ArrayList<String>();
        int tenants = reception.tenants().size();
        if (tenants > 0) {
            long limited = reception.tenants().stream().filter(it -> !it.quotas().isNone()).count();
            lines.add(
                    tenants
                            + (tenants == 1 ? " tenant, " : " tenants, ")
                            + limited
                            + " with quotas");
        }
        int domains = reception.inbound().size();
        if (domains > 0) {
            lines.add(
                    "takes mail from anybody for "
                            + domains
                            + (domains == 1 ? " inbound domain" : " inbound domains"));
        }
        return lines;
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
                + source.ehloName()
                + (source.profile().isEmpty() ? "" : ", " + source.profile())
                + source.proxy().map(proxy -> " through " + proxy.described()).orElse("");
    }

    /// Pools and classes, where the file has any.
    private static List<String> pools(EgressSettings egress) {
        var lines = new ArrayList<String>();
        for (PoolSettings pool : egress.pools()) {
            boolean isWritten =
                    egress.pools().size() > 1 || !pool.equals(PoolSettings.ofAll(egress.sources()));
            if (isWritten) {
                lines.add(line(pool, pool.name().equals(egress.defaultPool())));
            }
        }
        for (ClassSettings one : egress.classes()) {
            lines.add(
                    "class "
                            + one.name()
                            + (one.pool().isEmpty()
                                    ? ": no pool of its own"
                                    : ": pool " + one.pool())
                            + ", priority "
                            + Kinds.nameOf(one.priority()));
        }
        return lines;
    }

    private static String line(PoolSettings pool, boolean isDefault) {
        String members =
                pool.members().stream()
                        .map(it ->
                                it.source()
                                        + (it.isBackup() ? " (backup)" : " (" + it.weight() + ")"))
                        .collect(Collectors.joining(", "));
        String sticky =
                pool.sticky() == PoolSettings.Sticky.NONE
                        ? ""
                        : "; one source for each " + Kinds.nameOf(pool.sticky());
        return "pool "
                + pool.name()
                + ": "
                + members
                + sticky
                + (isDefault ? "; for mail that names none" : "");
    }
}
