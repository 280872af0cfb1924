package io.whimbrel.mail;

import java.util.Optional;

/// Which domains a line of the configuration is for. Immutable.
public sealed interface DomainPattern {

    /// `*`
    record Every() implements DomainPattern {}

    /// `example.com`
    record Exactly(DomainName domain) implements DomainPattern {}

    /// `*.example.com`: every domain below, not the apex.
    record Below(DomainName apex) implements DomainPattern {}

    /// Reads a pattern; empty where `text` is none.
    static Optional<DomainPattern> parse(String text) {
        if (text.equals("*")) {
            return Optional.of(new Every());
        }
        boolean below = text.startsWith("*.");
        return DomainName.parse(below ? text.substring(2) : text)
                .map(domain -> below ? new Below(domain) : new Exactly(domain));
    }

    default boolean matches(DomainName domain) {
        return switch (this) {
            case Every() -> true;
            case Exactly(DomainName exact) -> exact.equals(domain);
            case Below(DomainName apex) -> domain.value().endsWith("." + apex.value());
        };
    }

    /// As [#parse] reads it.
    default String text() {
        return switch (this) {
            case Every() -> "*";
            case Exactly(DomainName domain) -> domain.value();
            case Below(DomainName apex) -> "*." + apex.value();
        };
    }
}
