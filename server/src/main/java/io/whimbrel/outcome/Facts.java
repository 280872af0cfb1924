package io.whimbrel.outcome;

import io.whimbrel.outcome.AttemptResult.Accepted;
import io.whimbrel.outcome.AttemptResult.ConnectionLost;
import io.whimbrel.outcome.AttemptResult.NotTried;
import io.whimbrel.outcome.AttemptResult.Overdue;
import io.whimbrel.outcome.AttemptResult.Refused;
import io.whimbrel.outcome.AttemptResult.Stage;
import io.whimbrel.smtp.SmtpReply;
import io.whimbrel.spool.AttemptFacts;

/// Writes results down as the log keeps them.
final class Facts {
    /// Longest text, in characters.
    static final int TEXT_MAX = 1024;

    private Facts() {}

    static AttemptFacts of(Attempt attempt, AttemptResult result) {
        return switch (result) {
            case Accepted(var peer, var reply) -> replied(attempt, peer.host(), peer.tls(), reply);
            case Refused(var peer, _, var reply) ->
                    replied(attempt, peer.host(), peer.tls(), reply);
            case NotTried(var reply) -> replied(attempt, "", "", reply);
            case Overdue(var reply) -> replied(attempt, "", "", reply);
            case ConnectionLost lost -> lost(attempt, lost);
        };
    }

    /// Where an operator took the recipient out of the queue.
    static AttemptFacts byOperator(String enhanced, String reason) {
        String text = reason.isEmpty() ? "by operator" : "by operator: " + reason;
        return new AttemptFacts("", "", "", 0, enhanced, bounded(text), "");
    }

    private static AttemptFacts replied(Attempt attempt, String host, String tls, SmtpReply reply) {
        return new AttemptFacts(
                attempt.source(),
                attempt.site(),
                host,
                reply.code(),
                enhanced(reply),
                bounded(reply.text()),
                tls,
                attempt.mailAt());
    }

    private static AttemptFacts lost(Attempt attempt, ConnectionLost lost) {
        // RFC 3463 §3.5: X.4.1 no answer from host, X.4.2 bad connection.
        boolean isConnect = lost.stage() == Stage.CONNECT;
        String text = isConnect ? lost.detail() : phrase(lost.stage()) + ": " + lost.detail();
        return new AttemptFacts(
                attempt.source(),
                attempt.site(),
                lost.peer().host(),
                0,
                isConnect ? "4.4.1" : "4.4.2",
                bounded(text),
                lost.peer().tls(),
                attempt.mailAt());
    }

    /// The peer's status, else the one that its code stands for. A peer that answers 3yz where it
    /// must not has broken the protocol (RFC 3463 §3.6: X.5.0).
    private static String enhanced(SmtpReply reply) {
        if (reply.status().isPresent()) {
            return reply.status().get().toString();
        }
        return switch (reply.code() / 100) {
            case 2 -> "2.0.0";
            case 4 -> "4.0.0";
            case 5 -> "5.0.0";
            default -> "4.5.0";
        };
    }

    private static String phrase(Stage stage) {
        return switch (stage) {
            case CONNECT -> "no connection";
            case GREETING -> "connection lost before the greeting";
            case EHLO -> "connection lost at EHLO";
            case TLS -> "connection lost in the TLS handshake";
            case MAIL -> "connection lost at MAIL";
            case RCPT -> "connection lost at RCPT";
            case DATA -> "connection lost while sending the message";
            case END_OF_DATA -> "connection lost before the answer to end-of-data";
        };
    }

    private static String bounded(String text) {
        if (text.length() <= TEXT_MAX) {
            return text;
        }
        boolean splitsPair = Character.isHighSurrogate(text.charAt(TEXT_MAX - 1));
        return text.substring(0, splitsPair ? TEXT_MAX - 1 : TEXT_MAX);
    }
}
