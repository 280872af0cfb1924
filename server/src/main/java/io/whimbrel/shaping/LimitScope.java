package io.whimbrel.shaping;

import java.util.EnumMap;
import java.util.Locale;
import java.util.Map;
import java.util.StringJoiner;

/// Which traffic a limit or an action is about: all conditions must hold. Immutable.
///
/// @param conditions the value that each named dimension must have; none means all traffic
public record LimitScope(Map<Dimension, String> conditions) {
    public static final LimitScope ALL = new LimitScope(Map.of());

    public LimitScope {
        conditions = Map.copyOf(conditions);
    }

    public boolean covers(Flow flow) {
        for (Map.Entry<Dimension, String> condition : conditions.entrySet()) {
            if (!flow.value(condition.getKey()).equals(condition.getValue())) {
                return false;
            }
        }
        return true;
    }

    /// The same with one condition more.
    public LimitScope and(Dimension dimension, String value) {
        var more = new EnumMap<Dimension, String>(Dimension.class);
        more.putAll(conditions);
        more.put(dimension, value);
        return new LimitScope(more);
    }

    /// As operators read it: `source t1, provider google`.
    @Override
    public String toString() {
        var text = new StringJoiner(", ");
        for (Dimension dimension : Dimension.values()) {
            String value = conditions.get(dimension);
            if (value != null) {
                text.add(dimension.name().toLowerCase(Locale.ROOT) + " " + value);
            }
        }
        return text.length() == 0 ? "all traffic" : text.toString();
    }
}
