package io.whimbrel.transport;

/// What is known of a domain's MTA-STS policy. Immutable.
public sealed interface StsAnswer {

    /// It has none, or nobody needs to know.
    record None() implements StsAnswer {}

    /// It may have one: nobody could say in time. As good as none but for those who need to know.
    ///
    /// @param why one line
    record Unknown(String why) implements StsAnswer {}

    record Found(StsPolicy policy) implements StsAnswer {}

    /// It says that it has one, which cannot be had: as good as none but for the report.
    ///
    /// @param text one line
    record Broken(TlsFailure failure, String text) implements StsAnswer {}
}
