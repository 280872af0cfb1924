package io.whimbrel.verification;

import io.whimbrel.dkim.Labels;
import io.whimbrel.dns.ReversedAddress;
import io.whimbrel.mail.IpText;
import io.whimbrel.verification.MacroText.Literal;
import io.whimbrel.verification.MacroText.Macro;

import java.net.Inet6Address;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import java.util.Locale;
import java.util.function.Supplier;

/// What the macros of SPF stand for (RFC 7208 §7.2). Confined to one thread.
final class MacroValues {
    /// Of one text; what is longer is no name anyway and no explanation that is of use.
    static final int LENGTH_MAX = 8_192;

    private static final char[] HEX = "0123456789ABCDEF".toCharArray();

    private final SpfClient client;
    private final Supplier<String> validatedName;
    private final String receiver;
    private final long epochSeconds;

    /// @param validatedName of the client, found when it is first wanted
    /// @param receiver our own name
    MacroValues(
            SpfClient client, Supplier<String> validatedName, String receiver, long epochSeconds) {
        this.client = client;
        this.validatedName = validatedName;
        this.receiver = receiver;
        this.epochSeconds = epochSeconds;
    }

    /// The text with its macros replaced, cut at about [#LENGTH_MAX].
    ///
    /// @param domain whose policy it is
    String expand(MacroText text, String domain) {
        var expanded = new StringBuilder();
        for (MacroText.Part part : text.parts()) {
            switch (part) {
                case Literal(String literal) -> expanded.append(literal);
                case Macro macro -> append(expanded, macro, domain);
            }
            if (expanded.length() > LENGTH_MAX) {
                break;
            }
        }
        return expanded.toString();
    }

    /// As [#expand], made a name: where it is too long, labels go from the left (RFC 7208 §7.3).
    String expandName(MacroText text, String domain) {
        String name = Labels.normal(expand(text, domain));
        while (name.length() > Labels.NAME_MAX && name.indexOf('.') >= 0) {
            name = Labels.parent(name);
        }
        return name;
    }

    private void append(StringBuilder expanded, Macro macro, String domain) {
        List<String> parts = split(value(macro.letter(), domain), macro.delimiters());
        if (macro.isReversed()) {
            Collections.reverse(parts);
        }
        int from = macro.keepLast() == 0 ? 0 : Math.max(0, parts.size() - macro.keepLast());
        String joined = String.join(".", parts.subList(from, parts.size()));
        if (macro.isEscaped()) {
            appendEscaped(expanded, joined);
        } else {
            expanded.append(joined);
        }
    }

    private String value(char letter, String domain) {
        return switch (letter) {
            case 's' -> client.localPart() + "@" + client.domain();
            case 'l' -> client.localPart();
            case 'o' -> client.domain();
            case 'd' -> domain;
            case 'i' -> dotted();
            case 'p' -> validatedName.get();
            case 'v' -> isIpv6() ? "ip6" : "in-addr";
            case 'h' -> client.helo();
            case 'c' -> IpText.of(client.address());
            case 'r' -> receiver;
            case 't' -> Long.toString(epochSeconds);
            default -> throw new IllegalStateException("no macro: " + letter);
        };
    }

    private boolean isIpv6() {
        return client.address() instanceof Inet6Address;
    }

    private String dotted() {
        if (!isIpv6()) {
            return IpText.of(client.address());
        }
        String reversed = ReversedAddress.of(client.address()).toUpperCase(Locale.ROOT);
        return new StringBuilder(reversed).reverse().toString();
    }

    private static List<String> split(String value, String delimiters) {
        List<String> parts = new ArrayList<>();
        int start = 0;
        for (int i = 0; i < value.length(); i++) {
            if (delimiters.indexOf(value.charAt(i)) >= 0) {
                parts.add(value.substring(start, i));
                start = i + 1;
            }
        }
        parts.add(value.substring(start));
        return parts;
    }

    private static void appendEscaped(StringBuilder expanded, String text) {
        for (byte octet : text.getBytes(StandardCharsets.UTF_8)) {
            char c = (char) (octet & 0xff);
            if (Labels.isAlphanumeric(c) || "-._~".indexOf(c) >= 0) {
                expanded.append(c);
            } else {
                expanded.append('%').append(HEX[c >>> 4]).append(HEX[c & 15]);
            }
        }
    }
}
