package io.whimbrel.submission;

import io.whimbrel.admin.Json;
import io.whimbrel.cli.Console;
import io.whimbrel.cli.Words;
import io.whimbrel.smtp.SmtpReply;

import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;

import tools.jackson.databind.node.ArrayNode;
import tools.jackson.databind.node.ObjectNode;

import java.io.IOException;
import java.net.InetSocketAddress;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.Callable;
import java.util.function.Consumer;

/// `whimbrel send`: hands a message file to an SMTP server, and prints the queue id that it
/// answers. Exit 0 only where every recipient was taken.
@Command(name = "send", description = "Submit a message file by SMTP.")
final class SendCommand implements Callable<Integer> {
    private static final String QUEUED_AS = "queued as ";

    @Mixin private Console console = new Console();

    @Parameters(paramLabel = "FILE.eml", description = "The message; - reads standard input.")
    private String file = "";

    @Option(
            names = "--from",
            paramLabel = "ADDRESS",
            description = "Reverse-path, <> for none; default: the address in From.")
    private Optional<String> from = Optional.empty();

    @Option(
            names = "--to",
            paramLabel = "ADDRESS",
            required = true,
            description = "Recipient; give it again for more.")
    private List<String> recipients = new ArrayList<>();

    @Option(
            names = "--via",
            paramLabel = "HOST:PORT",
            required = true,
            description = "The server that takes it; default port 25.")
    private String via = "";

    @Option(
            names = {"-v", "--verbose"},
            description = "Show the dialogue on standard error.")
    private boolean isVerbose;

    @Override
    public Integer call() {
        InetSocketAddress server = server();
        List<String> to = recipients.stream().map(this::requireAddress).toList();
        return console.run(() -> {
            var message = MessageFile.read(file, System.in);
            var submission = new Submission(message, reversePath(message), to);
            Consumer<String> transcript = isVerbose ? this::show : _ -> {};
            try (var dialogue = SmtpDialogue.connect(server, transcript)) {
                return print(submission.send(dialogue));
            }
        });
    }

    private void show(String line) {
        console.err().println(Words.printable(line));
        console.err().flush();
    }

    private String reversePath(MessageFile message) throws IOException {
        if (from.isPresent()) {
            return from.get().isEmpty() ? "" : requireAddress(from.get());
        }
        return message.fromAddress()
                .orElseThrow(() -> new IOException(file + " has no address in From: give --from"));
    }

    private int print(Submission.Result result) {
        boolean isTaken = !result.accepted().isEmpty();
        if (console.isJson()) {
            console.printJson(json(result));
        } else if (isTaken) {
            String reply = result.reply().toString();
            console.out().println(idOf(result.reply()).orElse(Words.printable(reply)));
        }
        for (Submission.Refusal refusal : result.refused()) {
            console.fail("<" + refusal.recipient() + "> was refused: " + refusal.reply());
        }
        if (!isTaken && result.refused().size() < recipients.size()) {
            console.fail("the message was refused: " + result.reply());
        }
        return isTaken && result.refused().isEmpty() ? Console.OK : Console.FAILED;
    }

    private static ObjectNode json(Submission.Result result) {
        ObjectNode line = Json.object();
        if (!result.accepted().isEmpty()) {
            idOf(result.reply()).ifPresent(id -> line.put("id", id));
        }
        line.put("reply", result.reply().toString());
        result.accepted().forEach(line.putArray("accepted")::add);
        ArrayNode refused = line.putArray("refused");
        for (Submission.Refusal refusal : result.refused()) {
            refused.addObject()
                    .put("recipient", refusal.recipient())
                    .put("reply", refusal.reply().toString());
        }
        return line;
    }

    /// The word behind `queued as`, as Whimbrel and Postfix answer. Empty where there is none.
    private static Optional<String> idOf(SmtpReply reply) {
        String text = reply.text();
        int at = text.indexOf(QUEUED_AS);
        if (at < 0) {
            return Optional.empty();
        }
        String rest = text.substring(at + QUEUED_AS.length());
        int space = rest.indexOf(' ');
        return Optional.of(Words.printable(space < 0 ? rest : rest.substring(0, space)));
    }

    private InetSocketAddress server() {
        int colon = via.lastIndexOf(':');
        boolean hasPort = colon > via.lastIndexOf(']') && via.indexOf(':') == colon;
        hasPort |= via.startsWith("[") && colon > via.indexOf(']');
        String host = hasPort ? via.substring(0, colon) : via;
        if (host.startsWith("[") && host.endsWith("]")) {
            host = host.substring(1, host.length() - 1);
        }
        try {
            int port = hasPort ? Integer.parseInt(via.substring(colon + 1)) : 25;
            if (host.isEmpty() || port < 1) {
                throw console.usage("--via is HOST:PORT, such as 127.0.0.1:2525: " + via);
            }
            return new InetSocketAddress(host, port);
        } catch (IllegalArgumentException _) {
            throw console.usage("--via is HOST:PORT, such as 127.0.0.1:2525: " + via);
        }
    }

    /// An address without angle brackets that cannot end its command early.
    private String requireAddress(String text) {
        boolean isBracketed = text.startsWith("<") && text.endsWith(">");
        String address = isBracketed ? text.substring(1, text.length() - 1) : text;
        boolean isSafe =
                address.chars().noneMatch(c -> Character.isISOControl(c) || c == '<' || c == '>');
        if (!isSafe || (address.isEmpty() && !isBracketed)) {
            throw console.usage("Not an address: " + text);
        }
        return address;
    }
}
