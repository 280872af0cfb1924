package io.whimbrel.config;

import static io.whimbrel.toml.Key.Change.RELOAD;

import io.whimbrel.egress.EgressSettings;
import io.whimbrel.egress.PoolSettings;
import io.whimbrel.egress.PoolSettings.Member;
import io.whimbrel.egress.PoolSettings.Sticky;
import io.whimbrel.egress.Proxy;
import io.whimbrel.egress.SourceAddress;
import io.whimbrel.mail.PriorityClass;
import io.whimbrel.toml.FileValues;
import io.whimbrel.toml.Key;
import io.whimbrel.toml.Key.Presence;
import io.whimbrel.toml.Kinds;
import io.whimbrel.toml.TableSpec;
import io.whimbrel.toml.TableValues;
import io.whimbrel.toml.ValueKind;

import java.net.InetAddress;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;

/// The keys of `[[source]]`, `[[pool]]` and `[[class]]`: where mail leaves from. Stateless.
final class EgressKeys {
    private static final int MEMBERS_MAX = 1_000;

    /// How warm a source is.
    enum Profile {
        COLD,
        WARM,
        HOT
    }

    static final Key<String> SOURCE_NAME =
            Key.required(
                    "name",
                    Kinds.name(),
                    "\"s1\"",
                    RELOAD,
                    "What operators, events and metrics call it. No two sources may share a name.");

    static final Key<InetAddress> SOURCE_ADDRESS =
            Key.required(
                    "address",
                    NetworkKinds.sourceAddress(),
                    "\"192.0.2.10\"",
                    RELOAD,
                    "An address of this machine that connections are bound to. Where the machine"
                            + " lacks it, the server starts, warns and sends from the other sources"
                            + " of the pool. With `proxy`, an address of the proxy.");

    static final Key<String> SOURCE_EHLO =
            new Key<>(
                    "ehlo",
                    Kinds.ehloName(),
                    new Presence.Unset<>("`node.name`", "\"s1.example.com\""),
                    RELOAD,
                    "The name said in EHLO from this address. Providers expect the DNS to lead from"
                            + " the address to this name and back.");

    static final Key<Profile> SOURCE_PROFILE =
            new Key<>(
                    "profile",
                    Kinds.choice(List.of(Profile.values())),
                    new Presence.Unset<>("limits for any source hold", "\"warm\""),
                    RELOAD,
                    "How used providers are to mail from this address: limits may be for sources of"
                            + " one profile.");

    static final Key<Proxy> SOURCE_PROXY =
            new Key<>(
                    "proxy",
                    EgressKinds.proxy(),
                    new Presence.Unset<>(
                            "connections are direct", "\"socks5://mta@10.0.0.1:1080\""),
                    RELOAD,
                    "What connects for this source: a SOCKS 5 proxy, or one that takes the PROXY"
                            + " protocol, such as HAProxy. A proxy that cannot be used suspends the"
                            + " source for a minute.");

    static final Key<InetAddress> SOURCE_PROXY_ADDRESS =
            new Key<>(
                    "proxy-address",
                    NetworkKinds.sourceAddress(),
                    new Presence.Unset<>("`address`", "\"198.51.100.10\""),
                    RELOAD,
                    "The address that hosts see behind the proxy, where connections to the proxy"
                            + " are to be bound to `address`.");

    static final Key<Path> SOURCE_PROXY_PASSWORD =
            new Key<>(
                    "proxy-password-file",
                    Kinds.file(),
                    new Presence.Unset<>(
                            "the password stands in `proxy`", "\"/etc/whimbrel/proxy-password\""),
                    RELOAD,
                    "A file whose first line is the password of the user in `proxy`. It is read for"
                            + " each connection.");

    static final TableSpec SOURCE =
            new TableSpec(
                    "source",
                    true,
                    false,
                    Optional.of(SOURCE_NAME),
                    "An address that mail leaves from. Without one, the system chooses the address"
                            + " and EHLO says `node.name`.",
                    List.of(
                            SOURCE_NAME,
                            SOURCE_ADDRESS,
                            SOURCE_EHLO,
                            SOURCE_PROFILE,
                            SOURCE_PROXY,
                            SOURCE_PROXY_ADDRESS,
                            SOURCE_PROXY_PASSWORD));

    static final Key<String> POOL_NAME =
            Key.required(
                    "name",
                    Kinds.name(),
                    "\"transactional\"",
                    RELOAD,
                    "What tenants, messages, limits and metrics call it.");

    static final Key<List<Member>> POOL_SOURCES =
            Key.required(
                    "sources",
                    ValueKind.listOf(EgressKinds.poolMember(), "sources", MEMBERS_MAX),
                    "[{ name = \"s1\", weight = 2 }]",
                    RELOAD,
                    "Its sources. Each gets its part of the pool's messages, by weight (1 where"
                            + " none is written); a source that cannot be used leaves its part to"
                            + " the others. A `backup` is used only while no other can be.");

    static final Key<Sticky> POOL_STICKY =
            Key.withDefault(
                    "sticky",
                    Kinds.choice(List.of(Sticky.values())),
                    Sticky.NONE,
                    RELOAD,
                    "What keeps to one source of the pool while that can be used: all mail of a"
                            + " tenant, of a campaign, or for a domain. Weights then hold among"
                            + " these, not among messages.");

    static final TableSpec POOL =
            new TableSpec(
                    "pool",
                    true,
                    false,
                    Optional.of(POOL_NAME),
                    "Sources that share mail. Where none is called `default` there is one of all"
                            + " sources.",
                    List.of(POOL_NAME, POOL_SOURCES, POOL_STICKY));

    static final Key<String> CLASS_NAME =
            Key.required(
                    "name",
                    Kinds.name(),
                    "\"transactional\"",
                    RELOAD,
                    "What a tenant calls it: `transactional`, `lifecycle`, `promotional` and `cold`"
                            + " are customary.");

    static final Key<String> CLASS_POOL =
            new Key<>(
                    "pool",
                    Kinds.name(),
                    new Presence.Unset<>(
                            "that of the route, else of `[delivery]`", "\"transactional\""),
                    RELOAD,
                    "The pool or source that its mail leaves by.");

    static final Key<PriorityClass> CLASS_PRIORITY =
            new Key<>(
                    "priority",
                    Kinds.choice(List.of(PriorityClass.values())),
                    new Presence.Unset<>(
                            "the word that `name` is, else normal", "\"transactional\""),
                    RELOAD,
                    "How urgent its mail is.");

    static final TableSpec CLASS =
            new TableSpec(
                    "class",
                    true,
                    false,
                    Optional.of(CLASS_NAME),
                    "A kind of mail: what a tenant, listener or `[pickup]` that names it in `class`"
                            + " need not say itself.",
                    List.of(CLASS_NAME, CLASS_POOL, CLASS_PRIORITY));

    /// A key of `[delivery]`.
    static final Key<String> DEFAULT_POOL =
            new Key<>(
                    "pool",
                    Kinds.name(),
                    new Presence.Unset<>("`default`", "\"transactional\""),
                    RELOAD,
                    "The pool or source that mail leaves by which names none.");

    private EgressKeys() {}

    /// @param nodeName said in EHLO where a source has no name of its own
    static EgressSettings settings(FileValues values, MailClasses classes, String nodeName) {
        List<SourceAddress> sources =
                values.all(SOURCE).stream().map(table -> source(table, nodeName)).toList();
        if (sources.isEmpty()) {
            sources = List.of(new SourceAddress("", Optional.empty(), nodeName));
        }
        List<PoolSettings> pools =
                new ArrayList<>(values.all(POOL).stream().map(EgressKeys::pool).toList());
        if (pools.stream().noneMatch(pool -> pool.name().equals(PoolSettings.DEFAULT))) {
            pools.add(PoolSettings.ofAll(sources));
        }
        String byDefault =
                values.one(DeliveryKeys.DELIVERY).find(DEFAULT_POOL).orElse(PoolSettings.DEFAULT);
        return new EgressSettings(sources, pools, classes.configured(), byDefault);
    }

    private static SourceAddress source(TableValues table, String nodeName) {
        Optional<Proxy> proxy = table.find(SOURCE_PROXY);
        Optional<InetAddress> behind = table.find(SOURCE_PROXY_ADDRESS);
        if (behind.isPresent()) {
            proxy = proxy.map(it -> it.withSourceAddress(behind.get()));
        }
        Optional<Path> password = table.find(SOURCE_PROXY_PASSWORD);
        if (password.isPresent()) {
            proxy = proxy.map(it -> it.withPassword(password.get()));
        }
        return new SourceAddress(
                table.get(SOURCE_NAME),
                Optional.of(table.get(SOURCE_ADDRESS)),
                table.find(SOURCE_EHLO).orElse(nodeName),
                table.find(SOURCE_PROFILE).map(Kinds::nameOf).orElse(""),
                proxy);
    }

    private static PoolSettings pool(TableValues table) {
        return new PoolSettings(
                table.get(POOL_NAME), table.get(POOL_SOURCES), table.get(POOL_STICKY));
    }
}
