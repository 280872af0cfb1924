package io.whimbrel.provider;

import io.whimbrel.smtp.EnhancedStatus;
import io.whimbrel.smtp.SmtpReply;

import java.util.ArrayList;
import java.util.List;
import java.util.Optional;

/// Reads a reply as people copy it from logs: `421-4.7.28 ...\n421 4.7.28 ...`. Stateless.
final class WireReply {
    private static final int CODE_DIGITS = 3;

    private WireReply() {}

    /// Empty where the first line does not begin with a code. Later lines may lack theirs.
    static Optional<SmtpReply> parse(String text) {
        int code = codeOf(text);
        if (code < 0) {
            return Optional.empty();
        }
        Optional<EnhancedStatus> status = Optional.empty();
        var lines = new ArrayList<String>();
        for (String line : text.split("\n", -1)) {
            String rest = codeOf(line) == code ? afterCode(line) : line.strip();
            Optional<EnhancedStatus> here = EnhancedStatus.parsePrefix(rest);
            if (here.isPresent() && status.isEmpty()) {
                status = here;
            }
            lines.add(harmless(here.isPresent() ? afterStatus(rest) : rest));
        }
        return Optional.of(new SmtpReply(code, status, List.copyOf(lines)));
    }

    private static int codeOf(String line) {
        if (line.length() < CODE_DIGITS
                || (line.length() > CODE_DIGITS && "- ".indexOf(line.charAt(CODE_DIGITS)) < 0)) {
            return -1;
        }
        int code = 0;
        for (int i = 0; i < CODE_DIGITS; i++) {
            char c = line.charAt(i);
            if (c < '0' || c > '9') {
                return -1;
            }
            code = code * 10 + (c - '0');
        }
        return code >= 200 && code <= 599 ? code : -1;
    }

    private static String afterCode(String line) {
        return line.length() > CODE_DIGITS ? line.substring(CODE_DIGITS + 1).strip() : "";
    }

    private static String afterStatus(String rest) {
        int space = rest.indexOf(' ');
        return space < 0 ? "" : rest.substring(space + 1).strip();
    }

    private static String harmless(String line) {
        return line.replaceAll("\\p{Cntrl}", " ");
    }
}
