package io.whimbrel.cli;

import picocli.CommandLine.Option;

/// Whether a verb waits for the job that it begins. Confined to one thread.
final class DetachOption {
    @Option(
            names = "--detach",
            description = "Return at once; the job goes on, see `whimbrel queue jobs`.")
    private boolean isDetached;

    boolean isGiven() {
        return isDetached;
    }
}
