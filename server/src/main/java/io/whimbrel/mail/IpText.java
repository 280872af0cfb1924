package io.whimbrel.mail;

import java.net.Inet6Address;
import java.net.InetAddress;

/// Addresses as people write them: IPv6 in the short form of RFC 5952, where the longest run of
/// zeros becomes `::`. Pure.
public final class IpText {
    private IpText() {}

    /// `192.0.2.1` or `2001:db8::1`; an IPv6 zone such as `%eth0` stays.
    public static String of(InetAddress address) {
        String text = address.getHostAddress();
        if (!(address instanceof Inet6Address)) {
            return text;
        }
        int zone = text.indexOf('%');
        return zone < 0
                ? shortened(text)
                : shortened(text.substring(0, zone)) + text.substring(zone);
    }

    /// `[192.0.2.7]` or `[IPv6:2001:db8::7]` (RFC 5321 §4.1.3), without zone.
    public static String literal(InetAddress address) {
        String text = of(address);
        int zone = text.indexOf('%');
        String plain = zone < 0 ? text : text.substring(0, zone);
        return address instanceof Inet6Address ? "[IPv6:" + plain + "]" : "[" + plain + "]";
    }

    private static String shortened(String text) {
        String padded = ":" + text + ":";
        String longest = "";
        for (String run = ":0:0:"; padded.contains(run); run += "0:") {
            longest = run;
        }
        if (longest.isEmpty()) {
            return text;
        }
        int at = padded.indexOf(longest);
        String before = at == 0 ? "" : padded.substring(1, at);
        int end = at + longest.length();
        String after = end == padded.length() ? "" : padded.substring(end, padded.length() - 1);
        return before + "::" + after;
    }
}
