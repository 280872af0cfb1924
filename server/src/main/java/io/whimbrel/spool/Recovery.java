package io.whimbrel.spool;

import java.util.List;

/// What a start found in the log.
///
/// @param operatorActions Hold and Suspend records still in force, oldest first
/// @param jobs those that have not ended, with how far they came
/// @param findings what was cut, quarantined or missing: one line each for the operator, with the
///   segment's name; empty after a clean stop
public record Recovery(
        List<SpoolRecord.Operator> operatorActions,
        List<SpoolRecord.Job> jobs,
        List<String> findings) {}
