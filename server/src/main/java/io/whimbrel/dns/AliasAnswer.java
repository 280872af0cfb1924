package io.whimbrel.dns;

/// What the DNS says about a name being an alias, one link of a chain. Immutable.
public sealed interface AliasAnswer {

    /// It is one.
    ///
    /// @param target lower case, no trailing dot; perhaps an alias itself
    /// @param isSecure a resolver that is trusted with it has validated this link
    record Alias(String target, boolean isSecure) implements AliasAnswer {}

    /// It is none.
    record NoAlias() implements AliasAnswer {}

    /// Nobody could say; `text` says why.
    record TemporaryFailure(String text) implements AliasAnswer {}
}
