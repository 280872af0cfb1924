package io.whimbrel.simulator;

import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import java.util.Locale;
import java.util.Optional;
import java.util.zip.CRC32;

/// The habits of one provider. At each stage they are asked in this order; the first that objects
/// gives the answer.
public record Personality(List<Trait> traits) {

    /// Accepts everything for its domains.
    public static final Personality ACCEPTS = new Personality(List.of());

    public Personality {
        // Stable: the order within a stage stays that of the author.
        var sorted = new ArrayList<>(traits);
        sorted.sort(Comparator.comparing(Trait::stage));
        traits = List.copyOf(sorted);
        for (Trait trait : traits) {
            boolean unanswered =
                    trait.stage() == Stage.MID_BODY || trait.stage() == Stage.AFTER_ACCEPT;
            boolean silent = trait instanceof Trait.Drops || trait instanceof Trait.Slow;
            if (unanswered && !silent) {
                throw new IllegalArgumentException("no reply is possible at the stage of " + trait);
            }
        }
    }

    public static Personality of(Trait... traits) {
        return new Personality(List.of(traits));
    }

    /// What becomes of mail to `recipient` with one recipient to a transaction.
    Fate fateOf(String recipient, long seed) {
        for (Trait trait : traits) {
            Optional<Fate> fate = fateBy(trait, recipient, seed);
            if (fate.isPresent()) {
                return fate.get();
            }
        }
        return Fate.DELIVERED;
    }

    private static Optional<Fate> fateBy(Trait trait, String recipient, long seed) {
        return switch (trait) {
            case Trait.UnknownUsers unknown ->
                    isUnknown(unknown, recipient, seed) ? of(unknown.reply()) : Optional.empty();
            case Trait.Mailboxes mailboxes ->
                    matches(mailboxes, recipient) ? of(mailboxes.reply()) : Optional.empty();
            case Trait.Refuses(Stage stage, Reply reply) ->
                    stage == Stage.RCPT || stage == Stage.END_OF_DATA
                            ? of(reply)
                            : Optional.of(Fate.UNDECIDED);
            case Trait.Drops(Stage stage, int every) ->
                    every == 1 && stage != Stage.AFTER_ACCEPT
                            ? Optional.of(Fate.DEFERRED)
                            : Optional.empty();
            case Trait.ConnectionLimit _,
                    Trait.RateLimit _,
                    Trait.MessagesPerConnection _,
                    Trait.Greylist _,
                    Trait.IdleLimit _,
                    Trait.Slow _ ->
                    Optional.empty();
        };
    }

    private static Optional<Fate> of(Reply reply) {
        return Optional.of(reply.isTransient() ? Fate.DEFERRED : Fate.BOUNCED);
    }

    static boolean matches(Trait.Mailboxes mailboxes, String recipient) {
        String prefix = mailboxes.prefix();
        return recipient.regionMatches(true, 0, prefix, 0, prefix.length());
    }

    static boolean isUnknown(Trait.UnknownUsers unknown, String recipient, long seed) {
        if (startsWith(recipient, "unknown")) {
            return true;
        }
        return !startsWith(recipient, "postmaster@")
                && percentile(recipient, seed) < unknown.percent();
    }

    private static boolean startsWith(String recipient, String prefix) {
        return recipient.regionMatches(true, 0, prefix, 0, prefix.length());
    }

    /// 0..99, evenly spread over addresses and the same for the same address and seed.
    private static int percentile(String recipient, long seed) {
        var crc = new CRC32();
        crc.update(recipient.toLowerCase(Locale.ROOT).getBytes(StandardCharsets.UTF_8));
        // CRC is linear: neighbouring addresses need mixing before the remainder is taken.
        long mixed = (crc.getValue() ^ seed) * 0x9E3779B97F4A7C15L;
        return (int) Long.remainderUnsigned(mixed >>> 16, 100);
    }
}
