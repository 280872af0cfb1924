package io.whimbrel.budget;

import io.whimbrel.metrics.Metrics;

import java.time.Duration;
import java.time.Instant;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Deque;
import java.util.EnumMap;
import java.util.List;
import java.util.Map;
import java.util.function.Predicate;
import java.util.function.Supplier;

/// Sees which budgets are felt: sets their metrics, and tells when one begins and ends. Thread-safe
/// by its lock; [#look] is meant to come about once a second.
///
/// A budget begins to be felt at the first look that finds it over its bound, or finds that
/// something was refused, slowed down or put aside since the look before. It ends when that was not
/// so for ten seconds: so a budget that swings about its bound is told once, and each budget has at
/// most one beginning and one end in ten seconds.
public final class BudgetWatch {
    static final Duration QUIET = Duration.ofSeconds(10);

    private final Map<Budget, State> states = new EnumMap<>(Budget.class);
    private final Metrics metrics;
    private final Deque<BudgetNotice> untold = new ArrayDeque<>();

    private static final class State {
        private final Supplier<BudgetLevel> source;
        private BudgetLevel level = new BudgetLevel(0, 0, 0, false);
        private Instant lastFelt = Instant.MIN;
        private boolean isFelt;

        private State(Supplier<BudgetLevel> source) {
            this.source = source;
        }
    }

    /// @param sources how each budget stands now; must not block
    public BudgetWatch(Map<Budget, Supplier<BudgetLevel>> sources, Metrics metrics) {
        this.metrics = metrics;
        sources.forEach((budget, source) -> {
            states.put(budget, new State(source));
            // There from the first scrape on, so that its rate is known from the first second.
            metrics.budgetFeltSeconds.initLabelValues(budget.label());
        });
    }

    /// Looks at each budget.
    ///
    /// @param tell takes a notice, in order; where it answers false, the same is offered at the
    ///   next look. While it does, a budget waits with what follows, so that few are kept
    public synchronized void look(Instant now, Predicate<BudgetNotice> tell) {
        states.forEach((budget, state) -> look(budget, state, now));
        while (!untold.isEmpty() && tell.test(untold.getFirst())) {
            untold.removeFirst();
        }
    }

    private void look(Budget budget, State state, Instant now) {
        BudgetLevel level = state.source.get();
        boolean isFeltNow = level.isOver() || level.felt() > state.level.felt();
        state.level = level;
        if (isFeltNow) {
            state.lastFelt = now;
            metrics.budgetFeltSeconds.labelValues(budget.label()).inc();
        }
        boolean isFelt = isFeltNow || (state.isFelt && now.isBefore(state.lastFelt.plus(QUIET)));
        boolean isWaiting = untold.stream().anyMatch(notice -> notice.budget() == budget);
        if (isFelt != state.isFelt && !isWaiting) {
            state.isFelt = isFelt;
            untold.addLast(new BudgetNotice(budget, isFelt, level));
        }
        metrics.budgetUsed.labelValues(budget.label()).set((double) level.used());
        metrics.budgetLimit.labelValues(budget.label()).set((double) level.most());
        metrics.budgetFelt.labelValues(budget.label()).set(state.isFelt ? 1 : 0);
    }

    /// As the last look found them.
    public synchronized List<BudgetView> views() {
        var views = new ArrayList<BudgetView>();
        states.forEach(
                (budget, state) -> views.add(new BudgetView(budget, state.level, state.isFelt)));
        return views;
    }
}
