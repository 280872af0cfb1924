package io.whimbrel.dkimport;

import io.whimbrel.dkim.Labels;

import java.util.Optional;

/// Whose mail a line of a signing table is for. Immutable.
sealed interface Authors {

    /// Of this domain.
    record Exactly(String domain) implements Authors {}

    /// Of all domains below this one.
    record Below(String domain) implements Authors {}

    record Every() implements Authors {}

    /// What ours cannot say.
    ///
    /// @param reason why, and what to do
    record Unsaid(String reason) implements Authors {}

    /// A key of a signing table (opendkim.conf(5), SigningTable).
    ///
    /// @param isPattern whether it is a wildcard pattern, which the whole address must match
    static Authors parse(String key, boolean isPattern) {
        String text = Labels.normal(key);
        if (text.equals("*") || (isPattern && text.equals("*@*"))) {
            return new Every();
        }
        return isPattern ? ofPattern(text) : ofKey(text);
    }

    private static Authors ofPattern(String text) {
        int at = text.lastIndexOf('@');
        String local = at < 0 ? "" : text.substring(0, at);
        String host = text.substring(at + 1);
        if (at >= 0 && !local.equals("*")) {
            return new Unsaid("is for single addresses, and ours signs by domain");
        }
        if (at < 0 && !host.startsWith("*")) {
            return new Unsaid("matches no address; OpenDKIM wants *@" + host);
        }
        if (host.startsWith("*.") && isName(host.substring(2))) {
            return new Below(host.substring(2));
        }
        if (at >= 0 && isName(host)) {
            return new Exactly(host);
        }
        return new Unsaid(
                "is a pattern that ours has no like of: write the domains into `authors`");
    }

    private static Authors ofKey(String text) {
        if (text.indexOf('@') >= 0) {
            return new Unsaid(
                    text.startsWith("*@")
                            ? "matches nothing but in a refile:"
                            : "is for single addresses, and ours signs by domain");
        }
        if (text.startsWith(".") && isName(text.substring(1))) {
            return new Below(text.substring(1));
        }
        return isName(text) ? new Exactly(text) : new Unsaid("is no domain");
    }

    private static boolean isName(String text) {
        return text.matches("[a-z0-9._-]+") && Labels.isName(text);
    }

    /// As our configuration writes it; empty for what it cannot say.
    default Optional<String> text() {
        return switch (this) {
            case Exactly(String domain) -> Optional.of(domain);
            case Below(String domain) -> Optional.of("*." + domain);
            case Every() -> Optional.of(DkimTable.EVERY);
            case Unsaid _ -> Optional.empty();
        };
    }

    /// Whether all mail that `other` is for is ours as well.
    default boolean covers(Authors other) {
        return switch (this) {
            case Every() -> true;
            case Exactly _ -> equals(other);
            case Below(String domain) ->
                    switch (other) {
                        case Exactly(String it) -> it.endsWith("." + domain);
                        case Below(String it) -> it.equals(domain) || it.endsWith("." + domain);
                        case Every _, Unsaid _ -> false;
                    };
            case Unsaid _ -> false;
        };
    }

    /// How specific it is: of a flat file the most specific line counts, wherever it stands.
    default int order() {
        return switch (this) {
            case Exactly _ -> 0;
            case Below(String domain) -> 1 + Labels.NAME_MAX - domain.length();
            case Every _, Unsaid _ -> Integer.MAX_VALUE;
        };
    }
}
