package io.whimbrel.pickup;

import io.whimbrel.mail.DomainName;
import io.whimbrel.mail.ForwardPath;
import io.whimbrel.smtp.CommandParser;
import io.whimbrel.smtp.SmtpCommand;
import io.whimbrel.smtp.SmtpPath;

import java.nio.charset.StandardCharsets;
import java.util.Optional;

/// Addresses as SMTP has them: what is accepted here, a client could have sent. Stateless.
final class AddressText {
    private AddressText() {}

    /// An address with or without a domain. Empty where `text` is none, or the null path.
    static Optional<SmtpPath> path(String text) {
        for (int i = 0; i < text.length(); i++) {
            // What could end the command's line, or stands for bytes that were no UTF-8.
            if (text.charAt(i) < ' ' || text.charAt(i) == '\ufffd') {
                return Optional.empty();
            }
        }
        byte[] line = ("RCPT TO:<" + text + ">").getBytes(StandardCharsets.UTF_8);
        return CommandParser.parse(line, 0, line.length)
                                instanceof SmtpCommand.Rcpt(var path, var more)
                        && more.isEmpty()
                        && path.address().equals(text)
                ? Optional.of(path)
                : Optional.empty();
    }

    /// Where mail for an address with a domain goes. Empty where the domain is none.
    static Optional<ForwardPath> forwardPath(SmtpPath path) {
        return DomainName.parse(path.domain())
                .map(domain -> new ForwardPath(path.address(), domain));
    }
}
