package io.whimbrel.simulator;

import java.util.List;

/// A refusal as a provider words it.
///
/// Lines may hold the placeholders `{ip}` (the client's address), `{recipient}` and `{token}` (a
/// number unlike that of other connections). A reply with code 421 ends the connection.
///
/// @param code 400..599
/// @param enhanced enhanced status (RFC 3463), repeated on each line; empty where the provider
///   sends none
/// @param lines one or more, without CR and LF
public record Reply(int code, String enhanced, List<String> lines) {

    public Reply {
        lines = List.copyOf(lines);
        if (code < 400 || code > 599) {
            throw new IllegalArgumentException("a refusal has a code of 400..599, not " + code);
        }
        if (lines.isEmpty()) {
            throw new IllegalArgumentException("a reply has at least one line");
        }
        for (String line : lines) {
            if (line.indexOf('\r') >= 0 || line.indexOf('\n') >= 0) {
                throw new IllegalArgumentException("CR or LF in a line of a reply: " + line);
            }
        }
    }

    public static Reply of(int code, String enhanced, String... lines) {
        return new Reply(code, enhanced, List.of(lines));
    }

    public boolean isTransient() {
        return code < 500;
    }

    boolean closes() {
        return code == 421;
    }

    /// Code, enhanced status and all lines, joined with spaces; placeholders are left as they are,
    /// so that a provider has few different texts.
    public String text() {
        String status = enhanced.isEmpty() ? "" : enhanced + ' ';
        return code + " " + status + String.join(" ", lines);
    }

    /// The reply as it goes over the wire, CRLF included.
    String render(Visit visit) {
        var wire = new StringBuilder();
        for (int i = 0; i < lines.size(); i++) {
            wire.append(code).append(i < lines.size() - 1 ? '-' : ' ');
            if (!enhanced.isEmpty()) {
                wire.append(enhanced).append(' ');
            }
            wire.append(
                    lines.get(i)
                            .replace("{ip}", visit.clientIp())
                            .replace("{recipient}", visit.recipient())
                            .replace("{token}", visit.token()));
            wire.append("\r\n");
        }
        return wire.toString();
    }
}
