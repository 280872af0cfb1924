package io.whimbrel.salvage;

import io.whimbrel.mail.DomainName;
import io.whimbrel.mail.Notify;
import io.whimbrel.smtp.CommandParser;
import io.whimbrel.smtp.SmtpCommand;
import io.whimbrel.smtp.SmtpPath;

import java.nio.charset.StandardCharsets;
import java.util.List;
import java.util.Optional;

/// Addresses and parameters in files, judged as if a client had sent them. Stateless.
final class Addresses {
    private static final int CHARACTERS_MAX = 1_000;

    private Addresses() {}

    /// Also the empty one.
    static boolean isReversePath(String address) {
        SmtpCommand command = parse("MAIL FROM:<", address);
        return command instanceof SmtpCommand.Mail(SmtpPath path, List<?> parameters)
                && parameters.isEmpty()
                && path.address().equals(address);
    }

    static boolean isForwardPath(String address) {
        SmtpCommand command = parse("RCPT TO:<", address);
        return command instanceof SmtpCommand.Rcpt(SmtpPath path, List<?> parameters)
                && parameters.isEmpty()
                && path.address().equals(address);
    }

    /// Where mail for it goes; empty where the address has no good domain.
    static Optional<DomainName> domainOf(String address) {
        int at = address.lastIndexOf('@');
        return at < 0 ? Optional.empty() : DomainName.parse(address.substring(at + 1));
    }

    /// What [Notify#parameter] wrote.
    static Optional<Notify> notice(String parameter) {
        if (parameter.isEmpty()) {
            return Optional.of(Notify.DEFAULT);
        }
        if (parameter.equals("NEVER")) {
            return Optional.of(Notify.NEVER);
        }
        List<String> words = List.of(parameter.split(",", 4));
        boolean isGood = List.of("SUCCESS", "FAILURE", "DELAY").containsAll(words);
        return isGood
                ? Optional.of(
                        new Notify(
                                true,
                                words.contains("SUCCESS"),
                                words.contains("FAILURE"),
                                words.contains("DELAY")))
                : Optional.empty();
    }

    private static SmtpCommand parse(String verb, String address) {
        boolean isShort = address.length() <= CHARACTERS_MAX;
        // A line break would be another command.
        boolean isOneLine = address.chars().noneMatch(c -> c == '\r' || c == '\n' || c == 0);
        String line = isShort && isOneLine ? verb + address + ">" : "";
        byte[] bytes = line.getBytes(StandardCharsets.UTF_8);
        return CommandParser.parse(bytes, 0, bytes.length);
    }
}
