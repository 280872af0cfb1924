package io.whimbrel.config;

import io.whimbrel.egress.PoolSettings.Member;
import io.whimbrel.egress.Proxy;
import io.whimbrel.egress.Proxy.Kind;
import io.whimbrel.egress.Proxy.Login;
import io.whimbrel.egress.Proxy.Password;
import io.whimbrel.toml.AddressText;
import io.whimbrel.toml.Kinds;
import io.whimbrel.toml.NearestName;
import io.whimbrel.toml.TomlText;
import io.whimbrel.toml.ValueKind;
import io.whimbrel.toml.ValueKind.Reading;
import io.whimbrel.toml.ValueKind.Reading.Problem;

import org.tomlj.TomlTable;

import java.net.InetSocketAddress;
import java.net.URLDecoder;
import java.net.URLEncoder;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.Optional;
import java.util.OptionalInt;

/// The kinds of values that say where mail leaves from. Stateless.
final class EgressKinds {
    private static final int WORD_MAX = 255;
    private static final List<String> MEMBER_KEYS = List.of("name", "weight", "backup");

    private EgressKinds() {}

    /// A proxy, without what other keys say of it. No error shows the value: a password may be in
    /// it.
    static ValueKind<Proxy> proxy() {
        return ValueKind.ofText(
                "is no proxy",
                "\"socks5://address:port\", \"socks5://user:password@address:port\" with special"
                        + " characters as %xx, or \"haproxy://address:port\"",
                EgressKinds::readProxy,
                EgressKinds::render);
    }

    private static Reading<Proxy> readProxy(String text) {
        int schemeEnd = text.indexOf("://");
        Optional<Kind> kind =
                switch (text.substring(0, Math.max(0, schemeEnd))) {
                    case "socks5" -> Optional.of(Kind.SOCKS5);
                    case "haproxy" -> Optional.of(Kind.HAPROXY);
                    default -> Optional.empty();
                };
        if (kind.isEmpty()) {
            return Reading.bad("the value (not shown) is neither socks5:// nor haproxy://");
        }
        String rest = text.substring(schemeEnd + "://".length());
        int at = rest.lastIndexOf('@');
        Optional<InetSocketAddress> address =
                AddressText.parseWithPort(rest.substring(at + 1), OptionalInt.empty())
                        .filter(it -> it.getPort() > 0 && !it.getAddress().isAnyLocalAddress());
        if (address.isEmpty()) {
            return Reading.bad("the value (not shown) names no address with a port");
        }
        if (at < 0) {
            return new Reading.Good<>(
                    new Proxy(kind.get(), address.get(), Optional.empty(), Optional.empty()));
        }
        Optional<Login> login = readLogin(rest.substring(0, at));
        if (login.isEmpty() || kind.get() != Kind.SOCKS5) {
            return Reading.bad(
                    login.isEmpty()
                            ? "the value (not shown) has no good user or password"
                            : "the value (not shown) has a user, which haproxy does not ask for");
        }
        return new Reading.Good<>(new Proxy(kind.get(), address.get(), login, Optional.empty()));
    }

    private static Optional<Login> readLogin(String text) {
        int colon = text.indexOf(':');
        Optional<String> user = decoded(colon < 0 ? text : text.substring(0, colon));
        Optional<String> password = decoded(colon < 0 ? "" : text.substring(colon + 1));
        return user.isEmpty() || user.get().isEmpty() || password.isEmpty()
                ? Optional.empty()
                : Optional.of(new Login(user.get(), new Password.Written(password.get())));
    }

    private static Optional<String> decoded(String text) {
        try {
            // A plus is a plus: this is no form of a web page.
            String plain = URLDecoder.decode(text.replace("+", "%2B"), StandardCharsets.UTF_8);
            boolean fits = plain.getBytes(StandardCharsets.UTF_8).length <= WORD_MAX;
            return fits ? Optional.of(plain) : Optional.empty();
        } catch (IllegalArgumentException _) {
            return Optional.empty();
        }
    }

    private static String render(Proxy proxy) {
        String login = proxy.login().map(EgressKinds::render).orElse("");
        return proxy.kind().name().toLowerCase(Locale.ROOT)
                + "://"
                + login
                + AddressText.render(proxy.address());
    }

    private static String render(Login login) {
        String password =
                switch (login.password()) {
                    case Password.Written(String secret) ->
                            secret.isEmpty() ? "" : ":" + encoded(secret);
                    case Password.InFile _ -> "";
                };
        return encoded(login.user()) + password + "@";
    }

    private static String encoded(String text) {
        return URLEncoder.encode(text, StandardCharsets.UTF_8).replace("+", "%20");
    }

    /// A source in a pool: its name, or a table of name, weight and backup.
    static ValueKind<Member> poolMember() {
        return new ValueKind<>(
                "the name of a [[source]], or a table of name, weight (1 to "
                        + Member.WEIGHT_MAX
                        + ") and backup (true or false)",
                value ->
                        value instanceof TomlTable table
                                ? readMember(table)
                                : map(Kinds.name().reader().apply(value)),
                EgressKinds::render);
    }

    private static Reading<Member> map(Reading<String> name) {
        return switch (name) {
            case Reading.Good<String>(String good) -> new Reading.Good<>(Member.of(good));
            case Reading.Bad<String>(var problems) -> new Reading.Bad<>(problems);
        };
    }

    private static Reading<Member> readMember(TomlTable table) {
        List<Problem> problems = new ArrayList<>();
        for (String key : table.keySet()) {
            if (!MEMBER_KEYS.contains(key)) {
                problems.add(
                        new Problem(
                                "unknown key " + TomlText.shown(key),
                                NearestName.of(key, MEMBER_KEYS).map(TomlText::quote),
                                -1));
            }
        }
        if (!table.contains("name")) {
            problems.add(new Problem("a source without name", Optional.empty(), -1));
        }
        String name = read(table, "name", Kinds.name(), "", problems);
        int weight = read(table, "weight", Kinds.integer(1, Member.WEIGHT_MAX), 1, problems);
        boolean isBackup = read(table, "backup", Kinds.flag(), false, problems);
        return problems.isEmpty()
                ? new Reading.Good<>(new Member(name, weight, isBackup))
                : new Reading.Bad<>(problems);
    }

    private static <T> T read(
            TomlTable table, String key, ValueKind<T> kind, T byDefault, List<Problem> problems) {
        Object value = table.get(List.of(key));
        if (value == null) {
            return byDefault;
        }
        return switch (kind.reader().apply(value)) {
            case Reading.Good<T>(T good) -> good;
            case Reading.Bad<T>(var found) -> {
                for (Problem problem : found) {
                    String message = key + ": " + problem.message();
                    problems.add(new Problem(message, problem.suggestion(), -1));
                }
                yield byDefault;
            }
        };
    }

    private static String render(Member member) {
        if (member.equals(Member.of(member.source()))) {
            return TomlText.quote(member.source());
        }
        return "{ name = "
                + TomlText.quote(member.source())
                + ", weight = "
                + member.weight()
                + (member.isBackup() ? ", backup = true" : "")
                + " }";
    }
}
