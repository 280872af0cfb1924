package io.whimbrel.delivery;

import io.whimbrel.egress.EgressPath;
import io.whimbrel.mail.TlsRequirement;
import io.whimbrel.outcome.Attempt;
import io.whimbrel.outcome.AttemptResult;
import io.whimbrel.outcome.AttemptResult.NotTried;
import io.whimbrel.schedule.QueueEntry;
import io.whimbrel.smtp.SmtpReply;

import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import java.util.Optional;
import java.util.function.Function;

/// Settles what waits on one path and need not be tried, for its fate is known. Thread-safe.
final class Untried {
    /// Its sender does not want it delivered any more.
    static final AttemptResult OVERDUE =
            new AttemptResult.Overdue(
                    SmtpReply.of(554, 5, 4, 7, "Not delivered within the time that was asked for"));

    /// A fallback relay, say, may offer less than the policy of the domain asks for.
    static final AttemptResult NOT_SAFE =
            new NotTried(
                    SmtpReply.of(
                            451, 4, 7, 10, "No host that can be reached is as safe as is asked"));

    private static final int TAKE_ALL_MOST = 500;

    private final Dispatcher dispatcher;
    private final EgressPath path;

    Untried(Dispatcher dispatcher, EgressPath path) {
        this.dispatcher = dispatcher;
        this.path = path;
    }

    void settle(QueueEntry entry, AttemptResult result, String source) {
        dispatcher.settle(
                path, new Attempt(entry, path.site().name(), source, forAll(entry, result)));
    }

    void settle(List<QueueEntry> entries, AttemptResult result, String source) {
        entries.forEach(entry -> settle(entry, result, source));
    }

    /// No host has the TLS that a domain wants.
    ///
    /// @return of `entries` those whose senders want them delivered without (RFC 8689 §5)
    List<QueueEntry> settleButCareless(List<QueueEntry> entries, SessionFinder.Found.Failed lack) {
        List<QueueEntry> careless = new ArrayList<>();
        for (QueueEntry entry : entries) {
            if (entry.message().envelope().parameters().tls() == TlsRequirement.OPTIONAL) {
                careless.add(entry);
            } else {
                settle(entry, lack.result(), lack.source());
            }
        }
        return careless;
    }

    /// All that waits shares a fate.
    ///
    /// @param own the fate of an entry that has another
    void settleWaiting(
            AttemptResult result,
            String source,
            Function<QueueEntry, Optional<AttemptResult>> own) {
        List<QueueEntry> waiting = dispatcher.work().takeAll(path, TAKE_ALL_MOST);
        while (!waiting.isEmpty()) {
            for (QueueEntry entry : waiting) {
                settle(entry, own.apply(entry).orElse(result), source);
            }
            waiting = dispatcher.work().takeAll(path, TAKE_ALL_MOST);
        }
    }

    static List<AttemptResult> forAll(QueueEntry entry, AttemptResult result) {
        return Collections.nCopies(entry.recipients().size(), result);
    }
}
