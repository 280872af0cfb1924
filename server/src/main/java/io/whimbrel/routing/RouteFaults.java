package io.whimbrel.routing;

import io.whimbrel.smtp.SmtpReply;
import io.whimbrel.time.Lately;

import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

import java.time.Duration;
import java.time.InstantSource;

/// What is said where a host or domain that the operator named leads nowhere. Thread-safe.
///
/// Its mail waits, whatever the DNS says: one record that is wrong for a moment must not return all
/// that goes there. The log has a warning for each such name, once in [#SILENCE]; of the latest
/// [#NAMES_MAX] names that is remembered.
final class RouteFaults {
    static final Duration SILENCE = Duration.ofMinutes(1);
    static final int NAMES_MAX = 1_000;

    private static final Logger LOG = LoggerFactory.getLogger(RouteFaults.class);

    private final Lately<String, Boolean> said;

    RouteFaults(InstantSource clock) {
        said = new Lately<>(NAMES_MAX, SILENCE, clock);
    }

    /// @param name of the route, or of what it leads to
    /// @param trouble names host or domain
    SmtpReply reply(String name, String trouble) {
        String text =
                name + " leads nowhere: " + trouble + "; mend the route or fallback, or the DNS";
        if (!said.contains(name)) {
            said.add(name, true);
            LOG.warn("{}; its mail waits", text);
        }
        return SmtpReply.of(451, 4, 3, 5, text);
    }
}
