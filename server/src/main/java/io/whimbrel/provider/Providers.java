package io.whimbrel.provider;

import static java.util.stream.Collectors.toMap;

import io.whimbrel.provider.ProviderFile.HostMatch;
import io.whimbrel.provider.ShapingSettings.ProviderOverride;
import io.whimbrel.reaction.ReactionMatcher;
import io.whimbrel.reaction.Rulebook;
import io.whimbrel.shaping.Dimension;
import io.whimbrel.shaping.LimitScope;
import io.whimbrel.shaping.LimitSettings;
import io.whimbrel.shaping.ReactionRule;
import io.whimbrel.toml.Kinds;

import java.net.InetAddress;
import java.util.ArrayList;
import java.util.EnumMap;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.SortedMap;
import java.util.TreeMap;
import java.util.function.Supplier;

/// All providers that are known. Immutable, thread-safe.
public final class Providers {
    /// Nothing is known of anybody.
    public static final Providers NONE = new Providers(List.of(), List.of());

    /// What no host is below.
    private static final String NOWHERE = ".invalid";

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

    /// Whose mail hosts these are: of the provider to which *all* of them belong, each by the
    /// longest of the matches of its name; else by the domain; else of the provider to which all of
    /// their addresses belong. [ProviderFile#DEFAULT] where nobody knows. So a domain that names a
    /// provider's host besides its own is not the provider's: what its own host answers would be
    /// taken for the provider's reply.
    ///
    /// Hosts below `.invalid`, which some have had to publish to prove that the domain is theirs,
    /// are nobody's and do not count.
    ///
    /// @param mxHosts in any order
    /// @param domain of the recipients
    /// @param addresses of the hosts; asked for only where it must be
    public String of(List<String> mxHosts, String domain, Supplier<List<InetAddress>> addresses) {
        Optional<String> found = ofHosts(mxHosts);
        if (found.isPresent()) {
            return found.get();
        }
        String byName = byDomain.get(plain(domain));
        if (byName != null) {
            return byName;
        }
        return byAddress.isEmpty() ? ProviderFile.DEFAULT : ofAddresses(addresses.get());
    }

    /// By what [#of] told that these are the hosts of `provider`, for people; `""` for `default`.
    public String sign(List<String> mxHosts, String domain, String provider) {
        if (ofHosts(mxHosts).isPresent()) {
            List<String> real = real(mxHosts);
            return real.size() == 1
                    ? "its MX host " + real.getFirst()
                    : "all of its MX hosts, as " + real.getFirst();
        }
        if (byDomain.containsKey(plain(domain))) {
            return "the domain";
        }
        return provider.equals(ProviderFile.DEFAULT) ? "" : "the addresses of its MX hosts";
    }

    private static List<String> real(List<String> mxHosts) {
        return mxHosts.stream()
                .map(Providers::plain)
                .filter(host -> !host.endsWith(NOWHERE))
                .toList();
    }

    /// Empty where they are not all of one.
    private Optional<String> ofHosts(List<String> mxHosts) {
        Optional<String> found = Optional.empty();
        for (String host : real(mxHosts)) {
            Optional<String> its = ofHost(host);
            if (its.isEmpty() || (found.isPresent() && !found.equals(its))) {
                return Optional.empty();
            }
            found = its;
        }
        return found;
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

    /// [ProviderFile#DEFAULT] where they are not all of one. Where its file names no network of a
    /// family, addresses of that family say nothing.
    private String ofAddresses(List<InetAddress> addresses) {
        Set<String> known = new HashSet<>();
        List<InetAddress> strange = new ArrayList<>();
        for (InetAddress address : addresses) {
            String its = ofAddress(address);
            if (its.equals(ProviderFile.DEFAULT)) {
                strange.add(address);
            } else {
                known.add(its);
            }
        }
        if (known.size() != 1) {
            return ProviderFile.DEFAULT;
        }
        String provider = known.iterator().next();
        for (InetAddress address : strange) {
            if (namesFamilyOf(address, provider)) {
                return ProviderFile.DEFAULT;
            }
        }
        return provider;
    }

    private boolean namesFamilyOf(InetAddress address, String provider) {
        for (Addresses one : byAddress) {
            InetAddress network = one.match.network().base();
            if (one.provider.equals(provider) && network.getClass() == address.getClass()) {
                return true;
            }
        }
        return false;
    }

    private String ofAddress(InetAddress address) {
        String found = ProviderFile.DEFAULT;
        int longest = -1;
        for (Addresses candidate : byAddress) {
            var network = candidate.match.network();
            if (network.prefixBits() > longest && network.contains(address)) {
                longest = network.prefixBits();
                found = candidate.provider;
            }
        }
        return found;
    }

    private static String plain(String name) {
        String lower = name.toLowerCase(Locale.ROOT);
        return lower.endsWith(".") ? lower.substring(0, lower.length() - 1) : lower;
    }

    /// What files say of TLS, by provider, in the words of the configuration; without those that
    /// say nothing.
    public Map<String, String> tls() {
        return files().stream()
                .filter(it -> it.tls() != ProviderFile.TlsPreference.MAY)
                .collect(toMap(ProviderFile::name, it -> Kinds.nameOf(it.tls())));
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
