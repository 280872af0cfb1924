package io.whimbrel.transport;

import java.util.List;
import java.util.Optional;

/// The TXT record by which a domain says that it has an MTA-STS policy (RFC 8461 §3.1): `v=STSv1;
/// id=20160831085700Z;`. Stateless.
final class StsRecord {
    private static final String VERSION = "v=STSv1";
    private static final int ID_MAX = 32;

    private StsRecord() {}

    /// The id of the one record among `texts`; empty where there is none, more than one, or it is
    /// not well-formed: then there is no policy.
    static Optional<String> id(List<String> texts) {
        Optional<String> found = Optional.empty();
        for (String text : texts) {
            boolean isOne = text.startsWith(VERSION) && isEnd(text, VERSION.length());
            if (isOne && found.isPresent()) {
                return Optional.empty();
            }
            found = isOne ? Optional.of(text) : found;
        }
        return found.flatMap(StsRecord::id);
    }

    private static boolean isEnd(String text, int at) {
        return at == text.length() || text.charAt(at) == ';' || StsFields.isSpace(text.charAt(at));
    }

    private static Optional<String> id(String text) {
        Optional<String> id = Optional.empty();
        int at = 0;
        while (at < text.length()) {
            int end = text.indexOf(';', at);
            end = end < 0 ? text.length() : end;
            String field = StsFields.stripped(text, at, end);
            if (field.isEmpty() && end == text.length()) {
                // The last delimiter has spaces behind it (RFC 8461 §3.1).
                break;
            }
            int equals = field.indexOf('=');
            String name = equals < 0 ? "" : field.substring(0, equals);
            String value = field.substring(equals + 1);
            if (!StsFields.isName(name) || !isValue(value)) {
                return Optional.empty();
            }
            if (name.equals("id") && id.isEmpty()) {
                if (!isId(value)) {
                    return Optional.empty();
                }
                id = Optional.of(value);
            }
            at = end + 1;
        }
        return id;
    }

    private static boolean isId(String value) {
        boolean isGood = value.length() <= ID_MAX;
        for (int i = 0; isGood && i < value.length(); i++) {
            isGood = StsFields.isAlphanumeric(value.charAt(i));
        }
        return isGood;
    }

    private static boolean isValue(String value) {
        boolean isGood = !value.isEmpty();
        for (int i = 0; isGood && i < value.length(); i++) {
            char c = value.charAt(i);
            isGood = c > ' ' && c < 0x7f && c != '=' && c != ';';
        }
        return isGood;
    }
}
