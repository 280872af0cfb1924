package io.whimbrel.routing;

import java.util.List;

/// Names a site after its hosts, their common ending written once: `(mx1|mx2).example.net`.
final class SiteName {
    private static final int LENGTH_MAX = 250;

    private SiteName() {}

    /// @param hosts in order of preference, at least one; equal lists give equal names, different
    ///   lists different ones
    static String of(List<String> hosts) {
        String first = hosts.getFirst();
        if (hosts.size() == 1) {
            return first;
        }
        String ending = first;
        for (String host : hosts) {
            ending = commonEnding(ending, host);
        }
        var name = new StringBuilder("(");
        for (String host : hosts) {
            name.append(name.length() == 1 ? "" : "|");
            name.append(host, 0, host.length() - ending.length());
        }
        name.append(')').append(ending);
        return bounded(name.toString());
    }

    /// `name`, or what is still its own of it where it is too long.
    static String bounded(String name) {
        return name.length() <= LENGTH_MAX ? name : shortened(name);
    }

    /// The longest common ending that begins with a dot and leaves something of both.
    private static String commonEnding(String ending, String host) {
        int length = 0;
        int dot = 0;
        int most = Math.min(ending.length(), host.length());
        while (length < most) {
            char c = ending.charAt(ending.length() - 1 - length);
            if (c != host.charAt(host.length() - 1 - length)) {
                break;
            }
            length++;
            if (c == '.' && length < host.length()) {
                dot = length;
            }
        }
        return ending.substring(ending.length() - dot);
    }

    private static String shortened(String name) {
        return name.substring(0, LENGTH_MAX) + "~" + Integer.toHexString(name.hashCode());
    }
}
