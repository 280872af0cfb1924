package io.whimbrel.smtp;

import java.util.List;
import java.util.Optional;

/// One complete SMTP reply, sent or received (RFC 5321 §4.2). Immutable.
///
/// A reply is a value: sessions return it, policies refuse with it, remote hosts answer with it and
/// the event log records it. Nothing in the product passes a bare reply string around.
///
/// @param code basic status code, 200..599
/// @param status enhanced status; empty where RFC 2034 §4 forbids one (greeting, EHLO, 3xx) or the
///   peer sent none
/// @param lines reply text without codes or CRLF, at least one line, no control characters
public record SmtpReply(int code, Optional<EnhancedStatus> status, List<String> lines) {

    public static final SmtpReply OK = of(250, 2, 0, 0, "Ok");
    public static final SmtpReply CLOSING = of(221, 2, 0, 0, "Bye");
    public static final SmtpReply START_MAIL_INPUT = plain(354, "End data with <CR><LF>.<CR><LF>");
    public static final SmtpReply BAD_SEQUENCE = of(503, 5, 5, 1, "Bad sequence of commands");

    public SmtpReply {
        if (code < 200 || code > 599) {
            throw new IllegalArgumentException("reply code must be 200..599: " + code);
        }
        if (lines.isEmpty()) {
            throw new IllegalArgumentException("a reply has at least one line of text");
        }
        lines = List.copyOf(lines);
        for (String line : lines) {
            if (line.indexOf('\r') >= 0 || line.indexOf('\n') >= 0) {
                throw new IllegalArgumentException("reply text must not contain CR or LF");
            }
        }
    }

    /// A reply of one line with an enhanced status.
    public static SmtpReply of(int code, int severity, int subject, int detail, String text) {
        var status = new EnhancedStatus(severity, subject, detail);
        return new SmtpReply(code, Optional.of(status), List.of(text));
    }

    /// A reply without enhanced status: greeting, EHLO, 3xx.
    public static SmtpReply plain(int code, String... lines) {
        return new SmtpReply(code, Optional.empty(), List.of(lines));
    }

    public boolean isPositive() {
        return code < 400;
    }

    public boolean isTransient() {
        return code >= 400 && code < 500;
    }

    public boolean isPermanent() {
        return code >= 500;
    }

    /// All lines joined by a space, without codes.
    public String text() {
        return lines.size() == 1 ? lines.getFirst() : String.join(" ", lines);
    }

    /// The reply as it goes over the wire, each line with code, status and CRLF.
    public String encoded() {
        var wire = new StringBuilder(lines.size() * 80);
        for (int i = 0; i < lines.size(); i++) {
            wire.append(code).append(i + 1 < lines.size() ? '-' : ' ');
            if (status.isPresent()) {
                wire.append(status.get()).append(' ');
            }
            wire.append(lines.get(i)).append("\r\n");
        }
        return wire.toString();
    }

    @Override
    public String toString() {
        return status.isPresent() ? code + " " + status.get() + " " + text() : code + " " + text();
    }
}
