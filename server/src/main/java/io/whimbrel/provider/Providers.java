package io.whimbrel.provider;

import io.whimbrel.provider.ProviderFile.HostMatch;
import io.whimbrel.provider.ShapingSettings.ProviderOverride;
import io.whimbrel.reaction.ReactionMatcher;
import io.whimbrel.reaction.Rulebook;
import io.whimbrel.shaping.Dimension;
import io.whimbrel.shaping.LimitScope;
import io.whimbrel.shaping.LimitSettings;
import io.whimbrel.shaping.ReactionRule;

import java.net.InetAddress;
import java.util.ArrayList;
import java.util.EnumMap;
import java.util.HashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;
import java.util.SortedMap;
import java.util.TreeMap;
import java.util.function.Supplier;

/// All providers that are known. Immutable, thread-safe.
public final class Providers {
    /// Nothing is known of anybody.
    public static final Providers NONE = new Providers(List.of(), List.of());

    private final SortedMap<String, ProviderFile> files = new TreeMap<>();
    private final Map<String, ProviderOverride> overrides = new HashMap<>();

    /// By the name of a host, or by `*.` and what it ends in.
    private final Map<String, String> byHost = new HashMap<>();

    private final Map<String, String> byDomain = new HashMap<>();
    private final List<Addresses> byAddress = new ArrayList<>();
    private final Rulebook rulebook;

    private record Addresses(HostMatch.Address match, String provider) {}

    /// @param all of different names; where two claim the same host or domain, the first in the
    ///   order of their names has it
    /// @param wanted what operators want otherwise
    public Providers(List<ProviderFile> all, List<ProviderOverride> wanted) {
        all.forEach(file -> files.put(file.name(), file));
        wanted.forEach(it -> overrides.put(it.name(), it));
        for (ProviderFile file : files.values()) {
            for (HostMatch match : file.matches()) {
                switch (match) {
                    case HostMatch.Mx(String pattern) -> byHost.putIfAbsent(pattern, file.name());
                    case HostMatch.Domain(String domain) ->
                            byDomain.putIfAbsent(domain, file.name());
                    case HostMatch.Address address ->
                            byAddress.add(new Addresses(address, file.name()));
                }
            }
        }
        Map<String, List<ReactionRule>> rules = new HashMap<>();
        files.keySet().forEach(name -> rules.put(name, ownRules(name)));
        rulebook = new Rulebook(rules);
    }

    @Override
    public boolean equals(Object other) {
        return other instanceof Providers providers
                && files.equals(providers.files)
                && overrides.equals(providers.overrides);
    }

    @Override
    public int hashCode() {
        return files.keySet().hashCode();
    }

    /// In the order of their names.
    public List<ProviderFile> files() {
        return List.copyOf(files.values());
    }

    public Optional<ProviderFile> file(String name) {
        return Optional.ofNullable(files.get(name));
    }

    /// Whose mail hosts these are: by the name of the first of them that is known, of its matches
    /// the longest; then by the domain; then by an address. [ProviderFile#DEFAULT] where nobody
    /// knows.
    ///
    /// @param mxHosts in the order in which they are tried
    /// @param domain of the recipients
    /// @param addresses of the hosts; asked for only where it must be
    public String of(List<String> mxHosts, String domain, Supplier<List<InetAddress>> addresses) {
        for (String host : mxHosts) {
            Optional<String> found = ofHost(plain(host));
            if (found.isPresent()) {
                return found.get();
            }
        }
        String byName = byDomain.get(plain(domain));
        if (byName != null) {
            return byName;
        }
        return byAddress.isEmpty() ? ProviderFile.DEFAULT : ofAddresses(addresses.get());
    }

    /// By what [#of] told that these are the hosts of `provider`, for people; `""` for `default`.
    public String sign(List<String> mxHosts, String domain, String provider) {
        for (String host : mxHosts) {
            if (ofHost(plain(host)).isPresent()) {
                return "its MX host " + plain(host);
            }
        }
        if (byDomain.containsKey(plain(domain))) {
            return "the domain";
        }
        return provider.equals(ProviderFile.DEFAULT) ? "" : "an address of its MX hosts";
    }

    private Optional<String> ofHost(String host) {
        String exact = byHost.get(host);
        if (exact != null) {
            return Optional.of(exact);
        }
        for (int dot = host.indexOf('.'); dot >= 0; dot = host.indexOf('.', dot + 1)) {
            String below = byHost.get("*" + host.substring(dot));
            if (below != null) {
                return Optional.of(below);
            }
        }
        return Optional.empty();
    }

    private String ofAddresses(List<InetAddress> addresses) {
        String found = ProviderFile.DEFAULT;
        int longest = -1;
        for (InetAddress address : addresses) {
            for (Addresses candidate : byAddress) {
                var network = candidate.match.network();
                if (network.prefixBits() > longest && network.contains(address)) {
                    longest = network.prefixBits();
                    found = candidate.provider;
                }
            }
        }
        return found;
    }

    private static String plain(String name) {
        String lower = name.toLowerCase(Locale.ROOT);
        return lower.endsWith(".") ? lower.substring(0, lower.length() - 1) : lower;
    }

    /// The limits of all providers, each for its own mail. Where an operator says how warm all
    /// sources are towards a provider, those of other profiles are left out.
    public List<LimitSettings> limits() {
        return files.keySet().stream().flatMap(name -> limits(name).stream()).toList();
    }

    /// The limits of one provider, in the order of its file; none where it is unknown. A file
    /// without limits has those of `default`.
    public List<LimitSettings> limits(String name) {
        Optional<ProviderOverride> override = Optional.ofNullable(overrides.get(name));
        Optional<ProviderFile> file = file(name);
        if (file.isEmpty() || override.filter(it -> !it.hasLimits()).isPresent()) {
            return List.of();
        }
        List<ProviderFile.Limit> limits = file.get().limits();
        if (limits.isEmpty()) {
            limits = file(ProviderFile.DEFAULT).map(ProviderFile::limits).orElse(List.of());
        }
        Optional<String> forced = override.flatMap(ProviderOverride::profile);
        return limits.stream()
                .filter(it ->
                        forced.isEmpty() || it.profile().isEmpty() || it.profile().equals(forced))
                .map(it -> of(name, it.settings(), forced.isPresent()))
                .toList();
    }

    /// @param isAnyProfile whether it is to hold for all sources
    private static LimitSettings of(String name, LimitSettings limit, boolean isAnyProfile) {
        var conditions = new EnumMap<Dimension, String>(Dimension.class);
        conditions.putAll(limit.scope().conditions());
        conditions.put(Dimension.PROVIDER, name);
        if (isAnyProfile) {
            conditions.remove(Dimension.PROFILE);
        }
        return new LimitSettings(
                limit.origin(),
                new LimitScope(conditions),
                limit.per(),
                limit.rates(),
                limit.connections(),
                limit.newConnections(),
                limit.messagesPerConnection(),
                limit.recipientsPerTransaction());
    }

    /// In the order in which they are tried: those of the provider, then those of `default`.
    public ReactionMatcher rules(String name) {
        return rulebook.matcher(name);
    }

    /// The rules of all of them.
    public Rulebook rulebook() {
        return rulebook;
    }

    /// Those of its own file alone.
    public List<ReactionRule> ownRules(String name) {
        ProviderOverride override = overrides.get(name);
        return override != null && !override.hasRules()
                ? List.of()
                : file(name).map(ProviderFile::rules).orElse(List.of());
    }
}
