package io.whimbrel;

import io.whimbrel.budget.Budget;
import io.whimbrel.budget.BudgetLevel;
import io.whimbrel.budget.BudgetNotice;
import io.whimbrel.budget.BudgetView;
import io.whimbrel.budget.BudgetWatch;
import io.whimbrel.budget.HeapWatch;
import io.whimbrel.metrics.Metrics;
import io.whimbrel.reception.Reception;
import io.whimbrel.schedule.Schedule;
import io.whimbrel.spool.Spool;
import io.whimbrel.spool.SpoolRecord;
import io.whimbrel.spool.SpoolRecord.NoticeKind;
import io.whimbrel.time.Ticker;

import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

import java.time.Duration;
import java.time.Instant;
import java.time.InstantSource;
import java.util.EnumMap;
import java.util.List;
import java.util.Map;
import java.util.function.Supplier;

/// Looks at all budgets of a node once a second, and tells in the log of the program and in the
/// event log when one begins and ends to be felt. Thread-safe.
final class NodeBudgets implements AutoCloseable {
    private static final Logger LOG = LoggerFactory.getLogger(NodeBudgets.class);
    private static final Duration BETWEEN_LOOKS = Duration.ofSeconds(1);

    private final Spool spool;
    private final HeapWatch heap;
    private final BudgetWatch watch;
    private final Metrics metrics;
    private final InstantSource clock;
    private final Ticker ticker;

    /// @param spool where notices go
    record Rooms(Spool spool, Schedule schedule, Reception reception, HeapWatch heap) {
        Map<Budget, Supplier<BudgetLevel>> budgets() {
            var all = new EnumMap<Budget, Supplier<BudgetLevel>>(spool.budgets());
            all.put(Budget.ENTRIES, schedule::entriesLevel);
            all.put(Budget.ARRIVING, reception::arrivingLevel);
            all.put(Budget.HEAP, heap::level);
            return all;
        }
    }

    /// Begins to look.
    NodeBudgets(Rooms rooms, Metrics metrics, InstantSource clock) {
        this.spool = rooms.spool;
        this.heap = rooms.heap;
        this.metrics = metrics;
        this.clock = clock;
        watch = new BudgetWatch(rooms.budgets(), metrics);
        ticker = new Ticker("budgets-1", BETWEEN_LOOKS, this::look);
    }

    private void look() {
        try {
            Instant now = clock.instant();
            heap.look(now);
            watch.look(now, notice -> tell(notice, now));
        } catch (RuntimeException bug) {
            metrics.bugs.inc();
            LOG.error("a look at the budgets failed; the next one follows", bug);
        }
    }

    private boolean tell(BudgetNotice notice, Instant now) {
        NoticeKind kind = notice.begins() ? NoticeKind.BUDGET_FELT : NoticeKind.BUDGET_EASED;
        String label = notice.budget().label();
        boolean isTold = spool.note(new SpoolRecord.Notice(now, kind, label, notice.text()));
        if (isTold) {
            LOG.warn(
                    "budget {} {}: {}",
                    label,
                    notice.begins() ? "is felt" : "is no longer felt",
                    notice.text());
        }
        return isTold;
    }

    List<BudgetView> views() {
        return watch.views();
    }

    @Override
    public void close() {
        ticker.close();
    }
}
