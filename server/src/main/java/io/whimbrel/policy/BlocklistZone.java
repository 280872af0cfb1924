package io.whimbrel.policy;

import io.whimbrel.mail.DomainName;
import io.whimbrel.mail.Network;

import java.net.Inet4Address;
import java.net.InetAddress;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;

/// A list of addresses in the DNS (RFC 5782), and which of its answers count: `zen.spamhaus.org`,
/// `zen.spamhaus.org=127.0.0.2..3`, `bl.example=127.0.0.2,127.0.0.9..11`. Immutable.
///
/// @param zone its name, lower case; may hold a key of the subscriber, so it is in no reply
/// @param counting answers that are listings; empty for all in `127.0.0.0/8` but `127.255.255.x`
public record BlocklistZone(String zone, List<Answers> counting) {
    private static final int RANGES_MAX = 32;
    private static final int LOOPBACK = 127;
    private static final int KEY_LENGTH_MIN = 20;

    /// From one answer to another, both counting.
    ///
    /// @param first as an unsigned number
    /// @param last as an unsigned number
    public record Answers(long first, long last) {}

    public BlocklistZone {
        counting = List.copyOf(counting);
    }

    /// Empty where `text` is none.
    public static Optional<BlocklistZone> parse(String text) {
        int equals = text.indexOf('=');
        Optional<DomainName> zone =
                DomainName.parse(equals < 0 ? text : text.substring(0, equals))
                        .filter(name -> !name.isLiteral() && name.value().indexOf('.') > 0);
        if (zone.isEmpty()) {
            return Optional.empty();
        }
        List<Answers> counting = new ArrayList<>();
        if (equals >= 0) {
            for (String range : text.substring(equals + 1).split(",", -1)) {
                Optional<Answers> answers = parseRange(range);
                if (answers.isEmpty() || counting.size() == RANGES_MAX) {
                    return Optional.empty();
                }
                counting.add(answers.get());
            }
        }
        return Optional.of(new BlocklistZone(zone.get().value(), counting));
    }

    /// `127.0.0.2`, `127.0.0.2..11` or `127.0.0.2..127.0.1.255`.
    private static Optional<Answers> parseRange(String text) {
        int dots = text.indexOf("..");
        String from = dots < 0 ? text : text.substring(0, dots);
        String to = dots < 0 ? text : text.substring(dots + 2);
        if (to.matches("[0-9]{1,3}")) {
            to = from.substring(0, from.lastIndexOf('.') + 1) + to;
        }
        Optional<Long> first = answer(from);
        Optional<Long> last = answer(to);
        return first.isPresent() && last.isPresent() && first.get() <= last.get()
                ? Optional.of(new Answers(first.get(), last.get()))
                : Optional.empty();
    }

    private static Optional<Long> answer(String text) {
        return text.matches("[0-9]{1,3}(\\.[0-9]{1,3}){3}")
                ? Network.parseAddress(text).map(BlocklistZone::number).filter(it -> isCode(it))
                : Optional.empty();
    }

    /// Whether this answer says that the client is listed. One outside `127.0.0.0/8` comes from a
    /// zone that was given up and sold; `127.255.255.x` says that the question was not allowed.
    boolean isListing(InetAddress answer) {
        if (!(answer instanceof Inet4Address)) {
            return false;
        }
        long number = number(answer);
        if (!isCode(number) || number >>> 8 == 0x7fffffL) {
            return false;
        }
        for (Answers range : counting) {
            if (number >= range.first() && number <= range.last()) {
                return true;
            }
        }
        return counting.isEmpty();
    }

    private static boolean isCode(long number) {
        return number >>> 24 == LOOPBACK;
    }

    private static long number(InetAddress address) {
        long number = 0;
        for (byte octet : address.getAddress()) {
            number = number << 8 | (octet & 0xff);
        }
        return number;
    }

    /// The name to ask for (RFC 5782 §2.1, §2.4): octets or nibbles in reverse, then the zone.
    String question(InetAddress client) {
        byte[] bytes = client.getAddress();
        var name = new StringBuilder();
        for (int i = bytes.length - 1; i >= 0; i--) {
            int octet = bytes[i] & 0xff;
            if (bytes.length == 4) {
                name.append(octet).append('.');
            } else {
                name.append(Character.forDigit(octet & 0xf, 16)).append('.');
                name.append(Character.forDigit(octet >>> 4, 16)).append('.');
            }
        }
        return name.append(zone).toString();
    }

    /// As peers and logs see it: without a first label that looks like a subscriber's key.
    public String shownName() {
        int dot = zone.indexOf('.');
        boolean isKey = dot >= KEY_LENGTH_MIN && zone.indexOf('.', dot + 1) > 0;
        return isKey ? zone.substring(dot + 1) : zone;
    }

    /// As [#parse] reads it, the key included: for the configuration only.
    public String text() {
        var text = new StringBuilder(zone);
        char separator = '=';
        for (Answers range : counting) {
            text.append(separator).append(dotted(range.first()));
            if (range.last() != range.first()) {
                text.append("..").append(dotted(range.last()));
            }
            separator = ',';
        }
        return text.toString();
    }

    private static String dotted(long number) {
        return (number >>> 24)
                + "."
                + (number >>> 16 & 0xff)
                + "."
                + (number >>> 8 & 0xff)
                + "."
                + (number & 0xff);
    }

    @Override
    public String toString() {
        return shownName();
    }
}
