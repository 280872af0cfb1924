package io.whimbrel.budget;

/// How one budget stands. Immutable.
///
/// @param used in its unit; of a disk what is free
/// @param most where it is felt; of a disk the mark below which it is
/// @param felt how often something was refused, slowed down or put aside for it since the start
/// @param isOver it would be felt now, by whoever came
public record BudgetLevel(long used, long most, long felt, boolean isOver) {}
