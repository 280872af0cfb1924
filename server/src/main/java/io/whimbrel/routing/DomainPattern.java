package io.whimbrel.routing;

import io.whimbrel.mail.DomainName;

import java.util.Optional;

/// Which domains a route is for. Immutable.
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
}
