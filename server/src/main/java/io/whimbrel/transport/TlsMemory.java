package io.whimbrel.transport;

import io.whimbrel.metrics.TlsOutMetrics;

/// What is remembered of the TLS of hosts, over reloads and restarts. Thread-safe.
///
/// @param broken hosts to be asked in plain text at once
/// @param results counts for reports
/// @param metrics counts for operators
public record TlsMemory(BrokenTls broken, TlsResults results, TlsOutMetrics metrics) {}
