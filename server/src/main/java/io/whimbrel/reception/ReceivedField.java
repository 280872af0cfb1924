package io.whimbrel.reception;

import io.whimbrel.mail.QueueId;
import io.whimbrel.mail.Recipient;
import io.whimbrel.reception.SessionState.InTransaction;

import java.nio.charset.StandardCharsets;
import java.time.Instant;
import java.time.ZoneOffset;
import java.time.format.DateTimeFormatter;
import java.util.Locale;

/// Writes the Received field that goes in front of each message (RFC 5321 §4.4). Thread-safe.
final class ReceivedField {
    private static final DateTimeFormatter DATE =
            DateTimeFormatter.ofPattern("EEE, d MMM uuuu HH:mm:ss '+0000'", Locale.US)
                    .withZone(ZoneOffset.UTC);

    /// A date and time of RFC 5322 §3.3 is written once in each second, not once for each message.
    private record Written(long second, String text) {}

    private volatile Written written = new Written(0, DATE.format(Instant.EPOCH));

    /// The field with its final CRLF. A recipient is named where it is the only one, so that no
    /// recipient learns of another.
    byte[] encode(Client client, InTransaction transaction, QueueId id, Instant now) {
        SessionState.Hello hello = transaction.hello();
        var field = new StringBuilder(256).append("Received: from ");
        appendName(field, hello.name());
        field.append(" (").append(client.literal()).append(")\r\n\tby ");
        field.append(client.terms().settings().hostName()).append(" with ");
        field.append(protocol(client, transaction));
        field.append(" id ").append(id);
        if (transaction.recipients() instanceof Recipients.Some(_, Recipient only, int size)
                && size == 1) {
            field.append("\r\n\tfor ").append(only.path());
        }
        field.append(";\r\n\t").append(date(now)).append("\r\n");
        return field.toString().getBytes(StandardCharsets.UTF_8);
    }

    /// RFC 3848, RFC 6531 §4.3: with S for TLS, with A for who has authenticated.
    private static String protocol(Client client, InTransaction transaction) {
        boolean isLmtp = client.terms().settings().isLmtp();
        boolean isUtf8 = transaction.parameters().smtpUtf8();
        if (!isLmtp && !isUtf8 && !transaction.hello().isExtended()) {
            return "SMTP";
        }
        String base = isUtf8 ? (isLmtp ? "UTF8LMTP" : "UTF8SMTP") : (isLmtp ? "LMTP" : "ESMTP");
        return base
                + (client.tls().isPresent() ? "S" : "")
                + (client.login().isPresent() ? "A" : "");
    }

    String date(Instant now) {
        long second = now.getEpochSecond();
        Written last = written;
        if (last.second != second) {
            last = new Written(second, DATE.format(now));
            written = last;
        }
        return last.text;
    }

    /// Clients call themselves anything; only what a domain or literal may hold gets into a header.
    private static void appendName(StringBuilder field, String name) {
        for (int i = 0; i < name.length(); i++) {
            char c = name.charAt(i);
            boolean isPlain =
                    (c >= 'a' && c <= 'z')
                            || (c >= 'A' && c <= 'Z')
                            || (c >= '0' && c <= '9')
                            || "-._:[]".indexOf(c) >= 0;
            field.append(isPlain ? c : '?');
        }
    }
}
