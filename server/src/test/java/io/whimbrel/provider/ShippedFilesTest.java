package io.whimbrel.provider;

import static org.assertj.core.api.Assertions.assertThat;

import io.whimbrel.provider.ProviderFolders.Loaded;
import io.whimbrel.shaping.ReactionRule;
import io.whimbrel.shaping.ReactionRule.Reaction;

import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Optional;

/// The files that we ship: they can be read, their rules know their replies, and each number says
/// where it comes from.
class ShippedFilesTest {
    private static final Path ROOT = Path.of(System.getProperty("whimbrel.root", ".."));
    private static final int REPLIES_LEAST = 250;

    static Providers providers() {
        return switch (ProviderFolders.load(ShapingSettings.DEFAULT)) {
            case Loaded.Good(Providers providers) -> providers;
            case Loaded.Bad(var errors) -> throw new AssertionError(errors.toString());
        };
    }

    @Test
    void files_ofTheRepository_areInTheProgram() throws IOException {
        try (var files = Files.list(ROOT.resolve("etc/providers"))) {
            List<String> names =
                    files.map(it -> it.getFileName().toString())
                            .filter(it -> it.endsWith(".toml"))
                            .map(it -> it.replace(".toml", ""))
                            .sorted()
                            .toList();
            assertThat(ProviderFolders.shippedNames())
                    .containsExactlyInAnyOrderElementsOf(names)
                    .hasSizeGreaterThan(25);
        }
    }

    @Test
    void rules_knowTheirTestLines_andAllRepliesThatAreKnown() throws IOException {
        ReplyCorpus corpus = ReplyCorpus.shipped();
        RuleTests.Result result = RuleTests.run(providers(), corpus);
        assertThat(result.failures()).isEmpty();
        assertThat(result.replies()).isGreaterThanOrEqualTo(REPLIES_LEAST);
        assertThat(result.replies()).isEqualTo(corpus.replies().size());
    }

    @Test
    void replies_areOfEveryProvider() throws IOException {
        List<String> with =
                ReplyCorpus.shipped().replies().stream().map(it -> it.provider()).toList();
        assertThat(with).containsAll(ProviderFolders.shippedNames());
    }

    /// One customer's bad message must not stop the mail of all others.
    @ParameterizedTest
    @ValueSource(
            strings = {
                "554 5.7.1 Message contains a URL listed in the Spamhaus DBL, see"
                        + " https://www.spamhaus.org/dbl/",
                "554 5.7.1 Your message was rejected due to having a domain present in the"
                        + " Spamhaus DBL",
                "550 5.7.1 Blocked, URL listed in multi.surbl.org",
                "550 5.7.1 Message rejected due to the DMARC policy of example.com",
                "550 5.7.26 This mail has been blocked because the sender is unauthenticated.",
                "550 5.7.23 SPF validation failed",
                "550 spam message rejected",
                "554 5.7.1 Message rejected as spam by Content Filtering",
                "554 Attachment not allowed",
                "550 5.1.1 User unknown",
                "552 5.2.2 Mailbox full",
            })
    void rules_suspendNothing_forOneMessageOrSender(String wire) {
        Providers all = providers();
        for (ProviderFile file : all.files()) {
            Optional<ReactionRule> rule =
                    WireReply.parse(wire).flatMap(all.rules(file.name())::match);
            assertThat(rule.map(ReactionRule::reactions).orElse(List.of()))
                    .as(file.name())
                    .noneMatch(Reaction.Suspend.class::isInstance);
        }
    }

    @Test
    void rules_delayNothing_thatIsRefusedForAFullMailbox() {
        Providers all = providers();
        for (ProviderFile file : all.files()) {
            Optional<ReactionRule> rule =
                    WireReply.parse("552 5.2.2 Mailbox full: over quota, storage limit exceeded")
                            .flatMap(all.rules(file.name())::match);
            assertThat(rule.orElseThrow().reactions())
                    .as(file.name())
                    .noneMatch(Reaction.DelayMessage.class::isInstance);
        }
    }

    @Test
    void numbers_sayWhereTheyComeFrom_andSinceWhen() {
        for (ProviderFile file : providers().files()) {
            for (ProviderFile.Limit limit : file.limits()) {
                assertThat(limit.sourceUrl()).as(limit.settings().origin()).isPresent();
                assertThat(limit.since()).as(limit.settings().origin()).isPresent();
            }
        }
    }

    @Test
    void profiles_growFromColdToHot() {
        Providers providers = providers();
        for (String name :
                List.of("google", "microsoft-365", "microsoft-consumer", "yahoo", "apple")) {
            List<Integer> connections =
                    ShapingSettings.PROFILES.stream()
                            .map(profile -> connections(providers, name, profile))
                            .toList();
            assertThat(connections).as(name).isSorted().doesNotHaveDuplicates();
        }
        assertThat(connections(providers, "google", "hot")).isEqualTo(200);
        assertThat(connections(providers, "apple", "cold")).isEqualTo(2);
    }

    private static int connections(Providers providers, String name, String profile) {
        return providers.file(name).orElseThrow().limits().stream()
                .filter(it -> it.profile().equals(Optional.of(profile)))
                .flatMapToInt(it -> it.settings().connections().stream())
                .sum();
    }
}
