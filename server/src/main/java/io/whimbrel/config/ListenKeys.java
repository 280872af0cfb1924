package io.whimbrel.config;

import static io.whimbrel.toml.Key.Change.RELOAD;
import static io.whimbrel.toml.Key.Change.RESTART;

import io.whimbrel.header.HeaderRules;
import io.whimbrel.mail.DomainPattern;
import io.whimbrel.mail.Network;
import io.whimbrel.reception.ListenSettings.Entrance;
import io.whimbrel.reception.ListenSettings.Proxies;
import io.whimbrel.toml.Key;
import io.whimbrel.toml.Key.Presence;
import io.whimbrel.toml.Kinds;
import io.whimbrel.toml.TableValues;
import io.whimbrel.toml.ValueKind;

import java.util.List;
import java.util.Optional;

/// Keys of `[[listen]]` on how clients reach us, and on the header of what they send. Stateless.
final class ListenKeys {
    private static final int NETWORKS_MAX = 1_000;

    /// What clients speak.
    enum Protocol {
        SMTP,
        LMTP
    }

    static final Key<Protocol> PROTOCOL =
            Key.withDefault(
                    "protocol",
                    Kinds.choice(List.of(Protocol.values())),
                    Protocol.SMTP,
                    RESTART,
                    "What clients speak. LMTP (RFC 2033) is for programs on the same machine or"
                            + " network that hand over mail without a queue of their own.");

    static final Key<Integer> SOCKET_MODE =
            Key.withDefault(
                    "socket-mode",
                    Kinds.fileMode(),
                    0660,
                    RESTART,
                    "Who may connect to a UNIX socket, as the rights of its file. Its clients count"
                            + " as `127.0.0.1`.");

    static final Key<Boolean> OPEN_RELAY =
            Key.withDefault(
                    "open-relay",
                    Kinds.flag(),
                    false,
                    RELOAD,
                    "Says that it is wanted that anybody may relay, in a network that nobody else"
                            + " reaches. Without it a `relay-from` as wide as the internet, and a"
                            + " trusted proxy that may be anybody, are refused.");

    static final Key<List<Network>> PROXY_PROTOCOL_FROM =
            new Key<>(
                    "proxy-protocol-from",
                    ValueKind.listOf(NetworkKinds.network(), "networks", NETWORKS_MAX),
                    new Presence.Default<>(List.of(), Optional.empty()),
                    RELOAD,
                    "Networks of proxies, such as HAProxy, whose connections begin with a header of"
                            + " the PROXY protocol, version 1 or 2. Without a good one the"
                            + " connection is closed. Other clients must not send one.");

    static final Key<List<Network>> XCLIENT_FROM =
            new Key<>(
                    "xclient-from",
                    ValueKind.listOf(NetworkKinds.network(), "networks", NETWORKS_MAX),
                    new Presence.Default<>(List.of(), Optional.empty()),
                    RELOAD,
                    "Networks of mail proxies, such as nginx or Postfix, that may say by XCLIENT"
                            + " who their client is. `LOGIN` names a user of this listener who has"
                            + " authenticated there.");

    static final Key<List<DomainPattern>> FROM_DOMAINS =
            new Key<>(
                    "from-domains",
                    ValueKind.listOf(NetworkKinds.domainPattern(), "domains", NETWORKS_MAX),
                    new Presence.Unset<>("anybody", "[\"shop.example\"]"),
                    RELOAD,
                    "Whom the From field and the reverse-path of mail taken here may name, whatever"
                            + " the tenant may. Mail from clients that may not"
                            + " relay is not asked.");

    static final Key<String> TENANT_HEADER =
            new Key<>(
                    "tenant-header",
                    Kinds.fieldName(),
                    new Presence.Unset<>("no field names the tenant", "\"X-Tenant\""),
                    RELOAD,
                    "The header field in which clients in `relay-from` name the tenant of a"
                        + " message. It is removed. Who has authenticated is of his own tenant.");

    static final Key<Boolean> CONTROL_HEADERS =
            Key.withDefault(
                    "control-headers",
                    Kinds.flag(),
                    false,
                    RELOAD,
                    "Whether header fields direct mail of clients that may relay:"
                        + " `X-Whimbrel-Pool`, `-Tenant`, `-Campaign`, `-Not-Before`, `-Expire`,"
                        + " `-Priority`, `-Meta`, and as users of PowerMTA write them `X-Job`,"
                        + " `X-Virtual-MTA` and `X-Envid`. They are removed.");

    static final Key<Boolean> SUBMISSION =
            Key.withDefault(
                    "submission",
                    Kinds.flag(),
                    false,
                    RELOAD,
                    "Whether clients are programs that write mail, not servers that pass it on:"
                        + " then Date and Message-ID are added where they are missing (RFC 6409).");

    static final Key<Long> HEADER_MAX =
            Key.withDefault(
                    "max-header",
                    Kinds.size(8L << 10, 4L << 20),
                    (long) HeaderRules.DEFAULT.bytesMax(),
                    RELOAD,
                    "The largest header of a message. A larger one gets 552.");

    private ListenKeys() {}

    /// @param certificates every `[[certificate]]`
    static Entrance entrance(TableValues table, List<TableValues> certificates) {
        return new Entrance(
                table.get(ReceptionKeys.ADDRESS),
                table.get(SOCKET_MODE),
                table.get(PROTOCOL) == Protocol.LMTP,
                new Proxies(table.get(PROXY_PROTOCOL_FROM), table.get(XCLIENT_FROM)),
                TlsKeys.settings(table, certificates));
    }

    static HeaderRules header(TableValues table) {
        return new HeaderRules(
                Math.toIntExact(table.get(HEADER_MAX)),
                table.get(SUBMISSION),
                table.get(CONTROL_HEADERS),
                table.find(TENANT_HEADER));
    }
}
