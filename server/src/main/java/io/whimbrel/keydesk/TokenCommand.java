package io.whimbrel.keydesk;

import io.whimbrel.admin.Json;
import io.whimbrel.cli.Console;
import io.whimbrel.cli.DataOptions;
import io.whimbrel.cli.TextTable;
import io.whimbrel.cli.Words;
import io.whimbrel.token.RecipientToken;
import io.whimbrel.token.ShortToken;
import io.whimbrel.token.TokenKeyFile;
import io.whimbrel.token.TokenKeys;

import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Parameters;

import tools.jackson.databind.node.ObjectNode;

import java.io.IOException;
import java.util.List;
import java.util.Optional;

/// `whimbrel token`: opens what stands in X-Whimbrel-Ref, URLs and reverse-paths. Works on the
/// secrets of a node's data folder. Confined to one thread.
@Command(
        name = "token",
        description = {
            "Say whom a copy of a message was for, by its token: what stands in X-Whimbrel-Ref, in"
                    + " {token} and {ref} of [[campaign]]."
        })
final class TokenCommand implements Runnable {
    @Mixin private Console console = new Console();
    @Mixin private DataOptions data = new DataOptions();

    @Override
    public void run() {
        throw console.usage("Say what to do: show or renew");
    }

    @Command(
            name = "show",
            description = {
                "Open tokens.",
                "Exit 1 where one is not of this node, or was changed on the way."
            })
    int show(
            @Parameters(
                            arity = "1..*",
                            paramLabel = "TOKEN",
                            description = "As it came, folded or not; {ref} in either case.")
                    List<String> tokens) {
        return console.run(() -> {
            TokenKeyFile file = file();
            TokenKeys keys = file.open();
            var table = new TextTable("ID", "RECIPIENT", "TENANT", "CAMPAIGN", "ACCEPTED");
            int exit = Console.OK;
            for (String token : tokens) {
                Optional<ObjectNode> found = opened(token, keys);
                if (found.isEmpty()) {
                    console.warn(Words.printable(token) + " is no token of this node");
                    exit = Console.FAILED;
                } else if (console.isJson()) {
                    console.printJson(found.get());
                } else {
                    add(table, found.get());
                }
            }
            if (!table.isEmpty()) {
                table.print(console.out());
            }
            return exit;
        });
    }

    @Command(
            name = "renew",
            description = {
                "Make a new secret that seals from the next start or reload on. Up to 15 older ones"
                        + " open what they have sealed."
            })
    int renew() {
        return console.run(() -> {
            TokenKeyFile file = file();
            file.add();
            console.out().println("a new secret in " + file + "; whimbrel reload uses it");
            return Console.OK;
        });
    }

    private TokenKeyFile file() throws IOException {
        TokenKeyFile file = TokenKeyFile.ofNode(data.folder());
        if (!file.exists()) {
            throw new IOException(
                    "no " + file + ": the node makes it when it is started for the first time");
        }
        return file;
    }

    private static Optional<ObjectNode> opened(String text, TokenKeys keys) {
        return RecipientToken.open(text, keys)
                .map(token ->
                        Json.object()
                                .put("id", token.queueId().toString())
                                .put("recipient", token.recipient())
                                .put("tenant", token.tenant())
                                .put("campaign", token.campaign())
                                .put("accepted", token.acceptedAt().toString()))
                .or(() ->
                        ShortToken.open(text, keys)
                                .map(token ->
                                        Json.object()
                                                .put("id", token.queueId().toString())
                                                .put("number", token.recipient())));
    }

    private static void add(TextTable table, ObjectNode found) {
        String recipient =
                found.has("recipient")
                        ? found.get("recipient").asString()
                        : "no. " + found.get("number").asInt();
        table.add(
                found.get("id").asString(),
                Words.printable(recipient),
                Words.printable(found.path("tenant").asString("-")),
                Words.printable(found.path("campaign").asString("-")),
                found.path("accepted").asString("-"));
    }
}
