package io.whimbrel.tlsrpt;

import io.whimbrel.mail.DomainName;
import io.whimbrel.mail.ForwardPath;
import io.whimbrel.smtp.CommandParser;
import io.whimbrel.smtp.SmtpCommand;

import java.io.ByteArrayOutputStream;
import java.net.URI;
import java.net.URISyntaxException;
import java.nio.charset.StandardCharsets;
import java.util.HexFormat;
import java.util.Locale;
import java.util.Optional;

/// Where a domain wants its reports: one URI of `rua` (RFC 8460 §3). Immutable.
sealed interface ReportTarget {
    /// A longer URI is none of ours.
    int URI_MAX = 1_000;

    /// As [#of] reads it.
    String text();

    /// In metrics and for operators.
    String kind();

    /// By mail.
    record Mail(ForwardPath path, String text) implements ReportTarget {
        @Override
        public String kind() {
            return "mailto";
        }
    }

    /// By a POST.
    ///
    /// @param host a name or an address, IPv6 without brackets
    /// @param path with the query, as it stands in the request
    record Web(String host, int port, String path, String text) implements ReportTarget {
        static final int PORT_DEFAULT = 443;

        /// As a request has it (RFC 9110 §7.2).
        String authority() {
            String name = host.indexOf(':') < 0 ? host : "[" + host + "]";
            return port == PORT_DEFAULT ? name : name + ":" + port;
        }

        @Override
        public String kind() {
            return "https";
        }
    }

    /// What `uri` means. Empty where it is of another scheme, or nothing that we can send to: an
    /// address beyond US-ASCII, a web server with a login.
    static Optional<ReportTarget> of(URI uri) {
        String text = uri.toString();
        if (text.length() > URI_MAX) {
            return Optional.empty();
        }
        return switch (String.valueOf(uri.getScheme()).toLowerCase(Locale.ROOT)) {
            case "mailto" -> mail(uri.getRawSchemeSpecificPart(), text);
            case "https" -> web(uri, text);
            default -> Optional.empty();
        };
    }

    /// As [#of(URI)], of what [#text] gave.
    static Optional<ReportTarget> of(String text) {
        try {
            return of(new URI(text));
        } catch (URISyntaxException _) {
            return Optional.empty();
        }
    }

    /// An address of mail in US-ASCII, with its domain. Empty where `text` is none.
    static Optional<ForwardPath> mailbox(String text) {
        for (int i = 0; i < text.length(); i++) {
            if (text.charAt(i) <= ' ' || text.charAt(i) > '~') {
                return Optional.empty();
            }
        }
        byte[] line = ("RCPT TO:<" + text + ">").getBytes(StandardCharsets.US_ASCII);
        // What is accepted here, a client could have sent.
        return CommandParser.parse(line, 0, line.length)
                                instanceof SmtpCommand.Rcpt(var path, var more)
                        && more.isEmpty()
                        && path.address().equals(text)
                ? DomainName.parse(path.domain()).map(domain -> new ForwardPath(text, domain))
                : Optional.empty();
    }

    /// Fields for the message, behind a `?` (RFC 6068 §2), are not for us.
    private static Optional<ReportTarget> mail(String specific, String text) {
        int query = specific.indexOf('?');
        return decoded(query < 0 ? specific : specific.substring(0, query))
                .flatMap(ReportTarget::mailbox)
                .map(path -> new Mail(path, text));
    }

    private static Optional<ReportTarget> web(URI uri, String text) {
        String host = Optional.ofNullable(uri.getHost()).orElse("");
        boolean isPlain = uri.getRawUserInfo() == null && uri.getPort() <= 0xffff;
        if (host.isEmpty() || !isPlain || uri.getPort() == 0) {
            return Optional.empty();
        }
        String bare = host.startsWith("[") ? host.substring(1, host.length() - 1) : host;
        String path = Optional.ofNullable(uri.getRawPath()).orElse("");
        String query = Optional.ofNullable(uri.getRawQuery()).map(it -> "?" + it).orElse("");
        return Optional.of(
                new Web(
                        bare.toLowerCase(Locale.ROOT),
                        uri.getPort() < 0 ? Web.PORT_DEFAULT : uri.getPort(),
                        (path.isEmpty() ? "/" : path) + query,
                        text));
    }

    private static Optional<String> decoded(String text) {
        var bytes = new ByteArrayOutputStream(text.length());
        for (int i = 0; i < text.length(); i++) {
            char c = text.charAt(i);
            if (c != '%') {
                bytes.write(c);
            } else if (i + 2 < text.length()
                    && HexFormat.isHexDigit(text.charAt(i + 1))
                    && HexFormat.isHexDigit(text.charAt(i + 2))) {
                bytes.write(HexFormat.fromHexDigits(text, i + 1, i + 3));
                i += 2;
            } else {
                return Optional.empty();
            }
        }
        return Optional.of(bytes.toString(StandardCharsets.ISO_8859_1));
    }
}
