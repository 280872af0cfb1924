package io.whimbrel.config;

import io.whimbrel.mail.DomainName;
import io.whimbrel.mail.DomainPattern;
import io.whimbrel.routing.RouteConditions;
import io.whimbrel.routing.RouteTarget;
import io.whimbrel.toml.AddressText;
import io.whimbrel.toml.FileValues;
import io.whimbrel.toml.Findings;
import io.whimbrel.toml.Key;
import io.whimbrel.toml.TableValues;

import java.net.Inet4Address;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.SocketAddress;
import java.net.UnixDomainSocketAddress;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Optional;

/// What is wrong between the keys of a `[[route]]`, and between it and others. Confined to one
/// thread.
final class RouteChecks {
    private final FileValues values;
    private final Findings findings;

    RouteChecks(FileValues values, Findings findings) {
        this.values = values;
        this.findings = findings;
    }

    void run() {
        List<TableValues> routes = values.all(RouteKeys.ROUTE);
        for (int i = 0; i < routes.size(); i++) {
            TableValues route = routes.get(i);
            checkReachable(routes, i);
            checkTargets(route);
            checkCredentials(route);
            checkLoop(route);
        }
    }

    private void checkReachable(List<TableValues> routes, int index) {
        TableValues mine = routes.get(index);
        if (mine.isWritten(RouteKeys.DOMAIN) && mine.find(RouteKeys.DOMAIN).isEmpty()) {
            return;
        }
        for (TableValues earlier : routes.subList(0, index)) {
            boolean isBad =
                    earlier.isWritten(RouteKeys.DOMAIN) && earlier.find(RouteKeys.DOMAIN).isEmpty();
            if (!isBad && covers(conditions(earlier), conditions(mine))) {
                findings.error(
                        mine.placeOf(RouteKeys.DOMAIN),
                        "domain: "
                                + rendered(mine)
                                + " is never reached, for the [[route]] of line "
                                + earlier.place().line()
                                + " takes "
                                + rendered(earlier)
                                + " first");
                return;
            }
        }
    }

    private static String rendered(TableValues route) {
        return route.find(RouteKeys.DOMAIN).isPresent()
                ? route.rendered(RouteKeys.DOMAIN)
                : "\"*\"";
    }

    private static RouteConditions conditions(TableValues route) {
        return new RouteConditions(
                route.find(RouteKeys.DOMAIN).orElse(List.of(new DomainPattern.Every())),
                route.find(RouteKeys.TENANT),
                route.find(RouteKeys.CAMPAIGN),
                route.find(RouteKeys.RECIPIENT));
    }

    /// Whether what `earlier` is for has all that `later` is for.
    private static boolean covers(RouteConditions earlier, RouteConditions later) {
        return isWider(earlier.tenant(), later.tenant())
                && isWider(earlier.campaign(), later.campaign())
                && isWider(earlier.recipient(), later.recipient())
                && later.domains().stream()
                        .allMatch(mine ->
                                earlier.domains().stream().anyMatch(it -> covers(it, mine)));
    }

    private static <T> boolean isWider(Optional<T> earlier, Optional<T> later) {
        return earlier.isEmpty() || earlier.equals(later);
    }

    /// Whether `earlier` has every domain that `later` has.
    static boolean covers(DomainPattern earlier, DomainPattern later) {
        return switch (later) {
            case DomainPattern.Every() -> earlier instanceof DomainPattern.Every;
            case DomainPattern.Exactly(DomainName domain) -> earlier.matches(domain);
            case DomainPattern.Below(DomainName apex) ->
                    earlier.equals(later) || isAbove(earlier, apex);
        };
    }

    /// Whether `pattern` has every domain below `apex`.
    private static boolean isAbove(DomainPattern pattern, DomainName apex) {
        return switch (pattern) {
            case DomainPattern.Every() -> true;
            case DomainPattern.Exactly _ -> false;
            case DomainPattern.Below _ -> pattern.matches(apex);
        };
    }

    private void checkTargets(TableValues route) {
        List<RouteTarget> targets = route.find(RouteKeys.TO).orElse(List.of());
        if (targets.isEmpty()) {
            return;
        }
        RouteTarget first = targets.getFirst();
        boolean isAlike = targets.stream().allMatch(it -> it.getClass() == first.getClass());
        if (targets.size() > 1 && !(isAlike && isHost(first))) {
            findings.error(
                    route.placeOf(RouteKeys.TO),
                    "to: "
                            + route.rendered(RouteKeys.TO)
                            + " mixes ways of delivery; a list may hold hosts that are all smtp://,"
                            + " all smtps:// or all lmtp://");
        }
        boolean isText =
                first instanceof RouteTarget.Discard || first instanceof RouteTarget.Refuse;
        if (!isText && route.isWritten(RouteKeys.TEXT)) {
            findings.warn(
                    route.placeOf(RouteKeys.TEXT), "text: only \"discard\" and \"refuse\" say it");
        }
        boolean isTalk = isHost(first) || isMx(first);
        refuseUnless(isTalk, route, RouteKeys.TLS, "only SMTP and LMTP over TCP have it");
        refuseUnless(isTalk, route, RouteKeys.FALLBACK, "only hosts of SMTP and LMTP have one");
        boolean isLogin = isHost(first) || first instanceof RouteTarget.Http;
        for (Key<?> key : List.of(RouteKeys.USER, RouteKeys.PASSWORD_FILE, RouteKeys.TOKEN_FILE)) {
            refuseUnless(isLogin, route, key, "only hosts that the route names can know us");
        }
    }

    private void refuseUnless(boolean isGood, TableValues route, Key<?> key, String reason) {
        if (!isGood && route.isWritten(key)) {
            findings.error(
                    route.placeOf(key),
                    key.name()
                            + " goes with no route to "
                            + route.rendered(RouteKeys.TO)
                            + "; "
                            + reason);
        }
    }

    private static boolean isHost(RouteTarget target) {
        return target instanceof RouteTarget.Smtp
                || target instanceof RouteTarget.Smtps
                || target instanceof RouteTarget.Lmtp;
    }

    private static boolean isMx(RouteTarget target) {
        return target instanceof RouteTarget.Mx || target instanceof RouteTarget.MxOf;
    }

    private void checkCredentials(TableValues route) {
        boolean hasPassword = route.isWritten(RouteKeys.PASSWORD_FILE);
        boolean hasToken = route.isWritten(RouteKeys.TOKEN_FILE);
        boolean hasUser = route.isWritten(RouteKeys.USER);
        if (hasPassword && hasToken) {
            findings.warn(
                    route.placeOf(RouteKeys.PASSWORD_FILE),
                    "auth-password-file has no effect beside auth-token-file");
        } else if (hasUser && !hasPassword && !hasToken) {
            findings.error(
                    route.placeOf(RouteKeys.USER),
                    "auth-user needs auth-password-file or auth-token-file");
        } else if (!hasUser && (hasPassword || hasToken)) {
            findings.error(
                    route.placeOf(hasToken ? RouteKeys.TOKEN_FILE : RouteKeys.PASSWORD_FILE),
                    "a login needs auth-user");
        }
        checkReadable(route, RouteKeys.PASSWORD_FILE);
        checkReadable(route, RouteKeys.TOKEN_FILE);
    }

    /// A warning: what is checked here may run as another user, and a token may come later.
    private void checkReadable(TableValues route, Key<Path> key) {
        route.find(key)
                .filter(file -> !Files.isReadable(file))
                .ifPresent(file ->
                        findings.warn(
                                route.placeOf(key),
                                key.name()
                                        + ": "
                                        + file
                                        + " cannot be read; mail by this route"
                                        + " will wait"));
    }

    /// A route to one of our own listeners sends each message round and round.
    private void checkLoop(TableValues route) {
        for (RouteTarget target : route.find(RouteKeys.TO).orElse(List.of())) {
            checkLoop(route, RouteKeys.TO, target);
        }
        route.find(RouteKeys.FALLBACK).ifPresent(it -> checkLoop(route, RouteKeys.FALLBACK, it));
    }

    private void checkLoop(TableValues route, Key<?> key, RouteTarget target) {
        for (TableValues listen : values.all(ReceptionKeys.LISTEN)) {
            Optional<SocketAddress> own = listen.find(ReceptionKeys.ADDRESS);
            if (own.isPresent() && isSame(target, own.get())) {
                findings.error(
                        route.placeOf(key),
                        key.name()
                                + ": \""
                                + target.text()
                                + "\" is this server's own [[listen]] of line "
                                + listen.place().line()
                                + "; mail would go round in circles");
                return;
            }
        }
    }

    private static boolean isSame(RouteTarget target, SocketAddress own) {
        return switch (target) {
            case RouteTarget.Smtp(String host, int port) -> isSame(host, port, own);
            case RouteTarget.Smtps(String host, int port) -> isSame(host, port, own);
            case RouteTarget.Lmtp(String host, int port) -> isSame(host, port, own);
            case RouteTarget.LmtpSocket(Path path) ->
                    own instanceof UnixDomainSocketAddress unix && unix.getPath().equals(path);
            case RouteTarget.Mx _,
                    RouteTarget.MxOf _,
                    RouteTarget.Http _,
                    RouteTarget.Discard _,
                    RouteTarget.Refuse _ ->
                    false;
        };
    }

    private static boolean isSame(String host, int port, SocketAddress own) {
        Optional<InetAddress> address = AddressText.parseBracketed(host);
        return own instanceof InetSocketAddress tcp
                && address.isPresent()
                && tcp.getPort() == port
                && (tcp.getAddress().equals(address.get())
                        || (tcp.getAddress().isAnyLocalAddress()
                                && address.get().isLoopbackAddress()
                                && hasFamily(tcp.getAddress(), address.get())));
    }

    /// `[::]` takes IPv4 as well.
    private static boolean hasFamily(InetAddress wildcard, InetAddress other) {
        return !(wildcard instanceof Inet4Address) || other instanceof Inet4Address;
    }
}
