package io.whimbrel.simulator;

import java.nio.charset.StandardCharsets;
import java.util.List;

/// An accepted message that was kept for a test to look at. Immutable.
public final class KeptMessage {
    private final String provider;
    private final String host;
    private final String client;
    private final String reversePath;
    private final List<String> recipients;
    private final List<String> parameters;
    private final boolean tls;
    private final byte[] bytes;

    KeptMessage(String provider, SmtpSession.Transaction transaction, byte[] bytes) {
        this.provider = provider;
        this.host = transaction.host();
        this.client = transaction.client();
        this.reversePath = transaction.reversePath();
        this.recipients = List.copyOf(transaction.recipients());
        this.parameters = List.copyOf(transaction.parameters());
        this.tls = transaction.tls();
        this.bytes = bytes;
    }

    public String provider() {
        return provider;
    }

    /// The MX host that took it.
    public String host() {
        return host;
    }

    /// Address and EHLO name of the client, as `127.0.0.1 mx1.example.com`.
    public String client() {
        return client;
    }

    /// Empty for the null reverse-path.
    public String reversePath() {
        return reversePath;
    }

    public List<String> recipients() {
        return recipients;
    }

    /// Parameters of MAIL as they came, followed by those of each RCPT.
    public List<String> parameters() {
        return parameters;
    }

    public boolean tls() {
        return tls;
    }

    /// The message as sent, dot-stuffing undone, with the CRLF before the final dot.
    public byte[] bytes() {
        return bytes.clone();
    }

    /// The message as text, one character to an octet.
    public String text() {
        return new String(bytes, StandardCharsets.ISO_8859_1);
    }
}
