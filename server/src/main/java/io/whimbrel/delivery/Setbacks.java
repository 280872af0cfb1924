package io.whimbrel.delivery;

import io.whimbrel.egress.Destination;
import io.whimbrel.egress.DestinationView;
import io.whimbrel.egress.EgressPath;
import io.whimbrel.egress.Setback;
import io.whimbrel.outcome.AttemptResult;
import io.whimbrel.smtp.SmtpReply;
import io.whimbrel.spool.AttemptFacts;

import java.time.Instant;
import java.time.InstantSource;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.ConcurrentHashMap;

/// What went wrong last, by path and by destination, and which answers are awaited: for operators.
/// Thread-safe. Of each at most [#MOST]; the oldest is forgotten then. What keeps a path or an
/// answer away is forgotten by success, why mail was deferred is not.
final class Setbacks {
    static final int MOST = 10_000;

    /// Hosts may say a hundred lines.
    static final int TEXT_MOST = 500;

    private final InstantSource clock;
    private final Map<EgressPath, Setback> paths = new Newest<>();
    private final Map<Destination, Setback> lookups = new Newest<>();
    private final Map<Destination, Setback> deferrals = new Newest<>();

    /// As many as there are lookups.
    private final Map<Destination, Instant> asked = new ConcurrentHashMap<>();

    /// The last ones that were put in.
    private static final class Newest<K> extends LinkedHashMap<K, Setback> {
        private static final long serialVersionUID = 1;

        @Override
        protected boolean removeEldestEntry(Map.Entry<K, Setback> eldest) {
            return size() > MOST;
        }
    }

    Setbacks(InstantSource clock) {
        this.clock = clock;
    }

    void asking(Destination destination) {
        asked.put(destination, clock.instant());
    }

    void answered(Destination destination) {
        asked.remove(destination);
    }

    synchronized void found(Destination destination) {
        lookups.remove(destination);
    }

    synchronized void notFound(Destination destination, SmtpReply reply) {
        lookups.remove(destination);
        lookups.put(destination, setback(reply.toString()));
    }

    /// No session could be had.
    synchronized void failed(EgressPath path, AttemptResult result) {
        paths.remove(path);
        paths.put(path, setback(text(result)));
    }

    /// Mail for `destination` is to be tried again.
    synchronized void deferred(Destination destination, AttemptFacts facts) {
        deferrals.remove(destination);
        deferrals.put(destination, setback(text(facts)));
    }

    private Setback setback(String text) {
        boolean isLong = text.length() > TEXT_MOST;
        return new Setback(isLong ? text.substring(0, TEXT_MOST) + "..." : text, clock.instant());
    }

    synchronized void works(EgressPath path) {
        paths.remove(path);
    }

    synchronized Optional<Setback> last(EgressPath path) {
        return Optional.ofNullable(paths.get(path));
    }

    synchronized DestinationView view(Destination destination) {
        return new DestinationView(
                Optional.ofNullable(asked.get(destination)),
                Optional.ofNullable(lookups.get(destination)),
                Optional.ofNullable(deferrals.get(destination)));
    }

    private static String text(AttemptFacts facts) {
        String what =
                facts.code() == 0
                        ? facts.text()
                        : facts.code() + " " + facts.enhanced() + " " + facts.text();
        String verb = facts.code() == 0 ? ": " : " answered ";
        return facts.peer().isEmpty() ? what : facts.peer() + verb + what;
    }

    private static String text(AttemptResult result) {
        return switch (result) {
            case AttemptResult.Refused(var peer, var _, SmtpReply reply) ->
                    peer.host() + " answered " + reply;
            case AttemptResult.ConnectionLost(var peer, var _, String detail) ->
                    peer.host().isEmpty() ? detail : peer.host() + ": " + detail;
            case AttemptResult.NotTried(SmtpReply reply) -> reply.toString();
            case AttemptResult.Overdue(SmtpReply reply) -> reply.toString();
            case AttemptResult.Accepted(var _, SmtpReply reply) -> reply.toString();
        };
    }
}
