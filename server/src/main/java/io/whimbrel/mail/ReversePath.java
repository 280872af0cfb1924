package io.whimbrel.mail;

/// Where reports about a message go: the address of MAIL FROM (RFC 5321 §4.1.1.2). Immutable.
///
/// @param address without angle brackets; `""` is the null reverse-path of bounces and reports
public record ReversePath(String address) {

    public static final ReversePath NULL = new ReversePath("");

    public boolean isNull() {
        return address.isEmpty();
    }

    @Override
    public String toString() {
        return "<" + address + ">";
    }
}
