package io.whimbrel.budget;

/// A budget began to be felt, or is no longer. Immutable.
///
/// @param begins or else ends
/// @param level when that was seen
public record BudgetNotice(Budget budget, boolean begins, BudgetLevel level) {

    /// For people and for the event log.
    public String text() {
        boolean isDisk = budget == Budget.DISK_SLOW || budget == Budget.DISK_STOP;
        return isDisk
                ? amount(level.used()) + " free, mark " + amount(level.most())
                : amount(level.used()) + " of " + amount(level.most());
    }

    private String amount(long value) {
        return budget.isInBytes() ? MemoryPlan.size(value) : Long.toString(value);
    }
}
