package io.whimbrel.budget;

/// One budget for people. Immutable.
///
/// @param isFelt something was refused, slowed down or put aside for it within the last ten seconds
public record BudgetView(Budget budget, BudgetLevel level, boolean isFelt) {}
