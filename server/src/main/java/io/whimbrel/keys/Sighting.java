package io.whimbrel.keys;

import io.whimbrel.dkim.DkimKey;
import io.whimbrel.dkim.TagList;
import io.whimbrel.dns.TextAnswer;

import java.security.PublicKey;
import java.time.Duration;
import java.util.Arrays;
import java.util.List;
import java.util.Optional;

/// What the DNS says about the record of a key, as all who were asked say it together. Immutable.
public sealed interface Sighting {

    /// Everybody has the key.
    record Good() implements Sighting {}

    /// Everybody has the record that revokes it.
    record Revoked() implements Sighting {}

    /// Somebody has no record, and nobody a wrong one.
    ///
    /// @param timeToLive the longest for which that may be kept by those who asked (RFC 2308)
    /// @param isEverywhere nobody has a key
    record Missing(Duration timeToLive, boolean isEverywhere) implements Sighting {}

    /// Somebody has something else; `text` says what.
    record Wrong(String text) implements Sighting {}

    /// Somebody could not say; `text` says why.
    record Failed(String text) implements Sighting {}

    /// As people read it.
    default String text() {
        return switch (this) {
            case Good _ -> "the record is there";
            case Revoked _ -> "the record says that the key is revoked";
            case Missing(Duration _, boolean isEverywhere) ->
                    isEverywhere
                            ? "there is no record"
                            : "not every server of [dns] has the record yet";
            case Wrong(String text) -> text;
            case Failed(String text) -> text;
        };
    }

    /// As lists have it.
    default String word() {
        return switch (this) {
            case Good _ -> "ok";
            case Revoked _ -> "revoked";
            case Missing _ -> "missing";
            case Wrong _ -> "mismatch";
            case Failed _ -> "failed";
        };
    }

    /// Whether nobody can verify by the key any more.
    default boolean isGone() {
        return this instanceof Revoked || (this instanceof Missing missing && missing.isEverywhere);
    }

    /// Asks for a key.
    ///
    /// @param expected empty where any key is a wrong one, for there should be none any more
    static Sighting of(KeyLookup lookup, KeyName name, Optional<PublicKey> expected) {
        List<TextAnswer> answers = lookup.texts(name.dnsName());
        return together(answers.stream().map(it -> of(it, name, expected)).toList());
    }

    private static Sighting together(List<Sighting> all) {
        Duration longest = Duration.ZERO;
        int good = 0;
        int revoked = 0;
        int missing = 0;
        for (Sighting one : all) {
            switch (one) {
                case Good _ -> good++;
                case Revoked _ -> revoked++;
                case Missing(Duration timeToLive, boolean _) -> {
                    missing++;
                    longest = timeToLive.compareTo(longest) > 0 ? timeToLive : longest;
                }
                case Wrong _, Failed _ -> {
                    return one;
                }
            }
        }
        if (good > 0 && revoked > 0) {
            return new Wrong("some servers of [dns] say that the key is revoked, others have it");
        }
        if (missing > 0) {
            return new Missing(longest, good == 0);
        }
        if (good + revoked == 0) {
            return new Failed("nobody was asked");
        }
        return good > 0 ? new Good() : new Revoked();
    }

    private static Sighting of(TextAnswer answer, KeyName name, Optional<PublicKey> expected) {
        return switch (answer) {
            case TextAnswer.Texts(List<String> texts, Duration _) when texts.size() > 1 ->
                    new Wrong(
                            texts.size()
                                    + " TXT records are at "
                                    + name.dnsName()
                                    + ": remove all but that of the key");
            case TextAnswer.Texts(List<String> texts, Duration _) ->
                    record(texts.getFirst(), expected);
            case TextAnswer.NoText(Duration timeToLive) -> new Missing(timeToLive, true);
            case TextAnswer.NoSuchDomain(Duration timeToLive) -> new Missing(timeToLive, true);
            case TextAnswer.TemporaryFailure(String text) -> new Failed(text);
        };
    }

    private static Sighting record(String text, Optional<PublicKey> expected) {
        if (isRevoked(text)) {
            return new Revoked();
        }
        return switch (DkimKey.read(text)) {
            case DkimKey.Reading.Bad(var _, String reason) ->
                    new Wrong("the record cannot be used: " + reason);
            case DkimKey.Reading.Good(DkimKey key) when expected.isEmpty() ->
                    new Wrong("the record still has a key");
            case DkimKey.Reading.Good(DkimKey key) ->
                    Arrays.equals(DnsRecord.encoded(key.key()), DnsRecord.encoded(expected.get()))
                            ? new Good()
                            : new Wrong("the record has another key than the file");
        };
    }

    /// RFC 6376 §3.6.1: "An empty value means that this public key has been revoked."
    private static boolean isRevoked(String text) {
        return TagList.parse(text)
                .flatMap(tags -> tags.find("p"))
                .filter(digits -> TagList.withoutSpaces(digits).isEmpty())
                .isPresent();
    }
}
