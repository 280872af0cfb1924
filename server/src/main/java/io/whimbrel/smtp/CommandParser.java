package io.whimbrel.smtp;

import java.nio.ByteBuffer;
import java.nio.charset.CharacterCodingException;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.Optional;

/// Turns one command line into a command (RFC 5321 §4.1.1, RFC 3030 §2, RFC 6531 §3). Pure.
///
/// Verbs and keywords are read in any case. A line that is wrong becomes [SmtpCommand.Refused] with
/// a reply that says what is wrong with it; nothing is thrown.
public final class CommandParser {
    private static final int CLIENT_NAME_MAX = 255;
    private static final int CHUNK_DIGITS_MAX = 18;
    private static final String CHUNK_VERB = "BDAT";
    private static final String AUTH_VERB = "AUTH";

    private static final SmtpCommand DATA = new SmtpCommand.Data();
    private static final SmtpCommand RSET = new SmtpCommand.Rset();
    private static final SmtpCommand NOOP = new SmtpCommand.Noop();
    private static final SmtpCommand HELP = new SmtpCommand.Help();
    private static final SmtpCommand QUIT = new SmtpCommand.Quit();
    private static final SmtpCommand START_TLS = new SmtpCommand.StartTls();

    private static final SmtpCommand NOT_TEXT =
            refused(500, 5, 2, "The line has a control character or is not valid UTF-8");
    private static final SmtpCommand UNKNOWN = refused(500, 5, 2, "Command not recognized");
    private static final SmtpCommand NOT_IMPLEMENTED =
            refused(502, 5, 1, "Command not implemented");

    /// A browser was talked into sending mail: the lines of its body must not become commands.
    private static final SmtpCommand HTTP =
            new SmtpCommand.Broken(SmtpReply.of(500, 5, 5, 2, "This is SMTP, not HTTP"));

    /// What follows is a chunk of unknown size, which must not be read as commands.
    private static final SmtpCommand BAD_CHUNK =
            new SmtpCommand.Broken(
                    SmtpReply.of(501, 5, 5, 4, "Syntax: BDAT octets [LAST]; closing"));

    private static final SmtpCommand NO_ARGUMENT =
            refused(501, 5, 4, "This command takes no argument");
    private static final SmtpCommand MAIL_SYNTAX =
            refused(501, 5, 4, "Syntax: MAIL FROM:<address>");
    private static final SmtpCommand RCPT_SYNTAX = refused(501, 5, 4, "Syntax: RCPT TO:<address>");

    private CommandParser() {}

    /// Reads `line[from, to)`, which has neither CR, LF nor NUL.
    public static SmtpCommand parse(byte[] line, int from, int to) {
        Optional<String> decoded = decode(line, from, to);
        SmtpCommand command = decoded.isEmpty() ? NOT_TEXT : parse(decoded.get());
        boolean isLostChunk =
                command instanceof SmtpCommand.Refused && announcesChunk(line, from, to);
        return isLostChunk ? BAD_CHUNK : command;
    }

    /// Whether `line[from, to)` is BDAT to any reader of commands, however lenient: then a chunk
    /// follows, also where the line itself cannot be understood.
    static boolean announcesChunk(byte[] line, int from, int to) {
        return hasVerb(CHUNK_VERB, line, from, to);
    }

    /// Whether `line[from, to)` is AUTH, whose line may be longer than others (RFC 4954 §4).
    static boolean authenticates(byte[] line, int from, int to) {
        return hasVerb(AUTH_VERB, line, from, to);
    }

    private static boolean hasVerb(String verb, byte[] line, int from, int to) {
        int start = from;
        while (start < to && (line[start] == ' ' || line[start] == '\t')) {
            start++;
        }
        if (to - start < verb.length()) {
            return false;
        }
        for (int i = 0; i < verb.length(); i++) {
            if ((line[start + i] & ~0x20) != verb.charAt(i)) {
                return false;
            }
        }
        return true;
    }

    private static SmtpCommand parse(String text) {
        int space = text.indexOf(' ');
        String verb = space < 0 ? text : text.substring(0, space);
        if (!isAscii(verb)) {
            // The upper case of a dotless i is I, so that QUıT would be QUIT here and nowhere else.
            return UNKNOWN;
        }
        String argument = space < 0 ? "" : text.substring(space + 1);
        return switch (verb.toUpperCase(Locale.ROOT)) {
            case "MAIL" -> mail(argument);
            case "RCPT" -> rcpt(argument);
            case "DATA" -> argument.isBlank() ? DATA : NO_ARGUMENT;
            case "BDAT" -> bdat(argument.strip());
            case "EHLO" -> ehlo(argument.strip());
            case "HELO" -> helo(argument.strip());
            case "RSET" -> argument.isBlank() ? RSET : NO_ARGUMENT;
            case "QUIT" -> argument.isBlank() ? QUIT : NO_ARGUMENT;
            case "NOOP" -> NOOP;
            case "HELP" -> HELP;
            case "VRFY" -> vrfy(argument.strip());
            case "LHLO" -> lhlo(argument.strip());
            case "STARTTLS" -> argument.isBlank() ? START_TLS : NO_ARGUMENT;
            case "AUTH" -> auth(argument.strip());
            case "XCLIENT" -> XclientReader.read(argument.strip());
            case "EXPN" -> NOT_IMPLEMENTED;
            case "GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS", "CONNECT" -> HTTP;
            default -> UNKNOWN;
        };
    }

    /// US-ASCII without a detour, else strict UTF-8; empty where it is neither, or has control
    /// characters other than a tab.
    private static Optional<String> decode(byte[] line, int from, int to) {
        boolean isAscii = true;
        for (int i = from; i < to; i++) {
            byte b = line[i];
            if ((b >= 0 && b < ' ' && b != '\t') || b == 0x7f) {
                return Optional.empty();
            }
            isAscii &= b >= 0;
        }
        if (isAscii) {
            return Optional.of(new String(line, from, to - from, StandardCharsets.ISO_8859_1));
        }
        try {
            var bytes = ByteBuffer.wrap(line, from, to - from);
            return Optional.of(StandardCharsets.UTF_8.newDecoder().decode(bytes).toString());
        } catch (CharacterCodingException _) {
            return Optional.empty();
        }
    }

    private static SmtpCommand mail(String argument) {
        int path = skipWord(argument, "FROM:");
        if (path < 0) {
            return MAIL_SYNTAX;
        }
        var reader = new PathReader(argument, path);
        Optional<SmtpPath> reversePath = reader.read();
        if (reversePath.isEmpty()) {
            return refusedAddress(7, "Bad sender address: ", reader.problem());
        }
        List<EsmtpParameter> parameters = new ArrayList<>(2);
        return readParameters(argument, reader.position(), parameters)
                ? new SmtpCommand.Mail(reversePath.get(), parameters)
                : badParameter(argument, reader.position());
    }

    private static SmtpCommand rcpt(String argument) {
        int path = skipWord(argument, "TO:");
        if (path < 0) {
            return RCPT_SYNTAX;
        }
        var reader = new PathReader(argument, path);
        Optional<SmtpPath> forwardPath = reader.read();
        if (forwardPath.isEmpty()) {
            return refusedAddress(3, "Bad recipient address: ", reader.problem());
        }
        if (forwardPath.get().isNull()) {
            return refusedAddress(3, "Bad recipient address: ", "it is empty");
        }
        List<EsmtpParameter> parameters = new ArrayList<>(2);
        return readParameters(argument, reader.position(), parameters)
                ? new SmtpCommand.Rcpt(forwardPath.get(), parameters)
                : badParameter(argument, reader.position());
    }

    /// A size that cannot be read leaves no way to tell the chunk from commands.
    private static SmtpCommand bdat(String argument) {
        int space = argument.indexOf(' ');
        String digits = space < 0 ? argument : argument.substring(0, space);
        String rest = space < 0 ? "" : argument.substring(space + 1).strip();
        boolean isLast = isAscii(rest) && rest.equalsIgnoreCase("LAST");
        if (!isNumber(digits) || !(rest.isEmpty() || isLast)) {
            return BAD_CHUNK;
        }
        return new SmtpCommand.Bdat(Long.parseLong(digits), isLast);
    }

    private static SmtpCommand ehlo(String name) {
        return isClientName(name)
                ? new SmtpCommand.Ehlo(name)
                : refused(501, 5, 4, "Syntax: EHLO name-of-the-client");
    }

    private static SmtpCommand helo(String name) {
        return isClientName(name)
                ? new SmtpCommand.Helo(name)
                : refused(501, 5, 4, "Syntax: HELO name-of-the-client");
    }

    private static SmtpCommand lhlo(String name) {
        return isClientName(name)
                ? new SmtpCommand.Lhlo(name)
                : refused(501, 5, 4, "Syntax: LHLO name-of-the-client");
    }

    /// The response is base64, which whoever checks it decodes.
    private static SmtpCommand auth(String argument) {
        int space = argument.indexOf(' ');
        String mechanism = space < 0 ? argument : argument.substring(0, space);
        String response = space < 0 ? "" : argument.substring(space + 1).strip();
        if (!isMechanism(mechanism) || !isAscii(response) || response.indexOf(' ') >= 0) {
            return refused(501, 5, 4, "Syntax: AUTH mechanism [initial-response]");
        }
        return new SmtpCommand.Auth(
                mechanism.toUpperCase(Locale.ROOT),
                response.isEmpty() ? Optional.empty() : Optional.of(response));
    }

    /// RFC 4422 §3.1.
    private static boolean isMechanism(String word) {
        for (int i = 0; i < word.length(); i++) {
            char c = word.charAt(i);
            boolean isPlain =
                    (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9');
            if (!isPlain && c != '-' && c != '_') {
                return false;
            }
        }
        return !word.isEmpty() && word.length() <= 20;
    }

    private static SmtpCommand vrfy(String name) {
        return name.isEmpty()
                ? refused(501, 5, 4, "Syntax: VRFY name")
                : new SmtpCommand.Vrfy(name);
    }

    private static boolean isClientName(String name) {
        return !name.isEmpty() && name.length() <= CLIENT_NAME_MAX && name.indexOf('\t') < 0;
    }

    /// The index behind `word` at the start of `argument`, -1 where it is not there.
    private static int skipWord(String argument, String word) {
        int start = 0;
        while (start < argument.length() && argument.charAt(start) == ' ') {
            start++;
        }
        return argument.regionMatches(true, start, word, 0, word.length())
                ? start + word.length()
                : -1;
    }

    /// Adds what stands from `position` on, words between spaces.
    ///
    /// @return false where a word is no parameter
    private static boolean readParameters(
            String argument, int position, List<EsmtpParameter> parameters) {
        int start = position;
        while (start < argument.length()) {
            if (argument.charAt(start) == ' ') {
                start++;
                continue;
            }
            int end = argument.indexOf(' ', start);
            end = end < 0 ? argument.length() : end;
            if (!addParameter(argument.substring(start, end), parameters)) {
                return false;
            }
            start = end;
        }
        return true;
    }

    private static boolean addParameter(String word, List<EsmtpParameter> parameters) {
        int equals = word.indexOf('=');
        String keyword = equals < 0 ? word : word.substring(0, equals);
        String value = equals < 0 ? "" : word.substring(equals + 1);
        if (!isKeyword(keyword) || (equals >= 0 && !isValue(value))) {
            return false;
        }
        parameters.add(new EsmtpParameter(keyword.toUpperCase(Locale.ROOT), value));
        return true;
    }

    private static boolean isKeyword(String word) {
        for (int i = 0; i < word.length(); i++) {
            char c = word.charAt(i);
            boolean isPlain =
                    (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9');
            if (!isPlain && (c != '-' || i == 0)) {
                return false;
            }
        }
        return !word.isEmpty();
    }

    /// RFC 5321 §4.1.2, esmtp-value, with the characters beyond US-ASCII that RFC 6533 §3 adds.
    private static boolean isValue(String word) {
        for (int i = 0; i < word.length(); i++) {
            char c = word.charAt(i);
            if (c <= ' ' || c == '=' || Character.isISOControl(c)) {
                return false;
            }
        }
        return !word.isEmpty();
    }

    private static boolean isAscii(String word) {
        for (int i = 0; i < word.length(); i++) {
            if (word.charAt(i) > '~') {
                return false;
            }
        }
        return true;
    }

    private static boolean isNumber(String digits) {
        for (int i = 0; i < digits.length(); i++) {
            if (digits.charAt(i) < '0' || digits.charAt(i) > '9') {
                return false;
            }
        }
        return !digits.isEmpty() && digits.length() <= CHUNK_DIGITS_MAX;
    }

    private static SmtpCommand badParameter(String argument, int position) {
        int shown = argument.length() - position;
        return refused(
                501, 5, 4, "Syntax error in the " + shown + " characters behind the address");
    }

    private static SmtpCommand refusedAddress(int detail, String what, String problem) {
        return new SmtpCommand.Refused(SmtpReply.of(501, 5, 1, detail, what + problem));
    }

    private static SmtpCommand refused(int code, int subject, int detail, String text) {
        return new SmtpCommand.Refused(SmtpReply.of(code, 5, subject, detail, text));
    }
}
