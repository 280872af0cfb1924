package io.whimbrel.header;

import java.util.Optional;

/// How a listener treats the header of messages. Immutable.
///
/// @param bytesMax largest header; default 256 KiB; beyond it 552 5.3.4
/// @param isSubmission clients are programs that write mail: Date and Message-ID are added where
///   they are missing (RFC 6409 §8)
/// @param mayControl fields such as `X-Whimbrel-Pool` and `X-Job` direct mail of clients that may
///   relay, and are removed; otherwise they are text like any other
/// @param tenantField names the tenant of mail from clients in `relay-from`
public record HeaderRules(
        int bytesMax, boolean isSubmission, boolean mayControl, Optional<String> tenantField) {

    public static final HeaderRules DEFAULT =
            new HeaderRules(256 << 10, false, false, Optional.empty());
}
