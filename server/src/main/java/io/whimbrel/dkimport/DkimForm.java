package io.whimbrel.dkimport;

import java.time.Duration;
import java.util.List;
import java.util.Optional;

/// How signatures are made, as far as a file says it. Immutable.
///
/// @param headers fields that are signed; none: it is not said
/// @param overSign fields that are signed once more than they are there; none: it is not said
record DkimForm(
        Optional<String> canonicalization,
        List<String> headers,
        List<String> overSign,
        Optional<Duration> expire,
        Optional<String> identity) {
    static final DkimForm UNSAID =
            new DkimForm(
                    Optional.empty(), List.of(), List.of(), Optional.empty(), Optional.empty());

    DkimForm {
        headers = List.copyOf(headers);
        overSign = List.copyOf(overSign);
    }

    DkimForm withIdentity(Optional<String> other) {
        return new DkimForm(canonicalization, headers, overSign, expire, other);
    }
}
