package io.whimbrel.policy;

import io.whimbrel.mail.DomainName;
import io.whimbrel.policy.FromField.Address;

import java.util.ArrayList;
import java.util.List;
import java.util.Optional;

/// Reads an address list (RFC 5322 §3.4) in one pass, without recursion, in time linear to its
/// length. Confined to one thread.
final class FromFieldReader {
    private static final int COMMENT_DEPTH_MAX = 50;
    private static final String SPECIALS = "()<>[]:;@\\,.\"";

    private final String text;
    private final List<Address> addresses = new ArrayList<>();
    private int position;
    private boolean isInGroup;
    private String problem = "";

    /// Words before an `@`, `<` or `:`: a local part, a display name or the name of a group.
    ///
    /// @param text without spaces and comments
    /// @param isLocalPart whether no space stood where a local part has none
    private record Words(String text, boolean isLocalPart) {}

    FromFieldReader(String value) {
        this.text = value.strip();
    }

    FromField read() {
        if (text.length() > FromField.CHARACTERS_MAX) {
            return new FromField.Broken("it is too long");
        }
        skipSpace();
        while (problem.isEmpty() && position < text.length()) {
            readElement();
        }
        if (problem.isEmpty() && isInGroup) {
            fail("a group is not closed by a semicolon");
        }
        if (problem.isEmpty() && addresses.isEmpty()) {
            fail("it names no address");
        }
        return problem.isEmpty()
                ? new FromField.Addresses(addresses)
                : new FromField.Broken(problem);
    }

    /// A mailbox, the beginning or the end of a group, or a comma.
    private void readElement() {
        if (skip(',')) {
            return;
        }
        if (at(';')) {
            closeGroup();
            return;
        }
        Words words = readWords();
        if (at('@')) {
            readAddress(words);
            requireEnd();
        } else if (at('<')) {
            readBracketed();
            requireEnd();
        } else if (at(':') && !words.text().isEmpty()) {
            openGroup();
        } else {
            fail("something in it is no address");
        }
    }

    private void openGroup() {
        if (isInGroup) {
            fail("a group stands in a group");
        }
        isInGroup = true;
        skip(':');
    }

    private void closeGroup() {
        if (!isInGroup) {
            fail("a semicolon ends no group");
        }
        isInGroup = false;
        skip(';');
        // RFC 5322 §3.4 wants a comma before the next address; nobody reads it as anything else
        // where it is forgotten.
    }

    /// Behind a mailbox.
    private void requireEnd() {
        boolean isEnd = position == text.length() || at(',') || at(';');
        if (!isEnd) {
            fail("text follows an address");
        }
    }

    private void readBracketed() {
        skip('<');
        if (at('@') && !skipRoute()) {
            return;
        }
        Words local = readWords();
        if (!at('@')) {
            fail("an address in <> has no domain");
            return;
        }
        readAddress(local);
        if (!skip('>')) {
            fail("an address is not closed by >");
        }
    }

    /// `@one,@two:` before an address (RFC 5322 §4.4): read over, as everywhere.
    private boolean skipRoute() {
        while (skip('@')) {
            if (readDomain().isEmpty()) {
                return false;
            }
            while (skip(',')) {
                // An empty element of the old form.
            }
        }
        if (!skip(':')) {
            fail("a source route is not closed by a colon");
        }
        return problem.isEmpty();
    }

    private void readAddress(Words local) {
        skip('@');
        if (local.text().isEmpty() || !local.isLocalPart()) {
            fail("what stands before an @ is no part of an address");
            return;
        }
        Optional<DomainName> domain = readDomain();
        if (domain.isEmpty()) {
            return;
        }
        if (addresses.size() == FromField.ADDRESSES_MAX) {
            fail("it names more than " + FromField.ADDRESSES_MAX + " addresses");
            return;
        }
        addresses.add(new Address(local.text(), domain.get()));
    }

    /// Atoms, quoted strings and dots, up to anything else.
    private Words readWords() {
        var words = new StringBuilder();
        boolean isLocalPart = true;
        boolean isWordBefore = false;
        while (problem.isEmpty() && position < text.length()) {
            int start = position;
            char c = text.charAt(position);
            boolean isDot = c == '.';
            if (isDot) {
                position++;
            } else if (c == '"') {
                skipQuoted();
            } else if (isAtomCharacter(c)) {
                skipAtom();
            } else {
                break;
            }
            isLocalPart &= isDot || !isWordBefore;
            isWordBefore = !isDot;
            words.append(text, start, position);
            skipSpace();
        }
        return new Words(words.toString(), isLocalPart);
    }

    private void skipAtom() {
        while (position < text.length() && isAtomCharacter(text.charAt(position))) {
            position++;
        }
    }

    private void skipQuoted() {
        position++;
        while (position < text.length() && text.charAt(position) != '"') {
            if (text.charAt(position) == '\\') {
                position++;
            }
            if (position >= text.length() || !isGoodAt(position)) {
                position = text.length();
            }
            position++;
        }
        if (position >= text.length()) {
            position = text.length();
            fail("a quoted text is not closed, or holds control characters");
        } else {
            position++;
        }
    }

    /// A domain or address literal; spaces and comments around its dots are of the old form.
    private Optional<DomainName> readDomain() {
        skipSpace();
        var name = new StringBuilder();
        if (at('[')) {
            int end = text.indexOf(']', position);
            int after = end < 0 ? position : end + 1;
            name.append(text, position, after);
            position = after;
        } else {
            boolean isLabelBefore = false;
            while (position < text.length()) {
                boolean isDot = at('.');
                if (!isDot && (isLabelBefore || !isAtomCharacter(text.charAt(position)))) {
                    break;
                }
                int start = position;
                if (isDot) {
                    position++;
                } else {
                    skipAtom();
                }
                isLabelBefore = !isDot;
                name.append(text, start, position);
                skipSpace();
            }
        }
        skipSpace();
        Optional<DomainName> domain = DomainName.parse(name.toString());
        if (domain.isEmpty()) {
            fail("what follows an @ is no domain");
        }
        return domain;
    }

    /// Spaces, folds and comments (RFC 5322 §3.2.2).
    private void skipSpace() {
        int depth = 0;
        while (position < text.length()) {
            char c = text.charAt(position);
            if (c == '(') {
                depth++;
            } else if (c == ')' && depth > 0) {
                depth--;
            } else if (c == '\\' && depth > 0 && isGoodAt(position + 1)) {
                position++;
            } else if (depth > 0 ? !isGoodAt(position) : !isSpaceAt(position)) {
                break;
            }
            if (depth > COMMENT_DEPTH_MAX) {
                break;
            }
            position++;
        }
        position = Math.min(position, text.length());
        if (depth > 0) {
            fail("a comment is not closed, too deep, or holds control characters");
        }
    }

    /// Whether a space or the part of a fold is here. The end of a line that does not fold is
    /// neither: another field would follow.
    private boolean isSpaceAt(int index) {
        char c = text.charAt(index);
        if (c == '\r') {
            return index + 1 < text.length() && text.charAt(index + 1) == '\n';
        }
        if (c == '\n') {
            return index + 1 < text.length() && isBlank(text.charAt(index + 1));
        }
        return isBlank(c);
    }

    /// Whether quoted text and comments may hold this.
    private boolean isGoodAt(int index) {
        return index < text.length()
                && (isSpaceAt(index) || !Character.isISOControl(text.charAt(index)));
    }

    private static boolean isBlank(char c) {
        return c == ' ' || c == '\t';
    }

    /// RFC 5322 §3.2.3 `atext`, and what RFC 6532 §3.2 adds. A space beyond US-ASCII is none: it
    /// would look like two words and be one.
    private static boolean isAtomCharacter(char c) {
        return c > ' '
                && SPECIALS.indexOf(c) < 0
                && !Character.isISOControl(c)
                && !Character.isSpaceChar(c);
    }

    private boolean at(char c) {
        return position < text.length() && text.charAt(position) == c;
    }

    /// Reads over the character, and the space behind it.
    private boolean skip(char c) {
        boolean isThere = at(c);
        if (isThere) {
            position++;
            skipSpace();
        }
        return isThere;
    }

    private void fail(String why) {
        if (problem.isEmpty()) {
            problem = why;
        }
    }
}
