package io.whimbrel.config;

import io.whimbrel.egress.PoolSettings;
import io.whimbrel.egress.PoolSettings.Member;
import io.whimbrel.egress.Proxy;
import io.whimbrel.egress.Proxy.Password;
import io.whimbrel.toml.FileValues;
import io.whimbrel.toml.Findings;
import io.whimbrel.toml.Key;
import io.whimbrel.toml.NearestName;
import io.whimbrel.toml.TableValues;
import io.whimbrel.toml.TomlText;

import java.util.HashSet;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import java.util.TreeSet;

/// What no single key of sources and pools shows: names that nothing has, and contradictions.
/// Confined to one thread.
final class EgressChecks {
    private final FileValues values;
    private final Findings findings;
    private final Set<String> sources = new TreeSet<>();

    /// What mail may leave by: pools, and single sources.
    private final Set<String> pools = new TreeSet<>();

    EgressChecks(FileValues values, Findings findings) {
        this.values = values;
        this.findings = findings;
        values.all(EgressKeys.SOURCE)
                .forEach(it -> it.find(EgressKeys.SOURCE_NAME).ifPresent(sources::add));
        values.all(EgressKeys.POOL)
                .forEach(it -> it.find(EgressKeys.POOL_NAME).ifPresent(pools::add));
        pools.add(PoolSettings.DEFAULT);
        pools.addAll(sources);
    }

    void run() {
        values.all(EgressKeys.SOURCE).forEach(this::checkProxy);
        values.all(EgressKeys.POOL).forEach(this::checkPool);
        values.all(EgressKeys.CLASS).forEach(it -> checkName(it, EgressKeys.CLASS_POOL));
        values.all(TenantKeys.TENANT).forEach(it -> checkName(it, TenantKeys.POOL));
        values.all(RouteKeys.ROUTE).forEach(it -> checkName(it, RouteKeys.POOL));
        checkName(values.one(DeliveryKeys.DELIVERY), EgressKeys.DEFAULT_POOL);
        checkDefault(values.all(EgressKeys.POOL));
    }

    private void checkProxy(TableValues source) {
        Optional<Proxy> proxy = source.find(EgressKeys.SOURCE_PROXY);
        if (!source.isWritten(EgressKeys.SOURCE_PROXY)) {
            for (Key<?> key :
                    List.<Key<?>>of(
                            EgressKeys.SOURCE_PROXY_ADDRESS, EgressKeys.SOURCE_PROXY_PASSWORD)) {
                if (source.isWritten(key)) {
                    findings.error(source.placeOf(key), key.name() + ": this source has no proxy");
                }
            }
        } else if (proxy.isPresent() && source.isWritten(EgressKeys.SOURCE_PROXY_PASSWORD)) {
            boolean isWrittenTwice =
                    proxy.get()
                            .login()
                            .filter(it ->
                                    it.password() instanceof Password.Written(String text)
                                            && !text.isEmpty())
                            .isPresent();
            if (isWrittenTwice || proxy.get().login().isEmpty()) {
                findings.error(
                        source.placeOf(EgressKeys.SOURCE_PROXY_PASSWORD),
                        EgressKeys.SOURCE_PROXY_PASSWORD.name()
                                + (isWrittenTwice
                                        ? ": proxy has a password already"
                                        : ": proxy names no user: socks5://user@address:port"));
            }
        }
    }

    private void checkPool(TableValues pool) {
        Optional<List<Member>> members = pool.find(EgressKeys.POOL_SOURCES);
        if (members.isEmpty()) {
            return;
        }
        var place = pool.placeOf(EgressKeys.POOL_SOURCES);
        Set<String> seen = new HashSet<>();
        for (Member member : members.get()) {
            if (!seen.add(member.source())) {
                findings.error(
                        place, "sources: " + TomlText.quote(member.source()) + " stands twice");
            } else if (!sources.contains(member.source())) {
                findings.error(
                        place,
                        "sources: there is no [[source]] " + TomlText.quote(member.source()),
                        listed(sources),
                        nearest(member.source(), sources));
            }
        }
        if (members.get().stream().allMatch(Member::isBackup)) {
            findings.error(
                    place,
                    members.get().isEmpty()
                            ? "sources: a pool needs at least one"
                            : "sources: all of them are backups");
        }
    }

    private void checkName(TableValues table, Key<String> key) {
        Optional<String> name = table.find(key);
        if (name.isPresent() && !pools.contains(name.get())) {
            findings.error(
                    table.placeOf(key),
                    key.name()
                            + ": there is no [[pool]] or [[source]] "
                            + TomlText.quote(name.get()),
                    listed(pools),
                    nearest(name.get(), pools));
        }
    }

    /// Mail that should have left by one pool would leave by the addresses of all others.
    private void checkDefault(List<TableValues> configured) {
        boolean isChosen =
                values.one(DeliveryKeys.DELIVERY).isWritten(EgressKeys.DEFAULT_POOL)
                        || configured.stream()
                                .anyMatch(it ->
                                        it.find(EgressKeys.POOL_NAME)
                                                .equals(Optional.of(PoolSettings.DEFAULT)));
        if (!configured.isEmpty() && !isChosen) {
            findings.warn(
                    configured.getFirst().place(),
                    "mail that names no pool leaves by all sources; say by which pool it is to"
                            + " leave: pool in [delivery]");
        }
    }

    private static String listed(Set<String> names) {
        return names.isEmpty() ? "no name, for there is none yet" : String.join(", ", names);
    }

    private static Optional<String> nearest(String name, Set<String> names) {
        return NearestName.of(name, names).map(TomlText::quote);
    }
}
