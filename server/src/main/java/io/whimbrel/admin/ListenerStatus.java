package io.whimbrel.admin;

import java.time.Instant;
import java.util.Optional;

/// One place where mail comes in, for people. Immutable.
///
/// @param address `127.0.0.1:2525`, or `unix:` and the path of a UNIX socket
/// @param protocol `smtp` or `lmtp`
/// @param tls as the configuration has it: `none`, `starttls`, `required`, `implicit`
/// @param auth the same: `none`, `optional`, `required`
/// @param connections at this moment
/// @param certificateExpires when the first of its certificates does; empty without TLS
public record ListenerStatus(
        String address,
        String protocol,
        String tls,
        String auth,
        int connections,
        Optional<Instant> certificateExpires) {}
