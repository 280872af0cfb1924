package io.whimbrel.reaction;

import io.whimbrel.shaping.LimitScope;

import java.util.Collection;
import java.util.Comparator;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.function.Predicate;

/// The actions in force, at most one of a kind on a scope, beside those by hand. Confined to its
/// owner's lock.
///
/// At most [#MOST], and [#OF_ONE_RULE_MOST] of one rule, so that a rule by tenant or campaign never
/// pushes out the others. At a limit the one that would end first makes room; what an operator did
/// never does.
final class RestraintBook {
    static final int MOST = 2_000;
    static final int OF_ONE_RULE_MOST = 500;

    /// Ids are a letter and three hexadecimal digits: more than twice as many as actions.
    private static final int IDS = 4_096;

    /// Prime to the number of ids, so that each comes once in a round, and neighbours look
    /// different.
    private static final int STRIDE = 2_531;

    private final Map<String, Action> byId = new LinkedHashMap<>();
    private final Map<Key, String> ids = new HashMap<>();
    private final Map<String, Integer> ofRule = new HashMap<>();
    private int drawn;

    private record Key(LimitScope scope, ActionKind kind, boolean isByHand) {
        static Key of(Action action) {
            return new Key(action.scope(), action.kind(), action.isByHand());
        }
    }

    /// Oldest first.
    Collection<Action> all() {
        return byId.values();
    }

    Optional<Action> get(String id) {
        return Optional.ofNullable(byId.get(id));
    }

    Optional<Action> find(LimitScope scope, ActionKind kind, boolean isByHand) {
        return Optional.ofNullable(ids.get(new Key(scope, kind, isByHand))).flatMap(this::get);
    }

    /// One that is not in use, and was not for as long as possible.
    String freshId() {
        while (true) {
            drawn = (drawn + 1) % IDS;
            int number = drawn * STRIDE % IDS;
            String digits = Integer.toHexString(IDS + number).substring(1);
            String id = "r" + digits;
            if (!byId.containsKey(id)) {
                return id;
            }
        }
    }

    /// Which must go before a new action of `rule` can be put; `""` stands for an operator.
    ///
    /// @return empty where there is room
    /// @throws FullException where there is none, and everything is by hand
    Optional<Action> inTheWay(String rule) throws FullException {
        if (!rule.isEmpty() && ofRule.getOrDefault(rule, 0) >= OF_ONE_RULE_MOST) {
            return endsFirst(action -> action.rule().equals(rule));
        }
        if (byId.size() < MOST) {
            return Optional.empty();
        }
        Optional<Action> first = endsFirst(action -> !action.isByHand());
        if (first.isEmpty()) {
            throw new FullException();
        }
        return first;
    }

    /// There are as many suspensions by hand as there may be actions.
    static final class FullException extends Exception {
        private static final long serialVersionUID = 1L;

        FullException() {
            super(MOST + " actions by hand are in force; lift some first");
        }
    }

    private Optional<Action> endsFirst(Predicate<Action> which) {
        return byId.values().stream().filter(which).min(Comparator.comparing(Action::until));
    }

    /// Adds it, or puts it in the place of the one with its id.
    void put(Action action) {
        remove(action.id(), false);
        byId.put(action.id(), action);
        ids.put(Key.of(action), action.id());
        if (!action.isByHand()) {
            ofRule.merge(action.rule(), 1, Integer::sum);
        }
    }

    void remove(String id) {
        remove(id, true);
    }

    /// @param isForGood otherwise it keeps its place in the order
    private void remove(String id, boolean isForGood) {
        Action old = byId.get(id);
        if (old == null) {
            return;
        }
        if (isForGood) {
            byId.remove(id);
        }
        ids.remove(Key.of(old));
        if (!old.isByHand()) {
            ofRule.computeIfPresent(old.rule(), (_, count) -> count == 1 ? null : count - 1);
        }
    }

    int size() {
        return byId.size();
    }

    /// How many ids were drawn, for [#restore].
    int drawn() {
        return drawn;
    }

    /// Begins with what was kept.
    void restore(List<Action> kept, int drawnBefore) {
        drawn = Math.floorMod(drawnBefore, IDS);
        kept.forEach(this::put);
    }
}
