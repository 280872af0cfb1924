package io.whimbrel.outcome;

import java.io.IOException;

/// A job that is not begun, for a reason that its operator can do something about; nothing failed.
public final class JobRefused extends IOException {
    private static final long serialVersionUID = 1L;

    public JobRefused(String reason) {
        super(reason);
    }
}
