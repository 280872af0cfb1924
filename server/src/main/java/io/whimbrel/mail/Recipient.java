package io.whimbrel.mail;

/// One recipient of an envelope with its RFC 3461 parameters. Immutable.
///
/// @param path whom
/// @param notice which notices the sender wants
/// @param originalRecipient parameter ORCPT as given, still xtext-encoded; `""` where absent
public record Recipient(ForwardPath path, Notify notice, String originalRecipient) {

    public static Recipient of(ForwardPath path) {
        return new Recipient(path, Notify.DEFAULT, "");
    }
}
