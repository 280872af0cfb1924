package io.whimbrel.verification;

import io.whimbrel.dkim.DkimKey;
import io.whimbrel.dns.TextAnswer;

import java.time.Duration;
import java.time.Instant;
import java.time.InstantSource;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.Semaphore;

/// The keys of one message's signatures, looked up while its body still comes in. Confined to one
/// thread, but for the questions themselves. Each name is asked once, [#AT_ONCE] at a time; after
/// [#TIME_MAX] what is not known counts as a failure of the DNS.
final class Keys {
    private static final int AT_ONCE = 10;

    /// Of the texts at one name; more than one is a mistake, yet one of them may be right.
    private static final int TEXTS_MAX = 3;

    private static final Duration TIME_MAX = Duration.ofSeconds(20);

    private final Lookups lookups;
    private final Semaphore permits = new Semaphore(AT_ONCE);
    private final Map<String, Pending<TextAnswer>> answers = new HashMap<>();

    private final InstantSource clock;
    private final Instant deadline;

    Keys(Lookups lookups, InstantSource clock) {
        this.lookups = lookups;
        this.clock = clock;
        this.deadline = clock.instant().plus(TIME_MAX);
    }

    /// What the DNS says about a key.
    sealed interface Found {
        record These(List<DkimKey.Reading> keys) implements Found {}

        record Missing() implements Found {}

        record Failed() implements Found {}
    }

    /// Begins to look for a key.
    void want(String name) {
        pending(name);
    }

    private Pending<TextAnswer> pending(String name) {
        return answers.computeIfAbsent(name, _ -> new Pending<>("key-lookup", () -> ask(name)));
    }

    /// What was found for a name that was wanted.
    Found find(String name) {
        TextAnswer answer =
                pending(name)
                        .await(Duration.between(clock.instant(), deadline))
                        .orElseGet(() -> new TextAnswer.TemporaryFailure("out of time"));
        return switch (answer) {
            case TextAnswer.Texts(List<String> texts, Duration _) ->
                    new Found.These(texts.stream().limit(TEXTS_MAX).map(DkimKey::read).toList());
            case TextAnswer.NoText _, TextAnswer.NoSuchDomain _ -> new Found.Missing();
            case TextAnswer.TemporaryFailure _ -> new Found.Failed();
        };
    }

    void cancel() {
        answers.values().forEach(Pending::cancel);
    }

    private TextAnswer ask(String name) throws InterruptedException {
        permits.acquire();
        try {
            return lookups.text(name);
        } finally {
            permits.release();
        }
    }
}
