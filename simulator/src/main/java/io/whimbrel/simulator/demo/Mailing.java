package io.whimbrel.simulator.demo;

import io.whimbrel.simulator.Fate;

import java.nio.charset.StandardCharsets;
import java.time.Instant;
import java.time.ZoneOffset;
import java.time.format.DateTimeFormatter;
import java.util.Locale;

/// One message to one recipient, planned. Immutable.
///
/// @param number from 0, unlike that of any other in the run
/// @param campaign `""` for mail of none
/// @param recipientName for the To field
/// @param size bytes of the message, give or take a line; at least those of its header
/// @param fate what the recipient's provider will do with it
record Mailing(
        int number,
        Tenant tenant,
        String campaign,
        String recipientName,
        String recipient,
        String subject,
        int size,
        Fate fate) {

    private static final DateTimeFormatter DATE =
            DateTimeFormatter.ofPattern("EEE, d MMM uuuu HH:mm:ss Z", Locale.ENGLISH)
                    .withZone(ZoneOffset.UTC);

    private static final String[] LINES = {
        "The whimbrel breeds in the far north and winters on warm coasts,",
        "and nothing much stops it in between. Birds with transmitters have",
        "flown through hurricanes on their way, come out on the other side,",
        "and gone on as if nothing had been.",
        "",
        "Your order, your seat or your password may be less exciting, but it",
        "is just as much on its way. Write to us if it does not arrive.",
        ""
    };

    /// The reverse-path.
    String sender() {
        return switch (tenant) {
            case SHOP -> "orders@" + tenant.domain();
            case NEWS -> "bounces@" + tenant.domain();
        };
    }

    /// The message as octets, lines ended with CRLF, written at `date`.
    byte[] render(Instant date) {
        var text = new StringBuilder(size + 128);
        header(text, date);
        line(text, "");
        line(text, "Hello " + recipientName + ",");
        line(text, "");
        for (int i = number; text.length() < size; i++) {
            line(text, LINES[i % LINES.length]);
        }
        return text.toString().getBytes(StandardCharsets.US_ASCII);
    }

    private void header(StringBuilder text, Instant date) {
        String from =
                switch (tenant) {
                    case SHOP -> "The Shop <orders@";
                    case NEWS -> "The News <editors@";
                };
        line(text, "From: " + from + tenant.domain() + ">");
        line(text, "To: " + recipientName + " <" + recipient + ">");
        line(text, "Subject: " + subject);
        line(text, "Date: " + DATE.format(date));
        line(
                text,
                "Message-ID: <" + number + "." + date.toEpochMilli() + "@" + tenant.domain() + ">");
        if (!campaign.isEmpty()) {
            line(text, NodeConfig.CAMPAIGN_HEADER + ": " + campaign);
            line(text, "List-Unsubscribe: <https://" + tenant.domain() + "/leave/" + number + ">");
            line(text, "List-Unsubscribe-Post: List-Unsubscribe=One-Click");
        }
        line(text, "MIME-Version: 1.0");
        line(text, "Content-Type: text/plain; charset=us-ascii");
    }

    private static void line(StringBuilder text, String line) {
        text.append(line).append("\r\n");
    }
}
