package io.whimbrel.simulator;

import java.util.List;
import java.util.Locale;
import java.util.Optional;

/// One line of a client, understood (RFC 5321 §4.1.1).
sealed interface Command {

    record Ehlo(String client) implements Command {}

    record Helo(String client) implements Command {}

    /// `path` without angle brackets; empty for the null reverse-path.
    record Mail(String path, List<String> parameters) implements Command {}

    record Rcpt(String path, List<String> parameters) implements Command {}

    record Data() implements Command {}

    record Bdat(long size, boolean last) implements Command {}

    record StartTls() implements Command {}

    record Rset() implements Command {}

    record Noop() implements Command {}

    record Vrfy() implements Command {}

    record Help() implements Command {}

    record Quit() implements Command {}

    /// A verb this server does not know.
    record Unknown() implements Command {}

    /// A known verb with arguments that cannot be understood.
    record Malformed() implements Command {}

    /// Understands a line without its CRLF. Never fails: what makes no sense is [Unknown] or
    /// [Malformed].
    static Command parse(String line) {
        int blank = line.indexOf(' ');
        String verb = blank < 0 ? line : line.substring(0, blank);
        String rest = blank < 0 ? "" : line.substring(blank + 1).strip();
        return switch (verb.toUpperCase(Locale.ROOT)) {
            case "EHLO" -> rest.isEmpty() ? new Malformed() : new Ehlo(rest);
            case "HELO" -> rest.isEmpty() ? new Malformed() : new Helo(rest);
            case "MAIL" -> mail(rest);
            case "RCPT" -> rcpt(rest);
            case "DATA" -> bare(rest, new Data());
            case "BDAT" -> bdat(rest);
            case "STARTTLS" -> bare(rest, new StartTls());
            case "RSET" -> bare(rest, new Rset());
            case "NOOP" -> new Noop();
            case "VRFY" -> new Vrfy();
            case "HELP" -> new Help();
            case "QUIT" -> bare(rest, new Quit());
            default -> new Unknown();
        };
    }

    private static Command bare(String rest, Command command) {
        return rest.isEmpty() ? command : new Malformed();
    }

    private static Command mail(String rest) {
        Optional<String> path = path(rest, "FROM:");
        if (path.isEmpty()) {
            return new Malformed();
        }
        return new Mail(path.get(), parameters(rest, "FROM:".length(), path.get()));
    }

    private static Command rcpt(String rest) {
        Optional<String> path = path(rest, "TO:");
        if (path.isEmpty() || path.get().isEmpty()) {
            return new Malformed();
        }
        return new Rcpt(path.get(), parameters(rest, "TO:".length(), path.get()));
    }

    /// What stands in the angle brackets directly after `keyword`, if it looks like a path: empty,
    /// `postmaster`, or with a domain.
    private static Optional<String> path(String rest, String keyword) {
        int start = keyword.length();
        if (!rest.regionMatches(true, 0, keyword, 0, start)
                || start >= rest.length()
                || rest.charAt(start) != '<') {
            return Optional.empty();
        }
        int close = closingBracket(rest, start + 1);
        if (close < 0 || (close + 1 < rest.length() && rest.charAt(close + 1) != ' ')) {
            return Optional.empty();
        }
        String path = rest.substring(start + 1, close);
        int at = path.lastIndexOf('@');
        boolean mailbox = at > 0 && at < path.length() - 1;
        return mailbox || path.isEmpty() || path.equalsIgnoreCase("postmaster")
                ? Optional.of(path)
                : Optional.empty();
    }

    /// The index of the first `>` outside a quoted string; -1 if there is none, or a blank outside
    /// a quoted string comes first.
    private static int closingBracket(String text, int from) {
        boolean quoted = false;
        for (int i = from; i < text.length(); i++) {
            char c = text.charAt(i);
            if (quoted && c == '\\') {
                i++;
            } else if (c == '"') {
                quoted = !quoted;
            } else if (!quoted && c == '>') {
                return i;
            } else if (!quoted && c <= ' ') {
                return -1;
            }
        }
        return -1;
    }

    private static List<String> parameters(String rest, int keywordLength, String path) {
        String tail = rest.substring(keywordLength + path.length() + 2).strip();
        return tail.isEmpty() ? List.of() : List.of(tail.split(" +"));
    }

    /// RFC 3030 §2: `BDAT size [LAST]`; the size is bounded here so that a chunk can be skipped.
    private static Command bdat(String rest) {
        String[] words = rest.split(" +");
        if (words.length > 2 || !words[0].matches("[0-9]{1,10}")) {
            return new Malformed();
        }
        if (words.length == 2 && !words[1].equalsIgnoreCase("LAST")) {
            return new Malformed();
        }
        return new Bdat(Long.parseLong(words[0]), words.length == 2);
    }
}
