package io.whimbrel.dkim;

import java.util.Locale;

/// Domain names as the checks take them from peers. Pure.
public final class Labels {
    public static final int NAME_MAX = 253;
    private static final int LABEL_MAX = 63;

    private Labels() {}

    /// Whether `name` has two or more labels of 1 to 63 characters, 253 in all, none a space, a
    /// control or not US-ASCII. Underscores and the like are allowed, for the DNS has them.
    public static boolean isQualified(String name) {
        return name.indexOf('.') > 0 && name.indexOf(' ') < 0 && isName(name);
    }

    /// As [#isQualified], or a single label, and spaces are allowed, for macros of SPF make them.
    public static boolean isName(String name) {
        if (name.isEmpty() || name.length() > NAME_MAX) {
            return false;
        }
        int start = 0;
        for (int i = 0; i <= name.length(); i++) {
            if (i == name.length() || name.charAt(i) == '.') {
                if (i == start || i - start > LABEL_MAX) {
                    return false;
                }
                start = i + 1;
            } else if (name.charAt(i) < ' ' || name.charAt(i) > '~') {
                return false;
            }
        }
        return true;
    }

    /// Lower case, without the dot of the root.
    public static String normal(String name) {
        String bare = name.endsWith(".") ? name.substring(0, name.length() - 1) : name;
        return bare.toLowerCase(Locale.ROOT);
    }

    /// Whether `name` is `ancestor` or lies below it; both as [#normal] makes them.
    public static boolean isWithin(String name, String ancestor) {
        return name.endsWith(ancestor)
                && (name.length() == ancestor.length()
                        || name.charAt(name.length() - ancestor.length() - 1) == '.');
    }

    /// Without its first label; `""` where it has only one.
    public static String parent(String name) {
        int dot = name.indexOf('.');
        return dot < 0 ? "" : name.substring(dot + 1);
    }

    public static int count(String name) {
        int labels = name.isEmpty() ? 0 : 1;
        for (int i = 0; i < name.length(); i++) {
            if (name.charAt(i) == '.') {
                labels++;
            }
        }
        return labels;
    }

    public static boolean isAlphanumeric(char c) {
        return isLetter(c) || isDigit(c);
    }

    public static boolean isLetter(char c) {
        return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z');
    }

    public static boolean isDigit(char c) {
        return c >= '0' && c <= '9';
    }
}
