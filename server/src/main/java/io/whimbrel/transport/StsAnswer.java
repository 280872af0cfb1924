package io.whimbrel.transport;

/// What is known of a domain's MTA-STS policy. Immutable.
public sealed interface StsAnswer {

    /// It has none, or nobody could say in time.
    record None() implements StsAnswer {}

    record Found(StsPolicy policy) implements StsAnswer {}

    /// It says that it has one, which cannot be had: as good as none but for the report.
    ///
    /// @param text one line
    record Broken(TlsFailure failure, String text) implements StsAnswer {}
}
