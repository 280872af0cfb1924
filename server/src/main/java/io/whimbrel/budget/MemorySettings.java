package io.whimbrel.budget;

import java.util.OptionalInt;
import java.util.OptionalLong;

/// What the file says about memory; what it does not say follows in [MemoryPlan]. Immutable.
///
/// @param budgetBytes all memory of the process
/// @param heapBytes heap of the Java machine
/// @param arrivingBytes bodies that are arriving
/// @param bodiesBytes bodies between acceptance and first attempt
/// @param indexBytes the index of waiting mail, outside the heap
/// @param entriesMax entries of the queue in memory
public record MemorySettings(
        OptionalLong budgetBytes,
        OptionalLong heapBytes,
        OptionalLong arrivingBytes,
        OptionalLong bodiesBytes,
        OptionalLong indexBytes,
        OptionalInt entriesMax) {}
