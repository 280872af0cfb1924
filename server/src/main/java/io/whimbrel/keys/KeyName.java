package io.whimbrel.keys;

import io.whimbrel.mail.DomainName;

import java.util.Locale;
import java.util.Optional;

/// Domain and selector of a key, tags `d` and `s` of its signatures (RFC 6376 §3.1). Immutable.
///
/// @param domain lower case, A-labels
/// @param selector lower case; letters, digits, hyphens and underscores in one or more labels
public record KeyName(String domain, String selector) implements Comparable<KeyName> {
    private static final int DNS_NAME_MAX = 253;
    private static final String BETWEEN = "._domainkey.";

    /// Both as above, also where they become names of files.
    ///
    /// @throws IllegalArgumentException where they are not
    public KeyName {
        boolean isGood =
                isNormal(domain)
                        && isSelector(selector)
                        && domain.length() + BETWEEN.length() + selector.length() <= DNS_NAME_MAX;
        if (!isGood) {
            throw new IllegalArgumentException("no domain and selector of a key");
        }
    }

    /// As people write them. Empty where they are no names, or too long together for the DNS.
    public static Optional<KeyName> parse(String domain, String selector) {
        Optional<DomainName> name = DomainName.parse(domain).filter(it -> !it.isLiteral());
        String lower = selector.toLowerCase(Locale.ROOT);
        return name.isPresent()
                        && isSelector(lower)
                        && name.get().value().length() + BETWEEN.length() + lower.length()
                                <= DNS_NAME_MAX
                ? Optional.of(new KeyName(name.get().value(), lower))
                : Optional.empty();
    }

    private static boolean isNormal(String text) {
        return DomainName.parse(text)
                .filter(it -> !it.isLiteral() && it.value().equals(text))
                .isPresent();
    }

    /// RFC 6376 §3.1 wants labels of sub-domains: no underscore at an edge.
    private static boolean isSelector(String text) {
        String edged = "." + text + ".";
        return isNormal(text) && !edged.contains("._") && !edged.contains("_.");
    }

    /// Where its record is in the DNS, without the dot of the root.
    public String dnsName() {
        return selector + BETWEEN + domain;
    }

    @Override
    public int compareTo(KeyName other) {
        int order = domain.compareTo(other.domain);
        return order != 0 ? order : selector.compareTo(other.selector);
    }

    @Override
    public String toString() {
        return selector + " of " + domain;
    }
}
