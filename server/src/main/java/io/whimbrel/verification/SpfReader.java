package io.whimbrel.verification;

import io.whimbrel.dkim.Labels;
import io.whimbrel.verification.SpfPolicy.Directive;
import io.whimbrel.verification.SpfPolicy.SpfTerm;
import io.whimbrel.verification.SpfPolicy.SpfTerm.Prefixes;
import io.whimbrel.verification.SpfVerdict.SpfResult;

import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.Optional;

/// Reads an SPF policy (RFC 7208 §12). Confined to one thread, for one policy.
///
/// Any term that cannot be read spoils the whole policy, wherever it stands. A policy is as long as
/// a TXT record can be, 64 KiB; each term is looked at a bounded number of times.
final class SpfReader {
    private static final String VERSION = "v=spf1";
    private static final int IPV4_BITS = 32;
    private static final int IPV6_BITS = 128;

    private final List<Directive> directives = new ArrayList<>();
    private Optional<MacroText> redirect = Optional.empty();
    private Optional<MacroText> explanation = Optional.empty();

    /// What became of the text of a policy.
    sealed interface Reading {
        record Good(SpfPolicy policy) implements Reading {}

        /// @param term what could not be read
        record Bad(String term) implements Reading {}
    }

    private SpfReader() {}

    /// Whether `text` is meant as a policy (RFC 7208 §4.5).
    static boolean isPolicy(String text) {
        return text.regionMatches(true, 0, VERSION, 0, VERSION.length())
                && (text.length() == VERSION.length() || text.charAt(VERSION.length()) == ' ');
    }

    /// @param text one for which [#isPolicy] holds
    static Reading read(String text) {
        var reader = new SpfReader();
        int at = VERSION.length();
        while (at < text.length()) {
            int end = text.indexOf(' ', at);
            if (end < 0) {
                end = text.length();
            }
            if (end > at && !reader.readTerm(text.substring(at, end))) {
                return new Reading.Bad(text.substring(at, end));
            }
            at = end + 1;
        }
        return new Reading.Good(
                new SpfPolicy(List.copyOf(reader.directives), reader.redirect, reader.explanation));
    }

    private boolean readTerm(String term) {
        int end = 0;
        while (end < term.length() && ":/=".indexOf(term.charAt(end)) < 0) {
            end++;
        }
        return (end < term.length() && term.charAt(end) == '=')
                ? readModifier(term.substring(0, end), term.substring(end + 1))
                : readDirective(term, end);
    }

    private boolean readModifier(String name, String value) {
        if (!isModifierName(name)) {
            return false;
        }
        Optional<MacroText> text = MacroText.parse(value);
        if (name.equalsIgnoreCase("redirect")) {
            boolean isGood = redirect.isEmpty() && isDomain(text);
            redirect = text;
            return isGood;
        }
        if (name.equalsIgnoreCase("exp")) {
            boolean isGood = explanation.isEmpty() && isDomain(text);
            explanation = text;
            return isGood;
        }
        return text.isPresent();
    }

    private static boolean isModifierName(String name) {
        for (int i = 0; i < name.length(); i++) {
            char c = name.charAt(i);
            if (!Labels.isAlphanumeric(c) && "-_.".indexOf(c) < 0) {
                return false;
            }
        }
        return !name.isEmpty() && Labels.isLetter(name.charAt(0));
    }

    private static boolean isDomain(Optional<MacroText> text) {
        return text.isPresent() && text.get().endsLikeADomain();
    }

    private boolean readDirective(String term, int nameEnd) {
        int start = 1;
        SpfResult qualifier = SpfResult.PASS;
        switch (term.charAt(0)) {
            case '+' -> {}
            case '-' -> qualifier = SpfResult.FAIL;
            case '~' -> qualifier = SpfResult.SOFTFAIL;
            case '?' -> qualifier = SpfResult.NEUTRAL;
            default -> start = 0;
        }
        if (start > nameEnd) {
            return false;
        }
        String name = term.substring(start, nameEnd).toLowerCase(Locale.ROOT);
        Optional<SpfTerm> read = mechanism(name, term.substring(nameEnd));
        if (read.isEmpty()) {
            return false;
        }
        directives.add(new Directive(qualifier, read.get(), term));
        return true;
    }

    /// @param rest behind the name: `""`, or from `:` or `/`
    private static Optional<SpfTerm> mechanism(String name, String rest) {
        return switch (name) {
            case "all" -> rest.isEmpty() ? Optional.of(new SpfTerm.All()) : Optional.empty();
            case "include" -> domain(rest).map(SpfTerm.Include::new);
            case "exists" -> domain(rest).map(SpfTerm.Exists::new);
            case "ptr" ->
                    rest.isEmpty()
                            ? Optional.of(new SpfTerm.Ptr(Optional.empty()))
                            : domain(rest).map(it -> new SpfTerm.Ptr(Optional.of(it)));
            case "ip4" -> block(rest, IPV4_BITS);
            case "ip6" -> block(rest, IPV6_BITS);
            case "a", "mx" -> hosts(name, rest);
            default -> Optional.empty();
        };
    }

    private static Optional<MacroText> domain(String rest) {
        return rest.startsWith(":")
                ? MacroText.parse(rest.substring(1)).filter(MacroText::endsLikeADomain)
                : Optional.empty();
    }

    private static Optional<SpfTerm> block(String rest, int bitsMax) {
        if (!rest.startsWith(":")) {
            return Optional.empty();
        }
        int slash = rest.indexOf('/');
        String address = slash < 0 ? rest.substring(1) : rest.substring(1, slash);
        int bits = slash < 0 ? bitsMax : prefix(rest.substring(slash + 1), bitsMax);
        Optional<byte[]> bytes =
                bitsMax == IPV4_BITS ? AddressBlock.ipv4(address) : AddressBlock.ipv6(address);
        return bytes.filter(_ -> bits >= 0)
                .map(it -> new SpfTerm.Block(new AddressBlock(new AddressBlock.Bytes(it), bits)));
    }

    private static Optional<SpfTerm> hosts(String name, String rest) {
        int cidr = cidrStart(rest);
        Optional<Prefixes> prefixes = prefixes(rest.substring(cidr));
        String spec = rest.substring(0, cidr);
        Optional<MacroText> domain = domain(spec);
        if (prefixes.isEmpty() || (domain.isEmpty() && !spec.isEmpty())) {
            return Optional.empty();
        }
        return Optional.of(
                name.equals("a")
                        ? new SpfTerm.A(domain, prefixes.get())
                        : new SpfTerm.Mx(domain, prefixes.get()));
    }

    /// Where `/24`, `//64` or `/24//64` begins at the end of `rest`; a slash before that belongs to
    /// the name.
    private static int cidrStart(String rest) {
        int start = rest.length();
        int at = digitsStart(rest, start);
        if (at < start && rest.startsWith("//", at - 2)) {
            start = at - 2;
            at = digitsStart(rest, start);
        }
        return at < start && at > 0 && rest.charAt(at - 1) == '/' ? at - 1 : start;
    }

    private static int digitsStart(String text, int end) {
        int at = end;
        while (at > 0 && Labels.isDigit(text.charAt(at - 1))) {
            at--;
        }
        return at;
    }

    private static Optional<Prefixes> prefixes(String cidr) {
        int ipv4 = IPV4_BITS;
        int ipv6 = IPV6_BITS;
        String rest = cidr;
        int second = rest.indexOf("//");
        if (second >= 0) {
            ipv6 = prefix(rest.substring(second + 2), IPV6_BITS);
            rest = rest.substring(0, second);
        }
        if (!rest.isEmpty()) {
            ipv4 = prefix(rest.substring(1), IPV4_BITS);
        }
        return ipv4 < 0 || ipv6 < 0 ? Optional.empty() : Optional.of(new Prefixes(ipv4, ipv6));
    }

    /// -1 where `digits` is no number up to `most`, written without leading zeros.
    private static int prefix(String digits, int most) {
        if (digits.isEmpty() || digits.length() > 3) {
            return -1;
        }
        int value = 0;
        for (int i = 0; i < digits.length(); i++) {
            if (!Labels.isDigit(digits.charAt(i))) {
                return -1;
            }
            value = value * 10 + digits.charAt(i) - '0';
        }
        boolean hasLeadingZero = digits.length() > 1 && digits.charAt(0) == '0';
        return value > most || hasLeadingZero ? -1 : value;
    }
}
