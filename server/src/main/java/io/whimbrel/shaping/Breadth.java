package io.whimbrel.shaping;

import java.util.Set;

/// How much of the mail of a connection a limit that has no room holds back.
public enum Breadth {
    /// All of it.
    PATH,
    /// That of one tenant.
    TENANT,
    /// That of one campaign.
    CAMPAIGN,
    /// That for one domain.
    QUEUE;

    /// Of a limit that tells these apart.
    static Breadth of(Set<Dimension> dimensions) {
        if (dimensions.contains(Dimension.DOMAIN)) {
            return QUEUE;
        }
        if (dimensions.contains(Dimension.CAMPAIGN)) {
            return CAMPAIGN;
        }
        return dimensions.contains(Dimension.TENANT) ? TENANT : PATH;
    }
}
