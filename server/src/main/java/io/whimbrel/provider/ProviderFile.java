package io.whimbrel.provider;

import io.whimbrel.mail.Network;
import io.whimbrel.shaping.LimitSettings;
import io.whimbrel.shaping.ReactionRule;

import java.time.LocalDate;
import java.util.List;
import java.util.Optional;

/// What one provider file says. Immutable.
///
/// @param name the file is called so, with `.toml`; at most 64 letters, digits, `.`, `_` and `-`
/// @param title what people call the provider
/// @param note for operators; may be empty
/// @param tls what its hosts are known to offer
/// @param ip which addresses of its hosts are tried
/// @param matches how its hosts are known; none for `default`
/// @param limits in the order of the file
/// @param rules in the order in which they are tried
public record ProviderFile(
        String name,
        String title,
        String note,
        TlsPreference tls,
        IpPreference ip,
        List<HostMatch> matches,
        List<Limit> limits,
        List<ReactionRule> rules) {

    /// The name of the provider that all sites have which no other file knows.
    public static final String DEFAULT = "default";

    /// Whether TLS is asked for. Immutable.
    public enum TlsPreference {
        /// TLS is not tried: its hosts break it.
        NONE,
        /// Where it is offered.
        MAY,
        /// Its hosts always offer it; without it somebody is between.
        ENCRYPT
    }

    /// Which addresses of a host are tried, and in which order. Immutable.
    public enum IpPreference {
        ANY("any"),
        FOUR_FIRST("4-first"),
        SIX_FIRST("6-first"),
        FOUR_ONLY("4"),
        SIX_ONLY("6");

        private final String text;

        IpPreference(String text) {
            this.text = text;
        }

        /// As it stands in the file.
        public String text() {
            return text;
        }
    }

    /// How a host or a domain is known to be the provider's. Immutable.
    public sealed interface HostMatch {

        /// An MX host of this name, or each one below `*.`; in lower case.
        record Mx(String pattern) implements HostMatch {}

        /// The domain of the recipients, in lower case.
        record Domain(String domain) implements HostMatch {}

        /// An address of an MX host.
        record Address(Network network) implements HostMatch {}
    }

    /// A limit, and where its numbers come from. Immutable.
    ///
    /// @param profile of the sources that it is for; empty for all
    /// @param sourceUrl where the numbers were found
    /// @param since when they were written there
    public record Limit(
            LimitSettings settings,
            Optional<String> profile,
            Optional<String> sourceUrl,
            Optional<LocalDate> since) {}

    public ProviderFile {
        matches = List.copyOf(matches);
        limits = List.copyOf(limits);
        rules = List.copyOf(rules);
    }
}
