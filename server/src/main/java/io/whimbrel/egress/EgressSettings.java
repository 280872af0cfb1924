package io.whimbrel.egress;

import java.util.HashSet;
import java.util.List;
import java.util.Set;

/// `[[source]]`, `[[pool]]` and `[[class]]`: where mail leaves from. Immutable.
///
/// @param sources at least one: where the file names none, the unnamed one
/// @param pools at least one: where the file names none, one of all sources
/// @param classes may be empty
/// @param defaultPool that mail leaves by which names none; one of `pools`
public record EgressSettings(
        List<SourceAddress> sources,
        List<PoolSettings> pools,
        List<ClassSettings> classes,
        String defaultPool) {

    public EgressSettings {
        sources = List.copyOf(sources);
        pools = List.copyOf(pools);
        classes = List.copyOf(classes);
    }

    /// Of pools, and of sources, which stand for pools of themselves alone.
    public Set<String> poolNames() {
        Set<String> names = new HashSet<>();
        pools.forEach(pool -> names.add(pool.name()));
        sources.stream().map(SourceAddress::name).filter(it -> !it.isEmpty()).forEach(names::add);
        return names;
    }
}
