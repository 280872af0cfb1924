package io.whimbrel.egress;

import io.whimbrel.shaping.Flow;

import java.util.List;

/// One `[[pool]]`: sources that share mail. Immutable.
///
/// @param name as tenants, messages and limits have it
/// @param members at least one, each source once
/// @param sticky what keeps to one source of the pool
public record PoolSettings(String name, List<Member> members, Sticky sticky) {
    /// Of the pool that a node without `[[pool]]` has, and of mail that names none.
    public static final String DEFAULT = "default";

    /// A source in a pool. Immutable.
    ///
    /// @param source its name
    /// @param weight its part of the pool's mail, 1..1000
    /// @param isBackup whether it is used only while no other can be
    public record Member(String source, int weight, boolean isBackup) {
        public static final int WEIGHT_MAX = 1_000;

        public Member {
            if (weight < 1 || weight > WEIGHT_MAX) {
                throw new IllegalArgumentException("weight must be 1..1000, not " + weight);
            }
        }

        /// With weight 1, and no backup.
        public static Member of(String source) {
            return new Member(source, 1, false);
        }
    }

    /// What keeps to one source of a pool, while that can be used.
    public enum Sticky {
        NONE,
        TENANT,
        CAMPAIGN,
        DOMAIN;

        /// What of `flow` leads to a source; `""` where nothing does, so that shares alone count.
        public String key(Flow flow) {
            return switch (this) {
                case NONE -> "";
                case TENANT -> flow.tenant();
                // Two tenants may call their campaigns alike.
                case CAMPAIGN ->
                        flow.campaign().isEmpty() ? "" : flow.tenant() + "\n" + flow.campaign();
                case DOMAIN -> flow.domain();
            };
        }
    }

    public PoolSettings {
        members = List.copyOf(members);
        if (members.isEmpty()) {
            throw new IllegalArgumentException("pool " + name + " has no source");
        }
    }

    /// All sources with equal parts.
    public static PoolSettings ofAll(List<SourceAddress> sources) {
        List<Member> members = sources.stream().map(it -> Member.of(it.name())).toList();
        return new PoolSettings(DEFAULT, members, Sticky.NONE);
    }
}
