package io.whimbrel.provider;

import io.whimbrel.reaction.ReplyText;
import io.whimbrel.toml.TomlText;
import io.whimbrel.toml.ValueKind;
import io.whimbrel.toml.ValueKind.Reading;

import java.util.HashMap;
import java.util.Map;
import java.util.regex.Pattern;
import java.util.regex.PatternSyntaxException;

/// Reads a regular expression whose search of a reply is known to end soon, whatever a hostile
/// provider answers. Confined to one thread.
///
/// The ways in which its repetitions and alternatives may match are multiplied (alternatives that
/// begin with different letters count once); more than [#WAYS_MAX] of them are refused, and with
/// them a repetition of what may itself match in several ways. Back references, lookaround and
/// possessive quantifiers are not known. Case does not count.
final class BoundedPattern {
    /// At each of the 1,000 places where a match may begin; together about 20 ms at the worst.
    static final long WAYS_MAX = 10_000;

    private static final int LENGTH_MAX = 500;
    private static final int DEPTH_MAX = 8;
    private static final int REPEATS_MAX = ReplyText.CHARS_MOST;

    private static final String ALLOWED =
            "a regular expression of at most "
                    + LENGTH_MAX
                    + " characters, found anywhere in the text of a reply; bounded repetitions"
                    + " such as \".{0,80}\" in place of a second \".*\"";

    /// Says what is wrong with the expression.
    private static final class Refused extends Exception {
        private static final long serialVersionUID = 1L;

        Refused(String message) {
            super(message, null, false, false);
        }
    }

    /// The first letter of what may begin with any.
    private static final char ANY = '\0';

    private final String text;
    private int at;
    private int depth;

    private BoundedPattern(String text) {
        this.text = text;
    }

    static ValueKind<Pattern> kind() {
        return ValueKind.ofText(
                "is no regular expression", ALLOWED, BoundedPattern::read, Pattern::pattern);
    }

    static Reading<Pattern> read(String text) {
        if (text.isEmpty() || text.length() > LENGTH_MAX) {
            return Reading.bad(
                    TomlText.shown(text) + (text.isEmpty() ? " matches all" : " is too long"));
        }
        try {
            var reader = new BoundedPattern(text);
            long ways = reader.alternatives();
            if (reader.at < text.length()) {
                return Reading.bad(TomlText.shown(text) + " has a \")\" too much");
            }
            if (ways > WAYS_MAX) {
                return Reading.bad(
                        TomlText.shown(text) + " might search for long: bound its repetitions");
            }
            return new Reading.Good<>(Pattern.compile(text, Pattern.CASE_INSENSITIVE));
        } catch (Refused e) {
            return Reading.bad(TomlText.shown(text) + " " + e.getMessage());
        } catch (PatternSyntaxException e) {
            return Reading.bad(TomlText.shown(text) + " is none: " + e.getDescription());
        }
    }

    private long alternatives() throws Refused {
        if (++depth > DEPTH_MAX) {
            throw new Refused("has too many groups in each other");
        }
        var byFirst = new HashMap<Character, Long>();
        addSequence(byFirst);
        while (at < text.length() && text.charAt(at) == '|') {
            at++;
            addSequence(byFirst);
        }
        depth--;
        long any = byFirst.getOrDefault(ANY, 0L);
        byFirst.remove(ANY);
        long most = byFirst.values().stream().mapToLong(it -> it).max().orElse(0);
        return bounded(any + most);
    }

    /// Alternatives that begin with different letters exclude each other.
    private void addSequence(Map<Character, Long> byFirst) throws Refused {
        char first = firstOf(at);
        byFirst.merge(first, sequence(), (a, b) -> bounded(a + b));
    }

    private char firstOf(int start) {
        if (start >= text.length() || "|)([\\.^$".indexOf(text.charAt(start)) >= 0) {
            return ANY;
        }
        boolean mayBeAbsent =
                start + 1 < text.length() && "?*{".indexOf(text.charAt(start + 1)) >= 0;
        return mayBeAbsent ? ANY : Character.toLowerCase(text.charAt(start));
    }

    private long sequence() throws Refused {
        long ways = 1;
        while (at < text.length() && text.charAt(at) != '|' && text.charAt(at) != ')') {
            long inner = atom();
            ways = bounded(ways * repeated(inner));
        }
        return ways;
    }

    private static long bounded(long ways) {
        return Math.min(ways, Integer.MAX_VALUE);
    }

    private long atom() throws Refused {
        char c = text.charAt(at++);
        switch (c) {
            case '(' -> {
                return group();
            }
            case '[' -> skipClass();
            case '\\' -> escape();
            case '*', '+', '?', '{' -> throw new Refused("repeats nothing");
            default -> {}
        }
        return 1;
    }

    private long group() throws Refused {
        if (text.startsWith("?:", at)) {
            at += 2;
        } else if (text.startsWith("?", at)) {
            throw new Refused("has a group that begins with \"(?\"; only \"(?:\" is known");
        }
        long ways = alternatives();
        if (at >= text.length() || text.charAt(at) != ')') {
            throw new Refused("lacks a \")\"");
        }
        at++;
        return ways;
    }

    private void skipClass() throws Refused {
        int first = at;
        while (at < text.length() && (text.charAt(at) != ']' || at == first)) {
            if (text.charAt(at) == '[' || text.startsWith("&&", at)) {
                throw new Refused("has a class in a class");
            }
            at += text.charAt(at) == '\\' ? 2 : 1;
        }
        if (at >= text.length()) {
            throw new Refused("lacks a \"]\"");
        }
        at++;
    }

    private void escape() throws Refused {
        if (at >= text.length()) {
            throw new Refused("ends in a backslash");
        }
        char c = text.charAt(at++);
        boolean isKnown = "dDwWsSbB".indexOf(c) >= 0 || !Character.isLetterOrDigit(c);
        if (!isKnown) {
            throw new Refused("has \"\\" + c + "\", which is not known");
        }
    }

    /// The ways of an atom with what stands behind it.
    private long repeated(long inner) throws Refused {
        if (at >= text.length()) {
            return inner;
        }
        int least;
        int most;
        switch (text.charAt(at)) {
            case '?' -> {
                least = 0;
                most = 1;
            }
            case '*', '+' -> {
                least = 0;
                most = REPEATS_MAX;
            }
            case '{' -> {
                int comma = text.indexOf(',', at);
                int end = text.indexOf('}', at);
                least = number(at + 1, comma > at && comma < end ? comma : end);
                most = comma > at && comma < end ? number(comma + 1, end) : least;
                at = end;
            }
            default -> {
                return inner;
            }
        }
        at++;
        skipLazy();
        if (inner > 1 && most > 1) {
            throw new Refused("repeats what already matches in several ways");
        }
        return bounded((long) Math.max(0, most - least) + inner);
    }

    private void skipLazy() throws Refused {
        if (at < text.length() && text.charAt(at) == '?') {
            at++;
        }
        if (at < text.length() && "*+?{".indexOf(text.charAt(at)) >= 0) {
            throw new Refused("repeats a repetition");
        }
    }

    /// Of `{n,m}`; an `m` that is absent is as many as there can be.
    private int number(int from, int to) throws Refused {
        if (to < from || to - from > 4 || !text.substring(from, to).matches("[0-9]*")) {
            throw new Refused("has a \"{\" that is no repetition");
        }
        return from == to ? REPEATS_MAX : Integer.parseInt(text.substring(from, to));
    }
}
