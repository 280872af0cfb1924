package io.whimbrel.routing;

import io.whimbrel.dns.MxAnswer.MxHost;

import java.nio.charset.StandardCharsets;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.util.HexFormat;
import java.util.List;

/// Names a site after its hosts and their order, their common ending written once: of
/// `(mx1+mx2|mx3).example.net` the first two are equally good, the third is for when both fail.
/// Stateless.
final class SiteName {
    static final int LENGTH_MAX = 250;

    /// Of the digest of a name that is cut: strangers choose names, and none may take that of
    /// another.
    private static final int DIGEST_BYTES = 16;

    private SiteName() {}

    /// @param hosts in order of preference, at least one; lists that are tried alike give equal
    ///   names, others different ones
    static String of(List<MxHost> hosts) {
        String first = hosts.getFirst().host();
        if (hosts.size() == 1) {
            return first;
        }
        String ending = first;
        for (MxHost host : hosts) {
            ending = commonEnding(ending, host.host());
        }
        var name = new StringBuilder("(");
        int preference = hosts.getFirst().preference();
        for (MxHost host : hosts) {
            String sign = host.preference() == preference ? "+" : "|";
            name.append(name.length() == 1 ? "" : sign);
            name.append(host.host(), 0, host.host().length() - ending.length());
            preference = host.preference();
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
        String digest = digest(name, DIGEST_BYTES);
        return name.substring(0, LENGTH_MAX - digest.length() - 1) + "~" + digest;
    }

    /// The first `bytes` of the SHA-256 of `text`, as hexadecimal digits.
    static String digest(String text, int bytes) {
        try {
            byte[] digest =
                    MessageDigest.getInstance("SHA-256")
                            .digest(text.getBytes(StandardCharsets.UTF_8));
            return HexFormat.of().formatHex(digest, 0, bytes);
        } catch (NoSuchAlgorithmException e) {
            throw new IllegalStateException("every Java has SHA-256", e);
        }
    }
}
