package io.whimbrel.keys;

import io.whimbrel.dkim.TagList;
import io.whimbrel.dns.TextAnswer;

import java.io.IOException;
import java.time.Instant;
import java.time.ZoneOffset;
import java.time.format.DateTimeFormatter;
import java.util.List;
import java.util.Optional;

/// How new selectors are called: `{date}` is the day in UTC, `{algorithm}` is `r` for RSA and `e`
/// for Ed25519. Immutable.
public record SelectorTemplate(String text) {
    /// Such as `s20261128r`.
    public static final SelectorTemplate DEFAULT = new SelectorTemplate("s{date}{algorithm}");

    private static final DateTimeFormatter DAY =
            DateTimeFormatter.ofPattern("yyyyMMdd").withZone(ZoneOffset.UTC);
    private static final String DATE = "{date}";
    private static final String ALGORITHM = "{algorithm}";
    private static final int TRIES = 50;

    /// With the letter of the algorithm at its end, where it is nowhere else: for several keys at
    /// once.
    public SelectorTemplate withAlgorithm() {
        return text.contains(ALGORITHM) ? this : new SelectorTemplate(text + ALGORITHM);
    }

    /// A name that is free: neither in the folder nor in the DNS, now or before. Where the text
    /// leaves no choice, that one; else with `-2` and so on behind it.
    ///
    /// @throws IOException where there is none, it is no name, or the DNS cannot say
    public KeyName free(String domain, KeyKind kind, Taken taken, Instant now) throws IOException {
        String first = text.replace(DATE, DAY.format(now)).replace(ALGORITHM, kind.letter());
        boolean isFixed = first.equals(text);
        for (int i = 1; i <= TRIES; i++) {
            String selector = i == 1 ? first : first + "-" + i;
            KeyName name =
                    KeyName.parse(domain, selector)
                            .orElseThrow(() ->
                                    new IOException(
                                            "\""
                                                    + selector
                                                    + "\" of \""
                                                    + domain
                                                    + "\" is no selector of a domain; letters,"
                                                    + " digits and hyphens are allowed"));
            Optional<String> why = taken.why(name);
            if (why.isEmpty()) {
                return name;
            }
            if (isFixed) {
                throw new IOException(why.get() + "; take another selector");
            }
        }
        throw new IOException(
                "every selector from " + first + " to " + first + "-" + TRIES + " is taken");
    }

    /// What is taken already. Immutable.
    ///
    /// @param lookup empty where the DNS is not to be asked
    public record Taken(KeyFolder folder, Optional<KeyLookup> lookup) {

        /// @throws IOException where the DNS cannot say
        Optional<String> why(KeyName name) throws IOException {
            if (folder.has(name)) {
                return Optional.of(
                        "selector " + name + " has been used already (" + folder.file(name) + ")");
            }
            List<TextAnswer> answers =
                    lookup.isPresent() ? lookup.get().texts(name.dnsName()) : List.of();
            for (TextAnswer answer : answers) {
                switch (answer) {
                    case TextAnswer.Texts(List<String> texts, var _) -> {
                        // Not what a wildcard of the zone gives for every name.
                        if (texts.stream().anyMatch(Taken::isKey)) {
                            return Optional.of("the DNS has a key at " + name.dnsName());
                        }
                    }
                    case TextAnswer.NoText _, TextAnswer.NoSuchDomain _ -> {}
                    case TextAnswer.TemporaryFailure(String text) ->
                            throw new IOException(
                                    "cannot say whether "
                                            + name.dnsName()
                                            + " is free: "
                                            + text
                                            + "; try again, or add --offline");
                }
            }
            return Optional.empty();
        }

        private static boolean isKey(String text) {
            return TagList.parse(text).flatMap(tags -> tags.find("p")).isPresent();
        }
    }
}
