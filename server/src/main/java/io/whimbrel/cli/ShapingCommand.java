package io.whimbrel.cli;

import io.whimbrel.admin.Json;
import io.whimbrel.config.Config;
import io.whimbrel.provider.ProviderFolders;
import io.whimbrel.provider.Providers;
import io.whimbrel.provider.ReplyCorpus;
import io.whimbrel.provider.RuleTests;
import io.whimbrel.provider.ShapingSettings;

import picocli.CommandLine;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;

import tools.jackson.databind.node.ObjectNode;

import java.io.IOException;
import java.nio.file.Path;
import java.util.List;
import java.util.Optional;

/// `whimbrel shaping`: what is known of providers, whether it holds, and what is in force. `test`
/// and `show` need no running node. Confined to one thread.
@Command(
        name = "shaping",
        description = "What holds for mail to a domain or provider, and what replies have led to.")
final class ShapingCommand implements Runnable {
    @Mixin private Console console = new Console();

    @Mixin private NodeOptions node = new NodeOptions();

    /// Adds the verbs that need a running node.
    CommandLine addTo(CommandLine own) {
        own.addSubcommand(new ShapingExplain(console, node));
        return ShapingActions.addTo(own, console, node);
    }

    /// Without a verb there is nothing to do.
    @Override
    public void run() {
        throw console.usage("Say what to do: explain, show, test, actions, lift or suspend");
    }

    @Command(
            name = "test",
            description =
                    "Run all rules against all test lines and the replies that are known. Exit"
                            + " code 0: each matches as it should; 1: one does not.")
    int test(
            @Parameters(
                            paramLabel = "FILE",
                            arity = "0..*",
                            description = "Provider files to test in place of all.")
                    List<Path> files) {
        return console.run(() -> {
            List<Path> own = files == null ? List.of() : files;
            Optional<Providers> providers =
                    found(own.isEmpty() ? load() : ProviderFolders.load(own));
            if (providers.isEmpty()) {
                return Console.FAILED;
            }
            RuleTests.Result result = RuleTests.run(providers.get(), ReplyCorpus.shipped());
            print(result);
            return result.isGood() ? Console.OK : Console.FAILED;
        });
    }

    private void print(RuleTests.Result result) {
        for (RuleTests.Failure failure : result.failures()) {
            if (console.isJson()) {
                console.printJson(
                        Json.object()
                                .put("place", failure.place())
                                .put("message", failure.message())
                                .put("reply", failure.reply()));
            } else {
                console.out().println(text(failure));
            }
        }
        if (console.isJson()) {
            ObjectNode sum = Json.object().put("failures", result.failures().size());
            console.printJson(
                    sum.put("rules", result.rules())
                            .put("test_lines", result.lines())
                            .put("replies", result.replies()));
        } else {
            console.out()
                    .println(
                            Words.count(result.rules(), "rule")
                                    + ", "
                                    + Words.count(result.lines(), "test line")
                                    + ", "
                                    + result.replies()
                                    + " known replies: "
                                    + (result.isGood()
                                            ? "all match as they should"
                                            : Words.count(result.failures().size(), "failure")));
        }
    }

    private static String text(RuleTests.Failure failure) {
        String reply = failure.reply().isEmpty() ? "" : "\n    " + Words.printable(failure.reply());
        return Words.printable(failure.place() + ": " + failure.message()) + reply;
    }

    @Command(
            name = "show",
            description = "Print limits and rules of a provider, or of all, and where they stand.")
    int show(
            @Parameters(
                            paramLabel = "PROVIDER",
                            arity = "0..1",
                            description = "Its name; without it, all providers in a table.")
                    Optional<String> name,
            @Option(
                            names = "--profile",
                            paramLabel = "PROFILE",
                            description = "Only limits of sources as warm as this.")
                    Optional<String> profile) {
        if (profile.filter(it -> !ShapingSettings.PROFILES.contains(it)).isPresent()) {
            throw console.usage("--profile: cold, warm or hot");
        }
        return console.run(() -> {
            Optional<Providers> providers = found(load());
            if (providers.isEmpty()) {
                return Console.FAILED;
            }
            if (name.isPresent() && providers.get().file(name.get()).isEmpty()) {
                return console.fail("no provider is called " + name.get());
            }
            new ShapingText(console, providers.get(), profile).print(name);
            return Console.OK;
        });
    }

    private ProviderFolders.Loaded load() throws IOException {
        ShapingSettings settings =
                node.config().map(Config::shaping).orElse(ShapingSettings.DEFAULT);
        return ProviderFolders.load(settings);
    }

    /// Empty where the files have errors, which have then been printed.
    private Optional<Providers> found(ProviderFolders.Loaded loaded) {
        return switch (loaded) {
            case ProviderFolders.Loaded.Good(Providers providers) -> Optional.of(providers);
            case ProviderFolders.Loaded.Bad(var errors) -> {
                errors.forEach(error -> console.err().println(Words.printable(error.toString())));
                yield Optional.empty();
            }
        };
    }
}
