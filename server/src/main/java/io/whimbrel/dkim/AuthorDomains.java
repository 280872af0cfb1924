package io.whimbrel.dkim;

import io.whimbrel.mail.DomainName;

import java.nio.charset.StandardCharsets;
import java.util.HashMap;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;

/// The domains of the addresses in a From field (RFC 5322 §3.4). Confined to one thread, for one
/// field. What is in comments and quotes is no address; where a display name looks like an address,
/// the one in angle brackets counts; where there are several of those, each does.
public final class AuthorDomains {
    /// Stands for what was quoted.
    private static final char QUOTED = '"';

    private final String text;
    private final Set<String> domains = new LinkedHashSet<>();
    private final Map<String, String> addresses = new HashMap<>();
    private final StringBuilder bare = new StringBuilder();
    private boolean hasBrackets;
    private boolean hasUnreadable;
    private int at;

    /// @param isWhole no address among them has a domain that cannot be read
    /// @param addresses the first of each domain, where its local part is not quoted
    public record Found(List<String> domains, boolean isWhole, Map<String, String> addresses) {}

    private AuthorDomains(HeaderField field) {
        this.text =
                new String(
                        field.raw(),
                        field.valueStart(),
                        field.raw().length - field.valueStart(),
                        StandardCharsets.UTF_8);
    }

    /// Each domain once, lower case, with A-labels, in their order.
    public static Found of(HeaderField field) {
        var reader = new AuthorDomains(field);
        reader.read();
        return new Found(
                List.copyOf(reader.domains), !reader.hasUnreadable, Map.copyOf(reader.addresses));
    }

    private void read() {
        while (at < text.length()) {
            char c = text.charAt(at);
            switch (c) {
                case '(' -> skipComment();
                case '"' -> skipQuotes();
                case '<' -> readBrackets();
                case ',', ';' -> {
                    endMailbox();
                    at++;
                }
                case ':' -> {
                    // What stood before it names a group.
                    bare.setLength(0);
                    at++;
                }
                default -> {
                    bare.append(c);
                    at++;
                }
            }
        }
        endMailbox();
    }

    private void skipComment() {
        int depth = 0;
        while (at < text.length()) {
            char c = text.charAt(at++);
            if (c == '\\') {
                at++;
            } else if (c == '(') {
                depth++;
            } else if (c == ')' && --depth == 0) {
                return;
            }
        }
    }

    /// A quoted local part, or display name, is kept as one harmless character.
    private void skipQuotes() {
        at++;
        while (at < text.length()) {
            char c = text.charAt(at++);
            if (c == '\\') {
                at++;
            } else if (c == '"') {
                break;
            }
        }
        bare.append(QUOTED);
    }

    private void readBrackets() {
        at++;
        bare.setLength(0);
        hasBrackets = true;
        while (at < text.length() && text.charAt(at) != '>') {
            char c = text.charAt(at);
            if (c == '"') {
                skipQuotes();
            } else if (c == '(') {
                skipComment();
            } else {
                bare.append(c);
                at++;
            }
        }
        at++;
        add(withoutRoute(bare.toString().strip()));
        bare.setLength(0);
    }

    /// RFC 5322 §4.4: hosts may stand in front of an address, `@a,@b:local@domain`.
    private static String withoutRoute(String address) {
        return address.startsWith("@") ? address.substring(address.indexOf(':') + 1) : address;
    }

    private void endMailbox() {
        if (!hasBrackets && !bare.toString().isBlank()) {
            add(bare.toString());
        }
        bare.setLength(0);
        hasBrackets = false;
    }

    private void add(String address) {
        int sign = address.lastIndexOf('@');
        Optional<String> domain =
                sign < 0
                        ? Optional.empty()
                        : DomainName.parse(address.substring(sign + 1).strip())
                                .filter(it -> !it.isLiteral() && Labels.isName(it.value()))
                                .map(DomainName::value);
        domain.ifPresentOrElse(
                found -> addFound(address.substring(0, sign).strip(), found),
                () -> hasUnreadable = true);
    }

    private void addFound(String localPart, String domain) {
        domains.add(domain);
        if (!localPart.isEmpty() && localPart.indexOf(QUOTED) < 0) {
            addresses.putIfAbsent(domain, localPart + "@" + domain);
        }
    }
}
