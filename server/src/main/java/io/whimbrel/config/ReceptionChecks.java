package io.whimbrel.config;

import io.whimbrel.auth.AuthSettings;
import io.whimbrel.mail.DomainName;
import io.whimbrel.mail.DomainPattern;
import io.whimbrel.pickup.LocalAlias;
import io.whimbrel.pickup.PickupSettings.Access;
import io.whimbrel.reception.TlsMode;
import io.whimbrel.tls.ClientCertificates;
import io.whimbrel.toml.FileValues;
import io.whimbrel.toml.Findings;
import io.whimbrel.toml.Key;
import io.whimbrel.toml.NearestName;
import io.whimbrel.toml.TableValues;
import io.whimbrel.toml.TomlText;

import java.net.InetSocketAddress;
import java.net.SocketAddress;
import java.net.UnixDomainSocketAddress;
import java.nio.file.Path;
import java.util.HashSet;
import java.util.List;
import java.util.Optional;
import java.util.Set;

/// What contradicts itself in how mail comes in: listeners, tenants, inbound domains, the pickup
/// folder. Confined to one thread.
final class ReceptionChecks {
    private final FileValues values;
    private final Findings findings;
    private final List<TableValues> listens;

    ReceptionChecks(FileValues values, Findings findings) {
        this.values = values;
        this.findings = findings;
        this.listens = values.all(ReceptionKeys.LISTEN);
    }

    void run() {
        for (TableValues listen : listens) {
            checkLogin(listen);
            checkTransport(listen);
            checkTenant(listen, ReceptionKeys.TENANT);
        }
        TableValues pickup = values.one(PickupKeys.PICKUP);
        checkTenant(pickup, PickupKeys.TENANT);
        checkTenant(values.one(TlsReportKeys.TLS_REPORT), TlsReportKeys.TENANT);
        checkDropBox(pickup);
        checkAliases(values.one(PickupKeys.SENDMAIL));
        checkClientCertificates();
        checkInbound();
    }

    static boolean isLoginAsked(TableValues listen) {
        return listen.find(AuthKeys.AUTH).filter(it -> it != AuthSettings.Mode.NONE).isPresent();
    }

    private static boolean isWithoutTls(TableValues listen) {
        return listen.find(TlsKeys.TLS).equals(Optional.of(TlsMode.NONE));
    }

    /// A proxy that tells logins by XCLIENT has had the TLS of the client.
    private void checkLogin(TableValues listen) {
        boolean isLoginAsked = isLoginAsked(listen);
        boolean isVouchedFor =
                listen.find(ListenKeys.XCLIENT_FROM).filter(it -> !it.isEmpty()).isPresent();
        if (isLoginAsked && isWithoutTls(listen) && !isVouchedFor) {
            findings.error(
                    listen.placeOf(AuthKeys.AUTH),
                    "auth: nobody could log in, for AUTH is offered under TLS only; add tls ="
                            + " \"starttls\" (port 587) or tls = \"implicit\" (port 465) with"
                            + " certificate and key");
        }
        boolean isVerifying =
                listen.find(VerificationKeys.VERIFY).filter(it -> !it.isEmpty()).isPresent();
        if (isVerifying
                && listen.find(AuthKeys.AUTH).equals(Optional.of(AuthSettings.Mode.REQUIRED))) {
            findings.warn(
                    listen.placeOf(VerificationKeys.VERIFY),
                    "verify: without effect, for auth is \"required\" here, and mail of clients"
                            + " that have logged in is not checked");
        }
    }

    private void checkTransport(TableValues listen) {
        Optional<SocketAddress> address = listen.find(ReceptionKeys.ADDRESS);
        boolean isUnix = address.filter(UnixDomainSocketAddress.class::isInstance).isPresent();
        if (isUnix && listen.find(TlsKeys.TLS).isPresent() && !isWithoutTls(listen)) {
            findings.warn(
                    listen.placeOf(TlsKeys.TLS),
                    "tls: on a UNIX socket nobody can listen in; socket-mode says who may connect");
        }
        if (address.isPresent() && !isUnix && listen.isWritten(ListenKeys.SOCKET_MODE)) {
            findings.warn(
                    listen.placeOf(ListenKeys.SOCKET_MODE),
                    "socket-mode: without effect, for the address is no UNIX socket");
        }
        boolean isLmtp =
                listen.find(ListenKeys.PROTOCOL).equals(Optional.of(ListenKeys.Protocol.LMTP));
        boolean isPort25 =
                address.filter(it ->
                                it instanceof InetSocketAddress tcp
                                        && tcp.getPort() == NetworkKinds.SMTP_PORT)
                        .isPresent();
        if (isLmtp && isPort25) {
            findings.warn(
                    listen.placeOf(ListenKeys.PROTOCOL),
                    "protocol: LMTP must not be spoken on port 25 (RFC 2033 §5), where mail servers"
                            + " expect SMTP; take another port, such as 24");
        }
    }

    /// Where no tenant has a table, names are names only. Where some have, one without is most
    /// likely misspelt, and would have no quota.
    private void checkTenant(TableValues table, Key<String> key) {
        List<String> known =
                values.all(TenantKeys.TENANT).stream()
                        .flatMap(tenant -> tenant.find(TenantKeys.NAME).stream())
                        .toList();
        Optional<String> name = table.find(key);
        if (name.isPresent() && !known.isEmpty() && !known.contains(name.get())) {
            String meant =
                    NearestName.of(name.get(), known)
                            .map(near -> "; did you mean " + TomlText.quote(near) + "?")
                            .orElse("");
            findings.warn(
                    table.placeOf(key),
                    "tenant: "
                            + TomlText.quote(name.get())
                            + " has no [[tenant]], so it has no rules and no quota"
                            + meant);
        }
    }

    /// Everyone would have to go through the data folder, which is closed to everyone.
    private void checkDropBox(TableValues pickup) {
        Optional<Path> data = values.one(ReceptionKeys.NODE).find(ReceptionKeys.NODE_DATA);
        boolean isOpen = pickup.find(PickupKeys.OPEN_TO).equals(Optional.of(Access.EVERYONE));
        boolean isWritten = pickup.isWritten(PickupKeys.FOLDER);
        boolean isInside =
                data.isPresent()
                        && pickup.find(PickupKeys.FOLDER)
                                .map(folder -> folder.startsWith(data.get()))
                                .orElse(!isWritten);
        if (isOpen && isInside) {
            findings.error(
                    pickup.placeOf(isWritten ? PickupKeys.FOLDER : PickupKeys.OPEN_TO),
                    (isWritten ? "folder" : "open-to")
                            + ": the folder lies in node.data, where nobody else may go; give it a"
                            + " place of its own: folder = "
                            + PickupKeys.FOLDER.example());
        }
    }

    private void checkAliases(TableValues sendmail) {
        Set<String> names = new HashSet<>();
        for (LocalAlias alias : sendmail.find(PickupKeys.ALIASES).orElse(List.of())) {
            if (!names.add(alias.name())) {
                findings.error(
                        sendmail.placeOf(PickupKeys.ALIASES),
                        "aliases: "
                                + TomlText.quote(alias.name())
                                + " stands there twice; name all its addresses once, with commas"
                                + " between");
            }
        }
    }

    private void checkClientCertificates() {
        boolean isAsked =
                listens.stream()
                        .flatMap(listen -> listen.find(TlsKeys.CLIENT_CERTIFICATES).stream())
                        .anyMatch(it -> it != ClientCertificates.NONE);
        boolean hasAuthority =
                listens.stream().anyMatch(listen -> listen.isWritten(TlsKeys.CLIENT_CA));
        for (TableValues tenant : values.all(TenantKeys.TENANT)) {
            boolean hasNames =
                    tenant.find(TenantKeys.CERTIFICATES).orElse(List.of()).stream()
                            .anyMatch(it -> !it.startsWith("sha256:"));
            if (isAsked && hasNames && !hasAuthority) {
                findings.warn(
                        tenant.placeOf(TenantKeys.CERTIFICATES),
                        "certificates: a name is believed only where an authority vouches for it;"
                                + " add client-ca to the [[listen]], or name the certificate by its"
                                + " sha256:");
            }
            if (!isAsked && tenant.isWritten(TenantKeys.CERTIFICATES)) {
                findings.warn(
                        tenant.placeOf(TenantKeys.CERTIFICATES),
                        "certificates: without effect, for no [[listen]] asks for certificates of"
                                + " clients; add client-certificates = \"optional\" to one");
            }
        }
    }

    /// Whether it is a whole top-level domain, or all below one.
    private static boolean isRegistry(DomainPattern pattern) {
        return switch (pattern) {
            case DomainPattern.Every() -> true;
            case DomainPattern.Exactly(DomainName domain) -> isTopLevel(domain);
            case DomainPattern.Below(DomainName apex) -> isTopLevel(apex);
        };
    }

    private static boolean isTopLevel(DomainName domain) {
        return !domain.isLiteral() && domain.value().indexOf('.') < 0;
    }

    /// Its MX is most likely this server, which would send its mail to itself.
    private void checkInbound() {
        List<DomainPattern> routed =
                values.all(RouteKeys.ROUTE).stream()
                        .flatMap(route -> route.find(RouteKeys.DOMAIN).stream())
                        .flatMap(List::stream)
                        .filter(pattern -> !(pattern instanceof DomainPattern.Every))
                        .toList();
        for (TableValues inbound : values.all(DoorKeys.INBOUND)) {
            Optional<DomainPattern> domain = inbound.find(DoorKeys.INBOUND_DOMAIN);
            if (domain.filter(ReceptionChecks::isRegistry).isPresent()) {
                findings.error(
                        inbound.placeOf(DoorKeys.INBOUND_DOMAIN),
                        "domain: "
                                + inbound.rendered(DoorKeys.INBOUND_DOMAIN)
                                + " would make an open relay to all of it; name the domains that"
                                + " are yours");
            } else if (domain.isPresent()
                    && routed.stream().noneMatch(it -> RouteChecks.covers(it, domain.get()))) {
                findings.warn(
                        inbound.placeOf(DoorKeys.INBOUND_DOMAIN),
                        "domain: "
                                + inbound.rendered(DoorKeys.INBOUND_DOMAIN)
                                + " has no [[route]] of its own: strangers' mail would go where all"
                                + " mail goes, to the MX hosts of the domain, or as a loop to this"
                                + " server; add a [[route]] to the host that takes it");
            }
        }
    }
}
