package io.whimbrel.routing;

/// Which names a mail host can have (RFC 1123 §2.1), as far as it matters: an MX record can hold
/// any octets, and some hold an address. Stateless.
final class HostNames {
    private static final int LENGTH_MAX = 253;
    private static final int SHOWN_MAX = 80;

    private HostNames() {}

    /// Letters, digits, `-`, and `_`, which the DNS has in practice; its last label is no number,
    /// which only addresses end with.
    static boolean isHostName(String name) {
        if (name.isEmpty() || name.length() > LENGTH_MAX) {
            return false;
        }
        for (int i = 0; i < name.length(); i++) {
            if (!isNameCharacter(name.charAt(i))) {
                return false;
            }
        }
        return !isNumber(name, name.lastIndexOf('.') + 1);
    }

    /// A name that is none, fit to be read.
    static String shown(String name) {
        var shown = new StringBuilder("\"");
        for (int i = 0; i < Math.min(name.length(), SHOWN_MAX); i++) {
            char c = name.charAt(i);
            shown.append(c > ' ' && c <= '~' && c != '"' ? c : '?');
        }
        return shown.append('"').toString();
    }

    private static boolean isNameCharacter(char c) {
        return (c >= 'a' && c <= 'z')
                || (c >= 'A' && c <= 'Z')
                || (c >= '0' && c <= '9')
                || c == '-'
                || c == '_'
                || c == '.';
    }

    private static boolean isNumber(String name, int from) {
        for (int i = from; i < name.length(); i++) {
            if (name.charAt(i) < '0' || name.charAt(i) > '9') {
                return false;
            }
        }
        return true;
    }
}
