package io.whimbrel.smtp;

import java.nio.ByteBuffer;
import java.nio.charset.CharacterCodingException;
import java.nio.charset.StandardCharsets;
import java.util.HashMap;
import java.util.Locale;
import java.util.Map;
import java.util.Set;

/// Reads the attributes of an XCLIENT line (Postfix, XCLIENT_README). Pure.
final class XclientReader {
    private static final Set<String> NAMES =
            Set.of("NAME", "ADDR", "PORT", "PROTO", "HELO", "LOGIN", "DESTADDR", "DESTPORT");

    private static final SmtpCommand SYNTAX = refused("Syntax: XCLIENT name=value ...");

    private XclientReader() {}

    static SmtpCommand read(String argument) {
        var attributes = HashMap.<String, String>newHashMap(NAMES.size());
        int start = 0;
        while (start < argument.length()) {
            int space = argument.indexOf(' ', start);
            int end = space < 0 ? argument.length() : space;
            if (end > start && !add(argument.substring(start, end), attributes)) {
                return refused("A bad, unknown or repeated attribute of XCLIENT");
            }
            start = end + 1;
        }
        return attributes.isEmpty() ? SYNTAX : new SmtpCommand.Xclient(attributes);
    }

    private static boolean add(String word, Map<String, String> attributes) {
        int equals = word.indexOf('=');
        if (equals <= 0) {
            return false;
        }
        String name = word.substring(0, equals).toUpperCase(Locale.ROOT);
        String value = decode(word, equals + 1);
        return NAMES.contains(name)
                && !value.isEmpty()
                && attributes.putIfAbsent(name, value) == null;
    }

    /// Xtext (RFC 3461 §4) to text; `""` where it is none, is not UTF-8 or has control characters.
    private static String decode(String text, int from) {
        byte[] bytes = new byte[text.length() * 3];
        int length = 0;
        for (int i = from; i < text.length(); i++) {
            char c = text.charAt(i);
            if (c == '+') {
                int value = i + 2 < text.length() ? hex(text, i + 1) : -1;
                if (value < 0) {
                    return "";
                }
                bytes[length++] = (byte) value;
                i += 2;
            } else if (c > '~') {
                return "";
            } else {
                bytes[length++] = (byte) c;
            }
        }
        return text(bytes, length);
    }

    private static int hex(String text, int at) {
        int high = Character.digit(text.charAt(at), 16);
        int low = Character.digit(text.charAt(at + 1), 16);
        return high < 0 || low < 0 ? -1 : high << 4 | low;
    }

    private static String text(byte[] bytes, int length) {
        try {
            String text =
                    StandardCharsets.UTF_8
                            .newDecoder()
                            .decode(ByteBuffer.wrap(bytes, 0, length))
                            .toString();
            return text.chars().anyMatch(Character::isISOControl) ? "" : text;
        } catch (CharacterCodingException _) {
            return "";
        }
    }

    private static SmtpCommand refused(String text) {
        return new SmtpCommand.Refused(SmtpReply.of(501, 5, 5, 4, text));
    }
}
