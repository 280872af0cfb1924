package io.whimbrel.verification;

import io.whimbrel.verification.DmarcVerdict.DmarcPolicy;

import java.util.HashMap;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;

/// What a domain publishes for DMARC (RFC 9989 §4.7). Immutable.
///
/// @param ofSubdomains the tag `sp`; as `policy` where there is none
/// @param ofMissing the tag `np`, for names that the DNS does not have; as `ofSubdomains` where
///   there is none
record DmarcRecord(
        DmarcPolicy policy,
        DmarcPolicy ofSubdomains,
        DmarcPolicy ofMissing,
        boolean isDkimStrict,
        boolean isSpfStrict,
        boolean isTesting,
        Suffix suffix) {
    private static final int TAGS_MAX = 100;

    /// The tag `psd`: whether others register names below this one.
    enum Suffix {
        YES,
        NO,
        UNKNOWN
    }

    /// Whether `text` is meant as a record: its first tag is the version, in this case (RFC 9989
    /// §4.8).
    static boolean isRecord(String text) {
        int end = text.indexOf(';');
        String version = end < 0 ? text : text.substring(0, end);
        int equals = version.indexOf('=');
        return equals > 0
                && version.substring(0, equals).strip().equals("v")
                && version.substring(equals + 1).strip().equals("DMARC1");
    }

    /// Reads a text that is meant as a record. What cannot be read of it is as if it were not
    /// there; empty where nothing remains that could be applied (RFC 9989 §4.7, §5.3).
    static Optional<DmarcRecord> parse(String text) {
        Map<String, String> tags = tags(text);
        Optional<DmarcPolicy> policy = policy(tags, "p");
        Optional<DmarcPolicy> ofSubdomains = policy(tags, "sp");
        Optional<DmarcPolicy> ofMissing = policy(tags, "np");
        boolean isAmiss =
                policy.isEmpty()
                        || (tags.containsKey("sp") && ofSubdomains.isEmpty())
                        || (tags.containsKey("np") && ofMissing.isEmpty());
        if (isAmiss) {
            String reports = tags.getOrDefault("rua", "").toLowerCase(Locale.ROOT);
            if (!reports.startsWith("mailto:") || reports.indexOf('@') < 0) {
                return Optional.empty();
            }
            policy = Optional.of(DmarcPolicy.NONE);
            ofSubdomains = Optional.empty();
            ofMissing = Optional.empty();
        }
        DmarcPolicy own = policy.get();
        DmarcPolicy below = ofSubdomains.orElse(own);
        return Optional.of(
                new DmarcRecord(
                        own,
                        below,
                        ofMissing.orElse(below),
                        isStrict(tags, "adkim"),
                        isStrict(tags, "aspf"),
                        isTesting(tags),
                        suffix(tags)));
    }

    private static Map<String, String> tags(String text) {
        Map<String, String> tags = new HashMap<>();
        for (String spec : text.split(";", TAGS_MAX)) {
            int equals = spec.indexOf('=');
            if (equals > 0) {
                String tag = spec.substring(0, equals).strip().toLowerCase(Locale.ROOT);
                tags.putIfAbsent(tag, spec.substring(equals + 1).strip());
            }
        }
        return tags;
    }

    private static Optional<DmarcPolicy> policy(Map<String, String> tags, String tag) {
        return DmarcPolicy.parse(tags.getOrDefault(tag, ""));
    }

    private static boolean isStrict(Map<String, String> tags, String tag) {
        return tags.getOrDefault(tag, "r").equalsIgnoreCase("s");
    }

    /// `pct=0` was how domains said it before there was `t=y` (RFC 9989 appendix A.6); other
    /// percentages mean nothing any more.
    private static boolean isTesting(Map<String, String> tags) {
        return tags.getOrDefault("t", "n").equalsIgnoreCase("y")
                || tags.getOrDefault("pct", "100").equals("0");
    }

    private static Suffix suffix(Map<String, String> tags) {
        return switch (tags.getOrDefault("psd", "u").toLowerCase(Locale.ROOT)) {
            case "y" -> Suffix.YES;
            case "n" -> Suffix.NO;
            default -> Suffix.UNKNOWN;
        };
    }
}
