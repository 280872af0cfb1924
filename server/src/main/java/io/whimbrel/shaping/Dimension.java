package io.whimbrel.shaping;

import java.util.Locale;
import java.util.Optional;

/// By what limits and actions tell traffic apart.
public enum Dimension {
    /// A source address, by its name.
    SOURCE,
    POOL,
    /// A mailbox provider, by the name of its file.
    PROVIDER,
    /// The set of domains served by the same MX hosts.
    SITE,
    /// Of the recipients.
    DOMAIN,
    TENANT,
    CAMPAIGN,
    /// How warm a source is: `cold`, `warm`, `hot`.
    PROFILE;

    /// As it is written in configuration.
    public String key() {
        return name().toLowerCase(Locale.ROOT);
    }

    /// Empty where none is written so.
    public static Optional<Dimension> of(String key) {
        for (Dimension dimension : values()) {
            if (dimension.key().equals(key)) {
                return Optional.of(dimension);
            }
        }
        return Optional.empty();
    }

    /// Whether a connection has it: the others belong to the message.
    public boolean isOfConnection() {
        return switch (this) {
            case SOURCE, POOL, PROVIDER, SITE, PROFILE -> true;
            case DOMAIN, TENANT, CAMPAIGN -> false;
        };
    }
}
