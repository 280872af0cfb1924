package io.whimbrel.delivery;

import io.whimbrel.outcome.AttemptResult;
import io.whimbrel.outcome.AttemptResult.ConnectionLost;
import io.whimbrel.outcome.AttemptResult.Stage;

import java.util.List;

/// What the results of one transaction say about the connection. Stateless.
final class Results {
    private Results() {}

    static boolean isAnyAccepted(List<AttemptResult> results) {
        for (AttemptResult result : results) {
            if (result instanceof AttemptResult.Accepted) {
                return true;
            }
        }
        return false;
    }

    static boolean isAllAccepted(List<AttemptResult> results) {
        for (AttemptResult result : results) {
            if (!(result instanceof AttemptResult.Accepted)) {
                return false;
            }
        }
        return true;
    }

    static boolean isLost(List<AttemptResult> results) {
        return results.getFirst() instanceof ConnectionLost;
    }

    /// Whether the connection broke before the host can have taken the message.
    static boolean isBrokenBeforeTheEnd(List<AttemptResult> results) {
        for (AttemptResult result : results) {
            if (result instanceof ConnectionLost lost && lost.stage() != Stage.END_OF_DATA) {
                return true;
            }
        }
        return false;
    }
}
