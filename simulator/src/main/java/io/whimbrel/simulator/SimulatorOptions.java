package io.whimbrel.simulator;

import java.nio.file.Path;
import java.util.Optional;

/// How to start a simulated internet.
///
/// @param catalogue who lives in it
/// @param dnsPort of 127.0.0.1; 0 picks a free one
/// @param smtpPort of all mail hosts; 0 picks one that is free on all of them
/// @param seed picks the unknown users, and where the pattern of dropped connections begins
/// @param keptMessages how many accepted messages are kept in memory for tests, 0..100000; the
///   oldest goes first. Each may take 50 MiB, so this is for small messages.
/// @param log file that gets a line of JSON for each result ([Ledger.Line])
public record SimulatorOptions(
        Catalogue catalogue,
        int dnsPort,
        int smtpPort,
        long seed,
        int keptMessages,
        Optional<Path> log,
        SimulatorClock clock) {

    public SimulatorOptions {
        if (keptMessages < 0 || keptMessages > 100_000) {
            throw new IllegalArgumentException(
                    "kept messages must be 0..100000, not " + keptMessages);
        }
    }

    /// `catalogue` on free ports, with seed 1, in real time; nothing is kept or logged.
    public static SimulatorOptions of(Catalogue catalogue) {
        return new SimulatorOptions(catalogue, 0, 0, 1, 0, Optional.empty(), SimulatorClock.real());
    }

    public SimulatorOptions withPorts(int dns, int smtp) {
        return new SimulatorOptions(catalogue, dns, smtp, seed, keptMessages, log, clock);
    }

    public SimulatorOptions withSeed(long value) {
        return new SimulatorOptions(catalogue, dnsPort, smtpPort, value, keptMessages, log, clock);
    }

    public SimulatorOptions withKeptMessages(int most) {
        return new SimulatorOptions(catalogue, dnsPort, smtpPort, seed, most, log, clock);
    }

    public SimulatorOptions withLog(Path file) {
        return new SimulatorOptions(
                catalogue, dnsPort, smtpPort, seed, keptMessages, Optional.of(file), clock);
    }

    public SimulatorOptions withClock(SimulatorClock other) {
        return new SimulatorOptions(catalogue, dnsPort, smtpPort, seed, keptMessages, log, other);
    }
}
