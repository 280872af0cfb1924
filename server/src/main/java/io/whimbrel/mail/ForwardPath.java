package io.whimbrel.mail;

/// Whom a message is for: the address of RCPT TO (RFC 5321 §4.1.1.3). Immutable.
///
/// @param address as the client wrote it, without angle brackets or source route
/// @param domain what is routed: the part behind the last `@`
public record ForwardPath(String address, DomainName domain) {

    @Override
    public String toString() {
        return "<" + address + ">";
    }
}
