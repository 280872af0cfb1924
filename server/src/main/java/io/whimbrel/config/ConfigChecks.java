package io.whimbrel.config;

import io.whimbrel.mail.Network;
import io.whimbrel.tls.ClientCertificates;
import io.whimbrel.toml.AddressText;
import io.whimbrel.toml.FileValues;
import io.whimbrel.toml.Findings;
import io.whimbrel.toml.Key;
import io.whimbrel.toml.TableSpec;
import io.whimbrel.toml.TableValues;
import io.whimbrel.toml.TomlText;

import java.net.Inet4Address;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.util.List;
import java.util.Optional;

/// What no single key shows: contradictions between keys and between tables. Confined to one
/// thread.
final class ConfigChecks {
    /// Public networks wider than these rarely belong to one operator.
    private static final int WIDE_IPV4 = 16;

    private static final int WIDE_IPV6 = 32;

    private static final List<Network> PRIVATE =
            List.of(
                    network("10.0.0.0/8"),
                    network("127.0.0.0/8"),
                    network("172.16.0.0/12"),
                    network("192.168.0.0/16"),
                    network("100.64.0.0/10"),
                    network("169.254.0.0/16"),
                    network("fc00::/7"),
                    network("fe80::/10"));

    private final FileValues values;
    private final Findings findings;

    ConfigChecks(FileValues values, Findings findings) {
        this.values = values;
        this.findings = findings;
    }

    void run() {
        for (TableSpec table : ConfigKeys.TABLES) {
            table.identity().ifPresent(identity -> checkIdentity(table, identity));
        }
        checkNode(values.one(ReceptionKeys.NODE));
        checkListens(values.all(ReceptionKeys.LISTEN));
        new ReceptionChecks(values, findings).run();
        checkClasses(new MailClasses(values));
        new EgressChecks(values, findings).run();
        DnsKeys.check(values.one(DnsKeys.DNS), findings);
        new RouteChecks(values, findings).run();
        TlsOutKeys.check(
                values.one(TlsOutKeys.TLS_OUT), values.all(TlsOutKeys.TLS_POLICY), findings);
        ShapingKeys.check(values, findings);
        values.all(CampaignKeys.CAMPAIGN).forEach(it -> CampaignKeys.check(it, findings));
        new DkimChecks(values, new MailClasses(values), findings).run();
        ArcKeys.check(values, findings);
        KeySourceKeys.check(values, findings);
        TableValues retry = values.one(DeliveryKeys.RETRY);
        checkOrder(retry, DeliveryKeys.FIRST, DeliveryKeys.MOST);
        checkOrder(retry, DeliveryKeys.FIRST, DeliveryKeys.EXPIRE);
        TableValues spool = values.one(StorageKeys.SPOOL);
        checkOrder(spool, StorageKeys.RESERVE, StorageKeys.SLOW_BELOW);
        checkOrder(values.one(StorageKeys.MEMORY), StorageKeys.HEAP, StorageKeys.BUDGET);
        checkEvents(values.one(StorageKeys.EVENTS));
    }

    private void checkClasses(MailClasses classes) {
        values.all(ReceptionKeys.LISTEN)
                .forEach(it -> classes.check(it, ReceptionKeys.CLASS, findings));
        values.all(TenantKeys.TENANT).forEach(it -> classes.check(it, TenantKeys.CLASS, findings));
        classes.check(values.one(PickupKeys.PICKUP), PickupKeys.CLASS, findings);
        classes.check(values.one(TlsReportKeys.TLS_REPORT), TlsReportKeys.CLASS, findings);
        TlsReportKeys.check(values.one(TlsReportKeys.TLS_REPORT), findings);
        TenantKeys.check(values.all(TenantKeys.TENANT), classes, findings);
    }

    /// Room for a whole new file is made when it is begun: with less than this, most of what was
    /// logged would go with it.
    private void checkEvents(TableValues events) {
        long file = events.find(StorageKeys.EVENT_FILE).orElse(0L);
        long total = events.find(StorageKeys.EVENT_TOTAL).orElse(Long.MAX_VALUE);
        if (file > total / StorageKeys.EVENT_FILES_LEAST) {
            boolean isFileWritten = events.isWritten(StorageKeys.EVENT_FILE);
            findings.error(
                    events.placeOf(
                            isFileWritten ? StorageKeys.EVENT_FILE : StorageKeys.EVENT_TOTAL),
                    described(events, StorageKeys.EVENT_FILE)
                            + " is more than a quarter of "
                            + described(events, StorageKeys.EVENT_TOTAL));
        }
    }

    private <T> void checkIdentity(TableSpec table, Key<T> identity) {
        List<TableValues> tables = values.all(table);
        for (int i = 0; i < tables.size(); i++) {
            Optional<T> mine = tables.get(i).find(identity);
            for (int j = 0; j < i && mine.isPresent(); j++) {
                if (mine.equals(tables.get(j).find(identity)) && !letsSystemChoose(mine.get())) {
                    findings.error(
                            tables.get(i).placeOf(identity),
                            identity.name()
                                    + ": "
                                    + identity.render(mine.get())
                                    + " stands in the "
                                    + table.header()
                                    + " of line "
                                    + tables.get(j).place().line()
                                    + " already");
                    break;
                }
            }
        }
    }

    private static boolean letsSystemChoose(Object identity) {
        return identity instanceof InetSocketAddress address && address.getPort() == 0;
    }

    private void checkNode(TableValues node) {
        node.find(ReceptionKeys.NODE_NAME)
                .filter(name -> name.indexOf('.') < 0)
                .ifPresent(name ->
                        findings.warn(
                                node.placeOf(ReceptionKeys.NODE_NAME),
                                "name: "
                                        + TomlText.quote(name)
                                        + " has no dot; providers refuse mail from hosts"
                                        + " without a name in the public DNS"));
    }

    private void checkListens(List<TableValues> listens) {
        for (TableValues listen : listens) {
            checkOrder(
                    listen,
                    ReceptionKeys.CONNECTIONS_PER_CLIENT_MAX,
                    ReceptionKeys.CONNECTIONS_MAX);
            checkOrder(listen, ReceptionKeys.COMMAND_TIMEOUT, ReceptionKeys.SESSION_TIMEOUT);
            checkOrder(listen, ReceptionKeys.DATA_TIMEOUT, ReceptionKeys.SESSION_TIMEOUT);
            checkRelayFrom(listen);
            AuthKeys.check(listen, findings);
            TlsKeys.check(listen, !values.all(TlsKeys.MORE).isEmpty(), findings);
            checkOpenRelay(listen, ReceptionKeys.RELAY_FROM);
            checkOpenRelay(listen, ListenKeys.PROXY_PROTOCOL_FROM);
            checkOpenRelay(listen, ListenKeys.XCLIENT_FROM);
            checkWildcards(listens, listen);
        }
    }

    private void checkRelayFrom(TableValues listen) {
        Optional<List<Network>> relayFrom = listen.find(ReceptionKeys.RELAY_FROM);
        boolean isClosed =
                relayFrom.filter(List::isEmpty).isPresent()
                        && !ReceptionChecks.isLoginAsked(listen)
                        && listen.find(TlsKeys.CLIENT_CERTIFICATES)
                                .equals(Optional.of(ClientCertificates.NONE))
                        && values.all(DoorKeys.INBOUND).isEmpty();
        if (isClosed) {
            findings.warn(
                    listen.placeOf(ReceptionKeys.RELAY_FROM),
                    "relay-from: nobody may relay through this [[listen]]; it takes no mail for"
                            + " other domains");
        }
        for (Network network : relayFrom.orElse(List.of())) {
            int narrow = network.base() instanceof Inet4Address ? WIDE_IPV4 : WIDE_IPV6;
            if (network.prefixBits() < narrow && !isPrivate(network)) {
                findings.warn(
                        listen.placeOf(ReceptionKeys.RELAY_FROM),
                        "relay-from: "
                                + AddressText.render(network)
                                + " is a wide public network; every host in it may send mail to"
                                + " anybody");
            }
        }
    }

    /// Nobody becomes an open relay by leaving something out: a line must say that it is wanted.
    private void checkOpenRelay(TableValues listen, Key<List<Network>> key) {
        if (listen.find(ListenKeys.OPEN_RELAY).orElse(false)) {
            return;
        }
        for (Network network : listen.find(key).orElse(List.of())) {
            if (NetworkKinds.isOpenRelay(network)) {
                findings.error(
                        listen.placeOf(key),
                        key.name()
                                + ": \""
                                + AddressText.render(network)
                                + "\" would make an open relay, which spammers find within hours:"
                                + " list the networks of your own applications, or say that it is"
                                + " wanted: open-relay = true");
            }
        }
    }

    private static boolean isPrivate(Network network) {
        return PRIVATE.stream()
                .anyMatch(it ->
                        it.contains(network.base()) && it.prefixBits() <= network.prefixBits());
    }

    /// A listener on every address of the machine leaves none for another on the same port.
    private void checkWildcards(List<TableValues> listens, TableValues listen) {
        Optional<InetSocketAddress> mine = tcpAddress(listen);
        for (TableValues other : listens) {
            Optional<InetSocketAddress> all = tcpAddress(other);
            if (mine.isPresent() && all.isPresent() && takes(all.get(), mine.get())) {
                findings.error(
                        listen.placeOf(ReceptionKeys.ADDRESS),
                        "address: \""
                                + AddressText.render(mine.get())
                                + "\" is taken by \""
                                + AddressText.render(all.get())
                                + "\" of line "
                                + other.place().line());
                return;
            }
        }
    }

    private static Optional<InetSocketAddress> tcpAddress(TableValues listen) {
        return listen.find(ReceptionKeys.ADDRESS)
                .filter(InetSocketAddress.class::isInstance)
                .map(InetSocketAddress.class::cast);
    }

    private static boolean takes(InetSocketAddress all, InetSocketAddress one) {
        return all.getAddress().isAnyLocalAddress()
                && !all.equals(one)
                && all.getPort() == one.getPort()
                && all.getPort() != 0
                && covers(all.getAddress(), one.getAddress());
    }

    /// `0.0.0.0` is every IPv4 address; `::` is every address of both kinds.
    private static boolean covers(InetAddress wildcard, InetAddress other) {
        return !(wildcard instanceof Inet4Address) || other instanceof Inet4Address;
    }

    private <T extends Comparable<T>> void checkOrder(TableValues table, Key<T> less, Key<T> more) {
        Optional<T> small = table.find(less);
        Optional<T> large = table.find(more);
        if (small.isPresent()
                && large.isPresent()
                && small.get().compareTo(large.get()) > 0
                && (table.isWritten(less) || table.isWritten(more))) {
            findings.error(
                    table.placeOf(table.isWritten(less) ? less : more),
                    described(table, less) + " is more than " + described(table, more));
        }
    }

    private static <T> String described(TableValues table, Key<T> key) {
        String value = key.name() + " = " + table.rendered(key);
        return table.isWritten(key) ? value : value + " (the default)";
    }

    private static Network network(String text) {
        return Network.parse(text).orElseThrow();
    }
}
