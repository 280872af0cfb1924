package io.whimbrel.simulator;

import java.util.Set;

/// SMTP service extensions that a provider may announce. STARTTLS is announced by [TlsKind].
public enum Extension {
    PIPELINING("PIPELINING"),
    SIZE("SIZE " + SmtpSession.MESSAGE_BYTES_MAX),
    EIGHT_BIT_MIME("8BITMIME"),
    SMTPUTF8("SMTPUTF8"),
    ENHANCED_STATUS_CODES("ENHANCEDSTATUSCODES"),
    CHUNKING("CHUNKING"),
    DSN("DSN");

    /// What most providers announce today.
    public static final Set<Extension> USUAL =
            Set.of(PIPELINING, SIZE, EIGHT_BIT_MIME, SMTPUTF8, ENHANCED_STATUS_CODES, CHUNKING);

    private final String keyword;

    Extension(String keyword) {
        this.keyword = keyword;
    }

    /// The line of the answer to EHLO.
    String keyword() {
        return keyword;
    }
}
