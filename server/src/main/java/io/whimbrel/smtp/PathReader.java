package io.whimbrel.smtp;

import java.net.InetAddress;
import java.util.Optional;

/// Reads the path of a MAIL or RCPT line (RFC 5321 §4.1.2). Confined to one thread.
///
/// Strict about what is part of the address; forgiving where clients differ harmlessly: spaces
/// before the path, missing angle brackets, dots anywhere in a local part. A source route is read
/// over and dropped, as RFC 5321 appendix C asks. Characters beyond US-ASCII are read; whether
/// SMTPUTF8 allows them is for the session to say.
final class PathReader {
    private static final int LOCAL_PART_OCTETS_MAX = 64;
    private static final int DOMAIN_OCTETS_MAX = 255;

    /// RFC 5321 §4.5.3.1.3: 256 with the angle brackets.
    private static final int ADDRESS_OCTETS_MAX = 254;

    private static final String ATEXT_SPECIALS = "!#$%&'*+-/=?^_`{|}~";

    private final String text;
    private int position;
    private String problem = "";

    PathReader(String text, int position) {
        this.text = text;
        this.position = position;
    }

    /// Where the path ended: at the end of the line or at a space.
    int position() {
        return position;
    }

    /// What is wrong, where [#read] was empty; for a person.
    String problem() {
        return problem;
    }

    Optional<SmtpPath> read() {
        skipSpaces();
        boolean isBracketed = skip('<');
        if (isBracketed && skip('>')) {
            return isEndOfWord() ? Optional.of(SmtpPath.NULL) : fail("text follows the address");
        }
        if (at('@') && !skipSourceRoute()) {
            return fail("the source route is not closed by a colon");
        }
        int start = position;
        if (!readLocalPart()) {
            return Optional.empty();
        }
        if (octets(start, position) > LOCAL_PART_OCTETS_MAX) {
            return fail("the part before @ is longer than 64 octets");
        }
        String domain = "";
        if (skip('@')) {
            int domainStart = position;
            if (!readDomain()) {
                return Optional.empty();
            }
            domain = text.substring(domainStart, position);
        }
        String address = text.substring(start, position);
        if (octets(start, position) > ADDRESS_OCTETS_MAX) {
            return fail("the address is longer than 254 octets");
        }
        if (isBracketed && !skip('>')) {
            return fail("a character that cannot be in an address, or no closing >");
        }
        return isEndOfWord()
                ? Optional.of(new SmtpPath(address, domain))
                : fail("a character that cannot be in an address");
    }

    private void skipSpaces() {
        while (at(' ')) {
            position++;
        }
    }

    /// `@one,@two:` with the position behind the colon.
    private boolean skipSourceRoute() {
        while (at('@')) {
            position++;
            if (!readDomain()) {
                return false;
            }
            if (skip(':')) {
                return true;
            }
            if (!skip(',')) {
                return false;
            }
        }
        return false;
    }

    private boolean readLocalPart() {
        if (at('"')) {
            return readQuoted();
        }
        int start = position;
        while (position < text.length() && isLocalCharacter(text.charAt(position))) {
            position++;
        }
        if (position == start) {
            fail("the address is missing or begins with a character it cannot have");
            return false;
        }
        return true;
    }

    private boolean readQuoted() {
        for (int i = position + 1; i < text.length(); i++) {
            char c = text.charAt(i);
            if (c == '"') {
                position = i + 1;
                return true;
            }
            if (c == '\\') {
                i++;
            }
            if (i >= text.length() || Character.isISOControl(text.charAt(i))) {
                break;
            }
        }
        fail("the quoted part is not closed");
        return false;
    }

    private boolean readDomain() {
        int start = position;
        if (at('[')) {
            int end = text.indexOf(']', position);
            if (end < 0 || !isAddress(text.substring(position + 1, end))) {
                fail("the address literal is not [192.0.2.1] or [IPv6:2001:db8::1]");
                return false;
            }
            position = end + 1;
            return true;
        }
        while (position < text.length() && isDomainCharacter(text.charAt(position))) {
            position++;
        }
        if (position == start) {
            fail("the domain is missing");
        } else if (octets(start, position) > DOMAIN_OCTETS_MAX) {
            fail("the domain is longer than 255 octets");
        }
        return problem.isEmpty();
    }

    private boolean at(char c) {
        return position < text.length() && text.charAt(position) == c;
    }

    private boolean skip(char c) {
        boolean isThere = at(c);
        if (isThere) {
            position++;
        }
        return isThere;
    }

    private boolean isEndOfWord() {
        return position == text.length() || at(' ');
    }

    private Optional<SmtpPath> fail(String reason) {
        if (problem.isEmpty()) {
            problem = reason;
        }
        return Optional.empty();
    }

    private static boolean isLocalCharacter(char c) {
        return isLetterOrDigit(c)
                || c == '.'
                || (c > '~' ? isPrintable(c) : ATEXT_SPECIALS.indexOf(c) >= 0);
    }

    private static boolean isDomainCharacter(char c) {
        return isLetterOrDigit(c)
                || c == '.'
                || c == '-'
                || c == '_'
                || (c > '~' && isPrintable(c));
    }

    private static boolean isLetterOrDigit(char c) {
        return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9');
    }

    private static boolean isPrintable(char c) {
        return !Character.isISOControl(c)
                && !Character.isSpaceChar(c)
                && Character.getType(c) != Character.FORMAT;
    }

    /// Never looks a name up: only digits, dots, colons and hexadecimal letters get as far as that.
    private static boolean isAddress(String literal) {
        boolean isIpv6 = literal.regionMatches(true, 0, "IPv6:", 0, 5);
        String address = isIpv6 ? literal.substring(5) : literal;
        int dots = 0;
        int colons = 0;
        for (int i = 0; i < address.length(); i++) {
            char c = address.charAt(i);
            if (c == '.') {
                dots++;
            } else if (c == ':') {
                colons++;
            } else if (Character.digit(c, isIpv6 ? 16 : 10) < 0 || c > '~') {
                return false;
            }
        }
        if (isIpv6 ? colons < 2 : dots != 3 || colons > 0) {
            return false;
        }
        try {
            InetAddress.ofLiteral(address);
            return true;
        } catch (IllegalArgumentException _) {
            return false;
        }
    }

    /// Length in UTF-8 of `text[from, to)`.
    private int octets(int from, int to) {
        int octets = to - from;
        for (int i = from; i < to; i++) {
            char c = text.charAt(i);
            if (c > 0x7f) {
                // A surrogate is half of four octets, so two for each of the pair.
                octets += c < 0x800 || Character.isSurrogate(c) ? 1 : 2;
            }
        }
        return octets;
    }
}
