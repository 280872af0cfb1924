package io.whimbrel.pickup;

import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;

/// The addresses of a field such as To (RFC 5322 §3.4): names, comments, groups and routes are read
/// over. Immutable.
///
/// @param mailboxes in the order of the field
/// @param problem what could not be read; the mailboxes are those before it
record AddressList(List<Mailbox> mailboxes, Optional<String> problem) {
    /// A field with more is bad.
    static final int MAILBOXES_MAX = 10_000;

    /// @param address quotes of its local part included
    /// @param end index in the text behind the address, where a domain can be put in
    /// @param hasDomain whether there is an `@`
    record Mailbox(String address, int end, boolean hasDomain) {}

    AddressList {
        mailboxes = List.copyOf(mailboxes);
    }

    /// @param text of a field: each character a byte (ISO 8859-1); folds are spaces like others
    /// @param from where the value begins
    static AddressList parse(String text, int from) {
        return new Reader(text, from).read();
    }

    /// Confined to one thread.
    private static final class Reader {
        private final String text;
        private final List<Mailbox> mailboxes = new ArrayList<>();
        private final StringBuilder current = new StringBuilder();
        private int position;
        private int end;
        private boolean hasDomain;

        /// Two words without a dot or `@` between: a name, which is no address.
        private boolean isPhrase;

        private boolean isJoined = true;
        private String problem = "";

        Reader(String text, int from) {
            this.text = text;
            this.position = from;
        }

        AddressList read() {
            while (position < text.length() && problem.isEmpty()) {
                char c = text.charAt(position);
                switch (c) {
                    case ',', ';' -> {
                        position++;
                        finish();
                    }
                    // What stood before is the name of a group.
                    case ':' -> {
                        position++;
                        clear();
                    }
                    case '<' -> readAngle();
                    default -> readToken(c);
                }
            }
            if (problem.isEmpty()) {
                finish();
            }
            return new AddressList(
                    mailboxes, problem.isEmpty() ? Optional.empty() : Optional.of(problem));
        }

        private void readAngle() {
            clear();
            position++;
            boolean isClosed = false;
            while (position < text.length() && problem.isEmpty() && !isClosed) {
                char c = text.charAt(position);
                switch (c) {
                    case '>' -> {
                        isClosed = true;
                        position++;
                    }
                    // The route before it is dropped (RFC 5321 appendix C).
                    case ':' -> {
                        position++;
                        clear();
                    }
                    case ',' -> position++;
                    default -> readToken(c);
                }
            }
            if (!isClosed && problem.isEmpty()) {
                problem = "a < without >";
            }
            if (problem.isEmpty() && current.isEmpty()) {
                problem = "an empty address < >";
            }
            finish();
            skipName();
        }

        /// Up to the end of this address: some write the name behind it.
        private void skipName() {
            while (position < text.length() && problem.isEmpty()) {
                char c = text.charAt(position);
                if (c == ',' || c == ';') {
                    break;
                }
                if (c == '<') {
                    problem = "two addresses without a comma between";
                } else {
                    readToken(c == ':' ? ' ' : c);
                }
            }
            clear();
        }

        private void readToken(char c) {
            switch (c) {
                case ' ', '\t', '\r', '\n' -> position++;
                case '(' -> skipComment();
                case '"' -> word(quotedEnd());
                case '[' -> word(literalEnd());
                case '.', '@' -> {
                    hasDomain |= c == '@';
                    isJoined = true;
                    append(position + 1);
                }
                case ')', '>', ']', '\\', ';', '<', ',', ':' -> problem = "a misplaced " + c;
                default -> word(atomEnd());
            }
        }

        private void word(int wordEnd) {
            isPhrase |= !isJoined;
            isJoined = false;
            append(wordEnd);
        }

        private void append(int to) {
            if (problem.isEmpty()) {
                current.append(text, position, to);
                position = to;
                end = to;
            }
        }

        private int atomEnd() {
            int at = position;
            while (at < text.length() && " \t\r\n()<>[]:;@\\,.\"".indexOf(text.charAt(at)) < 0) {
                at++;
            }
            return at;
        }

        private int quotedEnd() {
            for (int at = position + 1; at < text.length(); at++) {
                char c = text.charAt(at);
                if (c == '"') {
                    return at + 1;
                }
                at += c == '\\' ? 1 : 0;
            }
            problem = "a quote that is not closed";
            return position;
        }

        private int literalEnd() {
            int close = text.indexOf(']', position);
            if (close < 0) {
                problem = "a [ without ]";
            }
            return close + 1;
        }

        private void skipComment() {
            int depth = 0;
            int at = position;
            while (at < text.length()) {
                char c = text.charAt(at++);
                depth += c == '(' ? 1 : c == ')' ? -1 : 0;
                at += c == '\\' ? 1 : 0;
                if (depth == 0) {
                    break;
                }
            }
            position = Math.min(at, text.length());
            if (depth > 0) {
                problem = "a ( without )";
            }
        }

        private void finish() {
            if (problem.isEmpty() && !current.isEmpty()) {
                String address = decoded(current.toString());
                if (isPhrase) {
                    problem = "\"" + address + "\" is no address";
                } else if (mailboxes.size() == MAILBOXES_MAX) {
                    problem = "more than " + MAILBOXES_MAX + " addresses";
                } else {
                    mailboxes.add(new Mailbox(address, end, hasDomain));
                }
            }
            clear();
        }

        private void clear() {
            current.setLength(0);
            hasDomain = false;
            isPhrase = false;
            isJoined = true;
        }

        private static String decoded(String bytes) {
            return new String(bytes.getBytes(StandardCharsets.ISO_8859_1), StandardCharsets.UTF_8);
        }
    }
}
