package io.whimbrel.provider;

import static org.assertj.core.api.Assertions.assertThat;

import io.whimbrel.provider.ProviderFolders.Loaded;

import org.junit.jupiter.api.Test;

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
