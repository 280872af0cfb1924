package io.whimbrel.reaction;

import io.whimbrel.smtp.EnhancedStatus;
import io.whimbrel.smtp.SmtpReply;

import java.util.Optional;

/// The text of a reply as rules look at it: one line, without codes. Stateless.
///
/// Lines are joined by a space. What hosts repeat at the beginning of each line, the code
/// (`421-4.7.28 `) and the enhanced status, is taken away; control characters and runs of spaces
/// become one space. What is beyond [#CHARS_MOST] is dropped.
public final class ReplyText {
    public static final int CHARS_MOST = 1_000;

    private static final int CODE_CHARS = 3;

    private ReplyText() {}

    public static String of(SmtpReply reply) {
        String code = Integer.toString(reply.code());
        var text = new StringBuilder(128);
        for (String line : reply.lines()) {
            append(line, start(line, code), text);
            if (text.length() > CHARS_MOST) {
                break;
            }
        }
        return cut(text.toString(), CHARS_MOST).stripTrailing();
    }

    /// The first `most` characters, and no half of one.
    static String cut(String text, int most) {
        if (text.length() <= most) {
            return text;
        }
        boolean isHalf = Character.isHighSurrogate(text.charAt(most - 1));
        return text.substring(0, isHalf ? most - 1 : most);
    }

    /// Where the text of `line` begins, behind all codes.
    private static int start(String line, String code) {
        int at = 0;
        while (true) {
            at = withoutSpace(line, at);
            int end = at + prefixLength(line, at, code);
            if (end == at) {
                return at;
            }
            at = end;
        }
    }

    private static int prefixLength(String line, int at, String code) {
        int end = at + CODE_CHARS;
        if (line.startsWith(code, at)
                && (end == line.length() || line.charAt(end) == '-' || isSpace(line.charAt(end)))) {
            return Math.min(line.length(), end + 1) - at;
        }
        int wordEnd = at;
        while (wordEnd < line.length() && !isSpace(line.charAt(wordEnd))) {
            wordEnd++;
        }
        // Cutting out the word of a long text at each line would cost more than the match.
        if (wordEnd - at > 9 || wordEnd - at < 5) {
            return 0;
        }
        Optional<EnhancedStatus> status = EnhancedStatus.parsePrefix(line.substring(at, wordEnd));
        return status.isPresent() ? wordEnd - at : 0;
    }

    private static int withoutSpace(String line, int from) {
        int at = from;
        while (at < line.length() && isSpace(line.charAt(at))) {
            at++;
        }
        return at;
    }

    private static boolean isSpace(char c) {
        return c == ' ' || Character.isISOControl(c);
    }

    private static void append(String line, int from, StringBuilder text) {
        if (from < line.length() && text.length() > 0 && text.charAt(text.length() - 1) != ' ') {
            text.append(' ');
        }
        for (int i = from; i < line.length() && text.length() <= CHARS_MOST; i++) {
            char c = line.charAt(i);
            if (!isSpace(c)) {
                text.append(c);
            } else if (text.charAt(text.length() - 1) != ' ') {
                text.append(' ');
            }
        }
    }
}
