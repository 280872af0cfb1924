package io.whimbrel.submission;

import io.whimbrel.smtp.SmtpReply;

import java.io.IOException;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;

/// Sends one message through an [SmtpDialogue] (RFC 5321 §3.3). Confined to one thread.
///
/// @param from reverse-path without brackets; `""` for the null reverse-path
record Submission(MessageFile message, String from, List<String> recipients) {

    /// What came of it.
    ///
    /// @param reply the last one: to end-of-data, or the refusal that ended the attempt
    /// @param accepted recipients that the server took
    record Result(SmtpReply reply, List<String> accepted, List<Refusal> refused) {}

    /// A recipient that the server did not take.
    record Refusal(String recipient, SmtpReply reply) {}

    /// @throws IOException where the connection breaks, or the server lacks what the message needs
    Result send(SmtpDialogue dialogue) throws IOException {
        SmtpReply greeting = dialogue.reply();
        if (!greeting.isPositive()) {
            return failed(greeting);
        }
        List<String> extensions = List.of();
        SmtpReply hello = dialogue.command("EHLO " + dialogue.addressLiteral());
        if (hello.isPositive()) {
            extensions = SmtpDialogue.extensions(hello);
        } else {
            hello = dialogue.command("HELO " + dialogue.addressLiteral());
        }
        if (!hello.isPositive()) {
            return failed(hello);
        }
        SmtpReply mail = dialogue.command("MAIL FROM:<" + from + ">" + parameters(extensions));
        return mail.isPositive() ? sendTo(dialogue) : quit(dialogue, failed(mail));
    }

    private Result sendTo(SmtpDialogue dialogue) throws IOException {
        var accepted = new ArrayList<String>();
        var refused = new ArrayList<Refusal>();
        SmtpReply last = SmtpReply.OK;
        for (String recipient : recipients) {
            last = dialogue.command("RCPT TO:<" + recipient + ">");
            if (last.isPositive()) {
                accepted.add(recipient);
            } else {
                refused.add(new Refusal(recipient, last));
            }
        }
        if (!accepted.isEmpty()) {
            last = dialogue.command("DATA");
            if (last.code() == 354) {
                last = dialogue.data(message);
            }
        }
        boolean isTaken = last.code() / 100 == 2 && !accepted.isEmpty();
        return quit(dialogue, new Result(last, isTaken ? accepted : List.of(), refused));
    }

    private static Result quit(SmtpDialogue dialogue, Result result) {
        try {
            dialogue.command("QUIT");
        } catch (IOException _) {
            // The message's fate is known; how the connection ends is not our concern.
        }
        return result;
    }

    private String parameters(List<String> extensions) throws IOException {
        var parameters = new StringBuilder();
        if (offers(extensions, "SIZE")) {
            parameters.append(" SIZE=").append(message.wireSize());
        }
        boolean isUtf8 = !isAscii(from) || !recipients.stream().allMatch(Submission::isAscii);
        if (message.isEightBit() || isUtf8) {
            require(extensions, "8BITMIME", "the message has 8-bit characters");
            parameters.append(" BODY=8BITMIME");
        }
        if (isUtf8) {
            require(extensions, "SMTPUTF8", "an address has characters beyond ASCII");
            parameters.append(" SMTPUTF8");
        }
        return parameters.toString();
    }

    private static void require(List<String> extensions, String keyword, String why)
            throws IOException {
        if (!offers(extensions, keyword)) {
            throw new IOException("the server does not offer " + keyword + ", but " + why);
        }
    }

    private static boolean offers(List<String> extensions, String keyword) {
        for (String line : extensions) {
            String upper = line.toUpperCase(Locale.ROOT);
            if (upper.equals(keyword) || upper.startsWith(keyword + " ")) {
                return true;
            }
        }
        return false;
    }

    private static boolean isAscii(String text) {
        return text.chars().allMatch(c -> c < 128);
    }

    private static Result failed(SmtpReply reply) {
        return new Result(reply, List.of(), List.of());
    }
}
